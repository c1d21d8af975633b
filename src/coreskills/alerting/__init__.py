"""Keeps the alerts that Alertmanager sends, apart from everything they may be about."""
