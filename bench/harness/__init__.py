"""What the benchmarks share: an instance to measure, a view into /proc, a load, a report."""
