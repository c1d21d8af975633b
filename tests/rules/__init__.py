"""What the database refuses, a file for each migration since 0006.

Each file has THERE_ALREADY (statements), REFUSED (rule, statement) and GENERATED (names of rules
that only a chosen id could break).
"""

import pkgutil
from importlib import import_module


def insert(table: str, row: dict[str, str], **changes: str) -> str:
    """`changes` are SQL expressions."""
    values = row | changes
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def files():
    return [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
