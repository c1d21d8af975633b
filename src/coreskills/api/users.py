from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import Field

from coreskills.actions.people import change_user
from coreskills.api import schemas
from coreskills.api.accounts import handed_in
from coreskills.api.answers import (
    PageQuery,
    Row,
    expected_version,
    one_filter,
    versioned,
)
from coreskills.api.context import asked, db
from coreskills.api.headers import IDEMPOTENCY_KEY, IF_MATCH, takes
from coreskills.api.listings import Listing
from coreskills.api.permissions import requires
from coreskills.domain.lifecycle import LEAVER, DisableAccount
from coreskills.domain.people import UserChange
from coreskills.store import users
from coreskills.store.db import Connection

blueprint = APIBlueprint("users", __name__, url_prefix="/api/v1/users", tag="People")


class UsersQuery(PageQuery):
    """`username`: also a former one."""

    is_active: bool | None = None
    last_name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    username: Annotated[str, Field(min_length=1, max_length=100)] | None = None


def _select(conn: Connection, query: UsersQuery, limit: int) -> list[Row]:
    one_filter(query, "last_name", "username", "is_active")
    after = query.after()
    if query.last_name:
        name = query.last_name
        return users.select_users_by_name(conn, last_name=name, after=after, limit=limit)
    if query.username:
        name = query.username
        return users.select_users_by_username(conn, username=name, after=after, limit=limit)
    if query.is_active is not None:
        active = query.is_active
        return users.select_active_users(conn, is_active=active, after=after, limit=limit)
    return users.select_users(conn, after=after, limit=limit)


LISTING = Listing("users", "/api/v1/users", "people.read", UsersQuery, _select)


@blueprint.get("")
@requires(LISTING.permission)
@blueprint.input(UsersQuery, location="query", arg_name="query")
@blueprint.output(schemas.UserList)
def list_users(query: UsersQuery) -> Response:
    """Students and staff, oldest first"""
    return LISTING.answer(query)


@blueprint.get("/<int:id>")
@requires("people.read")
@blueprint.output(schemas.User)
def get_user(id: int) -> Response:
    """One person"""
    return versioned(_user(id))


@blueprint.patch("/<int:id>")
@requires("people.write")
@takes(IF_MATCH)
@blueprint.input(UserChange, arg_name="change")
@blueprint.output(schemas.User)
def patch_user(id: int, change: UserChange) -> Response:
    """Change how a name is written; If-Match is required. For the rest: POST .../update"""
    version = expected_version(_user(id), f"user {id}")
    return versioned(change_user(db(), asked(), id, version, change))


@blueprint.delete("/<int:id>")
@requires("people.write")
@takes(IDEMPOTENCY_KEY)
@blueprint.output(schemas.Accepted, status_code=202)
def delete_user(id: int) -> Response:
    """Disable the account by a job; nothing is erased"""
    user = _user(id)
    return handed_in("disable_account", DisableAccount(user_id=user["id"], reason=LEAVER))


def _user(id: int) -> Row:
    with db().reading() as conn:
        return users.select_user(conn, id)
