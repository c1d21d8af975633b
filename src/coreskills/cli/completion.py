from typing import Annotated, Literal

import typer

from coreskills.cli.terminal import put

app = typer.Typer(add_completion=False, rich_markup_mode=None)
Shell = Literal["bash", "zsh", "fish", "powershell"]


@app.command()
def completion(shell: Annotated[Shell, typer.Argument(help="Which shell")]) -> None:
    """Print the completion script of a shell, for example: eval "$(coreskills completion bash)"."""
    from typer._completion_shared import get_completion_script

    put(
        get_completion_script(
            prog_name="coreskills", complete_var="_CORESKILLS_COMPLETE", shell=shell
        )
    )
