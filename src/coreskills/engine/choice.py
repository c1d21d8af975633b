from coreskills.engine.base import Engine
from coreskills.engine.native import NativeEngine
from coreskills.errors import Fault, Invalid


def engine_named(name: str) -> Engine:
    if name != "native":
        fault = Fault("CORESKILLS_ENGINE", "bad_setting", f"must be native, is {name!r}")
        raise Invalid(f"There is no engine {name!r}", [fault])
    return NativeEngine()
