"""One function for each thing a person can do that changes state. One transaction, the audit row
inside it."""
