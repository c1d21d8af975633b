"""Finds the verb, runs it, and turns what went wrong into words and an exit code.

A verb's module is imported only when that verb is called: `--help` must not wait for the rest.
"""

import importlib
import json
import sys
from typing import Any, NoReturn

import typer
from typer._completion_classes import completion_init
from typer.core import TyperCommand, TyperGroup

from coreskills import config
from coreskills.errors import AppError, StackFailed

VERBS = {
    "start": "Start the stack, prove it with a job, say how to go on",
    "stop": "Stop the stack; data stays",
    "restart": "Restart the API and the workers without an interruption",
    "status": "Which services run, where, with how much memory",
    "check": "Ask everything that can be unwell, with the fix for what is",
    "seed": "Load the sample data: 20 students, 12 devices, 7 policies",
    "import": "Import a roster: a CSV file, or a OneRoster package",
    "export": "Write everybody into a OneRoster package",
    "list": "List people, devices, policies, schools, groups, licences or the trail",
    "account": "Suspend, disable, restore, rename, move ... the account of a person",
    "cohort": "End a school year: promote the pupils of a school, let a class leave",
    "lifecycle": "What time does to accounts, and the clock that a lesson may turn",
    "devices": "Hand devices out, take them back, see who holds what",
    "policies": "What the policies say of the devices",
    "jobs": "List, show, trace, submit, approve, cancel and retry jobs",
    "limits": "How much may change at once, and when nothing may",
    "audit": "Prove the audit trail, or read it",
    "privacy": "Hand out, hold, and let go of personal data",
    "alerts": "What fires, and what has fired",
    "logs": "Show the logs of a service",
    "token": "Print the operator's API token, or make another one",
    "db": "Migrate, query or recreate the database",
    "smoke": "Test the running API from outside",
    "tools": "Install PowerShell, Prometheus or Alertmanager, or say which are used",
    "bundle": "Take it to machines without network",
    "traffic": "Requests such as a class makes, for dashboards and lessons",
    "demo": "A guided demonstration of five minutes",
    "reset": "Erase this instance, after asking",
    "completion": "Print the completion script of a shell",
    "version": "Print the version",
}
EXIT_CODES = """\b
Exit codes: 0 done  1 failed  2 usage  3 not running  4 preflight failed
5 conflict with another instance  6 too late  7 some checks could not run  130 interrupted"""


class Verbs(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            return None
        if not _is_called(cmd_name):
            return TyperCommand(cmd_name, short_help=VERBS[cmd_name], help=VERBS[cmd_name])
        name = {"import": "imports"}.get(cmd_name, cmd_name)
        module = importlib.import_module(f"coreskills.cli.{name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=Verbs,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="CoreSkills Command Center: the identity and device lifecycle of a school district.",
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def main() -> None:
    pass


def run() -> NoReturn:
    """Never shows a traceback for what is expected to go wrong now and then."""
    completion_init()
    try:
        typer.main.get_command(app).main(prog_name="coreskills", standalone_mode=True)
    except AppError as exc:
        _tell(exc)
        sys.exit(exc.exit_code if isinstance(exc, StackFailed) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def _is_called(name: str) -> bool:
    line = config.words_to_complete() or sys.argv
    words = [word for word in line[1:] if not word.startswith("-")]
    return bool(words) and words[0] == name


def _tell(exc: AppError) -> None:
    from coreskills.cli.terminal import say  # not for --help, which is to be quick

    body: dict[str, Any] = {"code": exc.code, "message": exc.message} | exc.details
    faults = [f"{f.at}: {f.message}" for f in getattr(exc, "faults", [])]
    if faults:
        body["faults"] = faults
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"error": body}, default=str) + "\n")
    say(f"coreskills: {exc.message}")
    for line in faults[:20]:
        say(f"  {line}")
    for name in ("check", "fix"):
        if name in exc.details:
            say(f"  {name}: {exc.details[name]}")
