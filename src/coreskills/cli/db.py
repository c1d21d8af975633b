from pathlib import Path
from typing import Annotated, Literal

import typer

from coreskills.cli.terminal import (
    HomeOption,
    JsonOption,
    YesOption,
    client,
    confirm,
    instance,
    put,
    put_json,
    say,
)
from coreskills.errors import StackFailed
from coreskills.stack import psql
from coreskills.stack.home import Home
from coreskills.stack.migrate import migrate, recreate
from coreskills.store import roles

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Migrate, query or recreate the database.",
    no_args_is_help=True,
)
Role = Literal["api", "worker", "owner"]
NAMES: dict[str, str] = {"api": roles.API, "worker": roles.WORKER, "owner": roles.OWNER}


@app.command("migrate")
def migrate_database(home: HomeOption = None, json: JsonOption = False) -> None:
    """Bring the schema to the newest version."""
    applied = migrate(_native(home, "coreskills start does it in containers"))
    if json:
        put_json({"applied": applied})
    else:
        say(f"applied: {', '.join(applied)}" if applied else "the schema is the newest already")


@app.command("url")
def url(role: Role = "api", home: HomeOption = None, json: JsonOption = False) -> None:
    """Print the address of the database, password included, for a role."""
    found = psql.address(_native(home, "coreskills db query"), NAMES[role])
    if json:
        put_json({"url": found, "role": NAMES[role]})
    else:
        put(found)


@app.command("query")
def query(
    sql: Annotated[str | None, typer.Argument(help="A statement; without one, a prompt")] = None,
    role: Role = "api",
    home: HomeOption = None,
) -> None:
    """Run SQL with psql, confined to what the role may do."""
    raise typer.Exit(psql.run(instance(home), NAMES[role], sql))


@app.command("recreate")
def recreate_database(home: HomeOption = None, yes: YesOption = False) -> None:
    """Erase all data and build the schema anew."""
    found = _native(home, "coreskills reset, then python3 start.py")
    confirm("This erases every person, device, policy, job and audit row. Go on?", yes=yes)
    recreate(found)
    client(home).wait_until_well()
    say("the database is new and empty; coreskills seed fills it")


def _native(home: Path | None, instead: str) -> Home:
    """Containers do not publish their database, so that these verbs cannot reach it."""
    found = instance(home)
    if found.instance()["mode"] == "compose":
        raise StackFailed(
            "The database is in a container and not published",
            check="db.published",
            fix=instead,
            exit_code=2,
        )
    return found
