"""The fault laboratory: real processes, broken on purpose, and a ledger of what was promised."""
