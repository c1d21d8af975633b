from pathlib import Path
from typing import Annotated

import typer

from coreskills import config
from coreskills.cli.terminal import HomeOption, JsonOption, Progress, put, put_json
from coreskills.engine.choice import chosen
from coreskills.errors import StackFailed
from coreskills.stack import tools as stack_tools
from coreskills.stack.home import Home

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
FROM = Annotated[
    Path | None, typer.Option("--from", help="An archive of the vendor, fetched before")
]
SUM = Annotated[str | None, typer.Option("--sha256", help="Its checksum, as the vendor says it")]


@app.command()
def install(
    tool: Annotated[str, typer.Argument(help="pwsh")],
    from_: FROM = None,
    sha256: SUM = None,
    version: Annotated[str, typer.Option(help="Of PowerShell")] = stack_tools.PWSH_VERSION,
    releases: Annotated[
        str, typer.Option(help="Where the vendor's releases are, or a mirror of them")
    ] = stack_tools.PWSH_RELEASES,
    home: HomeOption = None,
) -> None:
    """Fetch PowerShell from its vendor, verify the published checksum, unpack it into the home."""
    if tool != "pwsh":
        raise StackFailed(f"There is no tool {tool}", check="tools.name", fix="pwsh", exit_code=2)
    if (from_ is None) != (sha256 is None):
        raise StackFailed(
            "--from and --sha256 belong together",
            check="tools.checksum",
            fix="take the sum from the vendor's page of the release",
            exit_code=2,
        )
    place, say = Home(config.home(given=home)), Progress()
    if from_ and sha256:
        program = stack_tools.install_pwsh(place, from_, sha256, version, say)
    else:
        archive = stack_tools.Archive(version)
        program = stack_tools.download_pwsh(place, releases, archive, say)
    put(str(program))
    say("used from the next start on: coreskills stop, then coreskills start")


@app.command("list")
def list_(home: HomeOption = None, json: JsonOption = False) -> None:
    """Which tools were found, and where."""
    settings = config.load()
    found = chosen("auto", settings.pwsh or stack_tools.pwsh_of(Home(config.home(given=home))))
    if json:
        put_json({"pwsh": found.path or None, "why": found.why})
    else:
        put(f"pwsh  {found.path or '-'}  {found.why}")
