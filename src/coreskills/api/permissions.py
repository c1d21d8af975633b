"""Deny by default: a route says which permission it needs, or that it is public.

A route that says neither stops the app from starting.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask

from coreskills.domain.access import PERMISSIONS

PUBLIC = "public"
_F = TypeVar("_F", bound=Callable[..., Any])


def requires(permission: str) -> Callable[[_F], _F]:
    if permission not in PERMISSIONS:
        raise KeyError(f"domain/access.py knows no permission {permission!r}")
    return _marked(permission)


def public(view: _F) -> _F:
    return _marked(PUBLIC)(view)


def permission_of(view: Callable[..., Any]) -> str | None:
    return getattr(view, "permission", None)


def refuse_undeclared(app: Flask) -> None:
    bare = [name for name, view in app.view_functions.items() if permission_of(view) is None]
    if bare:
        raise RuntimeError(f"Routes without a declared permission: {', '.join(sorted(bare))}")


def _marked(permission: str) -> Callable[[_F], _F]:
    def mark(view: _F) -> _F:
        # a function may carry anything
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark
