"""The one error of this package, and the exit codes."""

FAILED, PREFLIGHT, INTERRUPTED = 1, 4, 130


class PreparationFailed(Exception):
    """The environment could not be made. The message says what happened and what to do next."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
