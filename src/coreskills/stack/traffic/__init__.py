"""Requests such as a class makes, for demonstrations, dashboards and lessons."""
