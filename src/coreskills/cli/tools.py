from pathlib import Path
from typing import Annotated

import typer

from coreskills import config
from coreskills.cli.terminal import HomeOption, JsonOption, Progress, put, put_json
from coreskills.engine.choice import chosen
from coreskills.errors import StackFailed
from coreskills.stack import tools as stack_tools
from coreskills.stack.home import Home
from coreskills.stack.tools import PWSH, TOOLS

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Programs that no package brings: PowerShell, Prometheus, Alertmanager.",
)
FROM = Annotated[
    Path | None, typer.Option("--from", help="An archive or package that was fetched before")
]
SUM = Annotated[str | None, typer.Option("--sha256", help="Its checksum, as its maker says it")]


@app.command()
def install(
    tool: Annotated[str, typer.Argument(help=", ".join(TOOLS))],
    from_: FROM = None,
    sha256: SUM = None,
    version: Annotated[str, typer.Option(help="A release of the vendor")] = "",
    releases: Annotated[
        str, typer.Option(help="Where the vendor's releases are, or a mirror of them")
    ] = "",
    home: HomeOption = None,
) -> None:
    """Fetch a program, verify its published checksum, unpack it into the home. Needs no root.

    Prometheus and Alertmanager come from the packages of Debian and its relatives where there are
    such, else from their vendor, as PowerShell does.
    """
    wanted = TOOLS.get(tool)
    if wanted is None:
        known = ", ".join(TOOLS)
        raise StackFailed(f"There is no tool {tool}", check="tools.name", fix=known, exit_code=2)
    if (from_ is None) != (sha256 is None):
        raise StackFailed(
            "--from and --sha256 belong together",
            check="tools.checksum",
            fix="take the sum from the vendor's page of the release",
            exit_code=2,
        )
    place, say = Home(config.home(given=home)), Progress()
    if from_ and sha256:
        named = version or wanted.version
        program = stack_tools.install_file(place, wanted, from_, sha256, named, say)
    else:
        program = stack_tools.install(place, wanted, say, version, releases)
    put(str(program))
    say("used from the next start on: coreskills stop, then coreskills start")


@app.command("list")
def list_(home: HomeOption = None, json: JsonOption = False) -> None:
    """Which tools were found, and where."""
    operation, place = config.load_operation(), Home(config.home(given=home))
    pwsh = chosen("auto", config.load().pwsh or stack_tools.installed(place, PWSH))
    found = {
        tool.name: stack_tools.find(place, tool, given)
        for tool, given in (
            (stack_tools.PROMETHEUS, operation.prometheus),
            (stack_tools.ALERTMANAGER, operation.alertmanager),
        )
    }
    if json:
        paths = {name: path or None for name, path in found.items()}
        put_json({"pwsh": pwsh.path or None, "why": pwsh.why} | paths)
        return
    put(f"pwsh  {pwsh.path or '-'}  {pwsh.why}")
    for name, path in found.items():
        put(
            f"{name}  {path or '-'}"
            + ("" if path else f"  {stack_tools.install_command(TOOLS[name])}")
        )
