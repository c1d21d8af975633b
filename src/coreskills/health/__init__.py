"""What is well and what is not: one probe, one question, one measured answer."""
