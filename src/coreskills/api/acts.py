"""Acts on one account: each is POST /api/v1/jobs with less to type, described for itself."""

from collections.abc import Callable
from typing import Any

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, create_model

from coreskills.actions.account_passwords import show_password
from coreskills.api import schemas, schemas_people
from coreskills.api.accounts import handed_in
from coreskills.api.answers import answer
from coreskills.api.bodies import parsed
from coreskills.api.context import asked, db
from coreskills.api.headers import IDEMPOTENCY_KEY, takes
from coreskills.api.permissions import requires
from coreskills.domain.kinds import KINDS
from coreskills.domain.people import Strict
from coreskills.store import users

blueprint = APIBlueprint("acts", __name__, url_prefix="/api/v1/users", tag="People")
# Path -> kind of job, permission, title.
ACTS = {
    "activate": (
        "activate_account",
        "people.write",
        "Open an account that waits for its first day",
    ),
    "update": ("update_person", "people.write", "Change a person's data; unit and groups follow"),
    "rename": ("rename_account", "people.write", "Give a new name, username and address"),
    "move": ("move_account", "people.write", "Move to another unit or school; groups follow"),
    "suspend": ("suspend_account", "people.write", "Bar the login for a while"),
    "resume": ("resume_account", "people.write", "Open what was suspended"),
    "disable": ("disable_account", "people.write", "End the login, and say why"),
    "restore": ("restore_account", "people.write", "Bring back who was disabled or archived"),
    "archive": ("archive_account", "people.write", "Put away who was disabled"),
    "purge": ("delete_account", "people.purge", "Forget who was archived, for good"),
    "test": ("test_account", "people.write", "Look for what does not fit together in an account"),
    "reset-password": (
        "reset_password",
        "people.passwords",
        "End the password; the new one is shown by POST .../password",
    ),
}


def _body(path: str, kind: str) -> type[BaseModel]:
    """The parameters of the kind without those that the path or the clockwork says."""
    model = KINDS[kind].takes
    fields: Any = {
        name: (field.rebuild_annotation(), field)
        for name, field in model.model_fields.items()
        if name not in ("user_id", "by_timer")
    }
    return create_model(f"{path.title().replace('-', '')}Act", __base__=Strict, **fields)


def _view(path: str, kind: str, title: str) -> Callable[..., Response]:
    def view(id: int, body: BaseModel) -> Response:
        with db().reading() as conn:
            users.select_user(conn, id)  # or it is unknown
        given = body.model_dump(exclude_unset=True) | {"user_id": id}
        return handed_in(kind, parsed(KINDS[kind].takes, given, at="/"))

    view.__name__ = f"post_{path.replace('-', '_')}"
    view.__doc__ = title
    return view


def _register() -> None:
    for path, (kind, permission, title) in ACTS.items():
        view = _view(path, kind, title)
        for mark in (
            blueprint.output(schemas.Accepted, status_code=202),
            blueprint.input(_body(path, kind), arg_name="body"),
            takes(IDEMPOTENCY_KEY),
            requires(permission),
            blueprint.post(f"/<int:id>/{path}"),
        ):
            view = mark(view)


_register()


@blueprint.post("/<int:id>/password")
@requires("people.passwords")
@blueprint.output(schemas_people.ShownPassword)
def post_password(id: int) -> Response:
    """Make the password that follows a reset, and show it: once, to who reset it, within an hour"""
    return answer(show_password(db(), asked(), id), Cache_Control="no-store")
