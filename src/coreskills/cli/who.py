"""Whom, and which school, the words on a command line mean."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from coreskills.errors import StackFailed
from coreskills.stack.client import Client, Refused

Row = dict[str, Any]
FORMS = "S2028001, E1001, a user name, or user:12"
WhoArgument = Annotated[str, typer.Argument(help=FORMS, show_default=False)]


def person(api: Client, who: str) -> Row:
    """By the id of a student or of a member of staff, by a user name, or as user:NUMBER.

    Raises StackFailed for an id or a name that nobody has.
    """
    if who.startswith("user:") and who[5:].isdecimal():
        places = [f"users/{int(who[5:])}"]
    else:
        places = [f"{kind}/{quote(who, safe='')}" for kind in ("students", "staff")]
    for place in places:
        try:
            return api.get(f"/api/v1/{place}")
        except Refused as exc:
            if exc.code != "not_found":
                raise
    for found in api.get("/api/v1/users", username=who)["users"]:
        return api.get(f"/api/v1/users/{found['id']}")
    raise StackFailed(
        f"Nobody has the id or the user name {who}",
        check="account.who",
        fix="coreskills list users",
        exit_code=1,
    )


def number(api: Client, who: str) -> int:
    return int(person(api, who)["id"])


def school(api: Client, text: str) -> Row:
    """By its number, its id in the rosters, or its name.

    Raises StackFailed unless exactly one is meant.
    """
    fitting = [
        found
        for found in api.pages("/api/v1/schools", "schools")
        if text in (str(found["id"]), found["sourced_id"], found["name"])
    ]
    if len(fitting) != 1:
        raise StackFailed(
            f"{len(fitting) or 'no'} schools are called {text}",
            check="cohort.school",
            fix="coreskills list schools",
            exit_code=2,
        )
    return fitting[0]
