from dataclasses import asdict
from typing import Annotated, Literal

import typer

from coreskills import config
from coreskills.cli.terminal import JsonOption, put, put_json
from coreskills.health.probes import program
from coreskills.stack.client import Client, Refused

app = typer.Typer(add_completion=False, rich_markup_mode=None)
WITHIN = 4.0  # seconds, less than a container's health check may take


@app.command()
def probe(
    name: Annotated[Literal["api", "worker"], typer.Argument(metavar="api|worker")],
    json: JsonOption = False,
) -> None:
    """Ask the program of this container whether it works. Exit 1: it does not; 7: cannot tell."""
    settings = config.load()
    asked = (
        program.worker(settings.pulse_file)
        if name == "worker"
        else program.api(lambda path, _: _fetch(settings.api_port, path))
    )
    result = asked.run()
    if json:
        put_json(asdict(result))
    else:
        put(f"{result.verdict}: {result.measured} {result.why}".rstrip())
    if result.verdict != "ok":
        raise typer.Exit(7 if result.verdict == "not_run" else 1)


def _fetch(port: int, path: str) -> tuple[int, bytes]:
    try:
        answer = Client(f"http://127.0.0.1:{port}", timeout=WITHIN).send("GET", path)
    except Refused as exc:
        return exc.status, b""
    return answer.status, answer.body
