"""Speaks the frames of host.ps1 and, when asked, speaks them wrongly. No PowerShell in it.

    python scripted_peer.py [--start KIND] [--log FILE]

`Fault` among the parameters of a request names the misbehaviour. The command Echo answers with its
parameters; every other one is answered by the native engine, so that vectors can travel.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # nothing of our environment gets here
OUT = sys.stdout.buffer
MEGABYTE = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--start", default="")
    parser.add_argument("--log", default="")
    options = parser.parse_args()
    if options.log:
        with open(options.log, "a") as file:
            file.write(f"{os.getpid()}\n")
    START.get(options.start, hello)()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if request["type"] == "shutdown":
            return
        if request["type"] == "invoke":
            fault = request["params"].pop("Fault", "")
            MISBEHAVIOURS.get(fault, answer)(request)


def say(**frame) -> None:
    raw(json.dumps(frame).encode() + b"\n")


def raw(data: bytes) -> None:
    OUT.write(data)
    OUT.flush()


def hello(**changed) -> None:
    said = {"protocol": 1, "pwsh": "7.4.99", "module_version": "2.0.0", "commands": ["Echo"]}
    say(**({"type": "hello", "pid": os.getpid()} | said | changed))


def answer(request, **more) -> None:
    say(type="accepted", id=request["id"])
    say(type="result", id=request["id"], **_outcome(request), **more)


def _outcome(request):
    if request["command"] == "Echo":
        return {"ok": True, "output": request["params"]}
    from coreskills.engine.native import NativeEngine
    from coreskills.errors import EngineFailed

    try:
        output = NativeEngine().invoke(
            request["command"], request["params"], request["context"], 60
        )
    except EngineFailed as exc:
        return {"ok": False, "error": {"code": exc.code, "message": exc.message}}
    return {"ok": True, "output": output}


def crash_before(request) -> None:
    os._exit(3)


def crash_during(request) -> None:
    say(type="accepted", id=request["id"])
    os._exit(3)


def crash_mid_frame(request) -> None:
    raw(b'{"type":"result","id":"' + request["id"].encode())
    os._exit(3)


def hang(request) -> None:
    say(type="accepted", id=request["id"])
    time.sleep(3600)


def hang_mid_frame(request) -> None:
    raw(b'{"type":"result"')
    time.sleep(3600)


def close_output(request) -> None:
    OUT.close()
    os.close(1)
    time.sleep(3600)


def noise(request) -> None:
    raw(b"WARNING: a module says hello\n\xef\xbb\xbf\n\xff\xfe broken \x00 text\n42\n[]\n{}\n")
    answer(request)


def babble(request) -> None:
    for _ in range(2000):
        raw(b"line after line\n")
    answer(request)


def wrong_id(request) -> None:
    answer(request | {"id": "somebody else's"})


def no_id(request) -> None:
    say(type="result", ok=True, output={})


def unknown_type(request) -> None:
    say(type="surprise", id=request["id"])


def twice(request) -> None:
    answer(request)
    answer(request)


def empty_result(request) -> None:
    say(type="result", id=request["id"])


def odd_result(request) -> None:
    say(type="result", id=request["id"], ok=False, error="it went wrong")


def list_as_output(request) -> None:
    say(type="result", id=request["id"], ok=True, output=[1])


def huge_frame(request) -> None:
    say(type="result", id=request["id"], ok=True, output={"x": "x" * (2 * MEGABYTE)})


def deep_frame(request) -> None:
    raw(b"[" * 200_000 + b"\n")
    answer(request)


def stderr_flood(request) -> None:
    sys.stderr.buffer.write(b"x" * 79 + b"\n" * (4 * MEGABYTE // 80))
    sys.stderr.buffer.write(b"y" * (4 * MEGABYTE))
    sys.stderr.buffer.flush()
    answer(request)


def fat(request) -> None:
    answer(request, rss=500 << 20)


def bug(request) -> None:
    say(type="result", id=request["id"], ok=False, error={"code": "internal_error"})


def logs(request) -> None:
    say(type="log", id=request["id"], stream="verbose", text="by the way")
    answer(request)


def child(request) -> None:
    """Leaves a program behind that keeps our pipes open."""
    if os.fork() == 0:
        time.sleep(3600)
    os._exit(3)


MISBEHAVIOURS = {
    function.__name__: function
    for function in (
        *(crash_before, crash_during, crash_mid_frame, hang, hang_mid_frame, close_output, noise),
        *(babble, wrong_id, no_id, unknown_type, twice, empty_result, odd_result, list_as_output),
        *(huge_frame, deep_frame, stderr_flood, fat, bug, logs, child),
    )
}
START = {
    "silent": lambda: time.sleep(3600),
    "ends": lambda: sys.exit(3),
    "noisy": lambda: (raw(b"Welcome to this shell!\n"), hello()),
    "old": lambda: hello(protocol=0),
    "wrong": lambda: say(type="pong"),
    "deaf": lambda: (hello(), time.sleep(3600)),
}

if __name__ == "__main__":
    main()
