"""A program of the instance as its supervisor knows it."""

import subprocess
from dataclasses import dataclass

from coreskills.stack.programs import Program
from coreskills.stack.state import ServiceState


@dataclass
class Child:
    program: Program
    state: ServiceState
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    began: float = 0.0
    renewing: bool = False  # its next end is wanted: no failure, and no pause after it
