from pathlib import Path
from typing import Annotated

import typer

from coreskills.cli.terminal import HomeOption, JsonOption, client, put, put_json, say
from coreskills.cli.waiting import done
from coreskills.domain.oneroster.columns import ORDER
from coreskills.errors import StackFailed

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Write people and classes into a file that another system reads.",
)


@app.callback()
def main() -> None:
    pass


@app.command()
def oneroster(
    file: Annotated[Path, typer.Argument(help="Where the zip goes")],
    purpose: Annotated[str, typer.Option(help="To what end; it stays in the trail")],
    party: Annotated[str, typer.Option(help="Who gets it")] = "the district",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Everybody, with roles, classes and enrolments, as OneRoster 1.2 (bulk).

    It is personal data of everybody: only an admin may, and who, why and for whom is written down.
    """
    api = client(home)
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise StackFailed(
            f"{file} cannot be written", check="export.file", fix="name a file in a folder"
        )
    asked = {"purpose": purpose, "party": party}
    job = done(api, "exports/oneroster", asked, "oneroster_export")
    path = f"/api/v1/exports/{job['id']}/package.zip"
    file.write_bytes(api.send("GET", path).body)
    if json:
        put_json({"job_id": job["id"], "file": str(file), "rows": job["result"]["Rows"]})
        return
    rows = job["result"]["Rows"]
    for name in sorted(rows, key=ORDER.index):
        put(f"{name}: {rows[name]}")
    say(f"written: {file}; it is personal data, delete it when it has served")
