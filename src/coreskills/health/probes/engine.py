from coreskills.engine.choice import Choice, host_command
from coreskills.engine.pwsh import PwshEngine
from coreskills.health.probe import Finding, Probe

FIX = "coreskills tools install pwsh, then coreskills stop and coreskills start"


def probes(choice: Choice) -> list[Probe]:
    return [Probe("engine.serves", "An engine serves", lambda: serves(choice), FIX)]


def serves(choice: Choice) -> Finding:
    """The native engine is well, too; a PowerShell that was chosen must still say hello."""
    if choice.name == "native":
        return Finding(f"native: {choice.why}")
    engine = PwshEngine(host_command(choice.path))
    try:
        return Finding(f"pwsh {engine.probe()} at {choice.path}")
    finally:
        engine.close()
