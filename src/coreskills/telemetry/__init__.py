"""Metrics and logs: every name in one place."""
