"""Which engine serves, and why."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coreskills import config
from coreskills.engine.base import Engine
from coreskills.engine.native import NativeEngine
from coreskills.engine.pwsh import PwshEngine
from coreskills.errors import EngineFailed, Fault, Invalid

NAMES = ("auto", "native", "pwsh")
FIX = "coreskills tools install pwsh, or CORESKILLS_PWSH=/path/of/pwsh"
_PACKAGE = Path(__file__).resolve().parents[1]
_PLACES = (_PACKAGE / "powershell", _PACKAGE.parents[1] / "powershell" / "KISDIdentity")


@dataclass(frozen=True)
class Choice:
    """`path` is that of the PowerShell to use; `why` says how it came to this."""

    name: Literal["native", "pwsh"]
    why: str
    path: str = ""


def chosen(name: str, pwsh: str = "") -> Choice:
    """Looks for a PowerShell, starts none. Raises Invalid for a name that is none, and for a path
    that was given and leads nowhere."""
    if name not in NAMES:
        fault = Fault("CORESKILLS_ENGINE", "bad_setting", f"must be {', '.join(NAMES)}")
        raise Invalid(f"There is no engine {name!r}", [fault])
    if pwsh and not shutil.which(pwsh):
        fault = Fault("CORESKILLS_PWSH", "bad_setting", f"{pwsh} cannot be executed")
        raise Invalid(f"There is no PowerShell at {pwsh}", [fault])
    if name == "native":
        return Choice("native", "asked for")
    found = shutil.which(pwsh or "pwsh", path=config.inherited().get("PATH"))
    if found:
        return Choice("pwsh", f"found at {found}", found)
    return Choice("native", f"no PowerShell was found; {FIX}")


def engine_named(name: str, pwsh: str = "") -> Engine:
    """The engine to use. A PowerShell that says no hello is not used by `auto`."""
    choice = chosen(name, pwsh)
    if choice.name == "pwsh" and name == "auto":
        choice = proven(choice)
    if choice.name == "native":
        return NativeEngine(choice.why)
    return PwshEngine(host_command(choice.path))


def proven(choice: Choice) -> Choice:
    """The same if its PowerShell says hello; the native engine, with the reason, if it does not."""
    if choice.name == "native":
        return choice
    engine = PwshEngine(host_command(choice.path))
    try:
        version = engine.probe()
    except EngineFailed as exc:
        return Choice("native", f"{choice.path} does not work: {exc.message}")
    finally:
        engine.close()
    return Choice("pwsh", f"{version}, {choice.why}", choice.path)


def host_command(pwsh: str) -> list[str]:
    """Raises Invalid when the module is not installed with us."""
    for place in _PLACES:
        if (place / "host.ps1").exists():
            script = str(place / "host.ps1")
            return [pwsh, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", script]
    raise Invalid("The PowerShell module KISDIdentity is not installed with this program")
