#!/usr/bin/env python3
"""Adds to deploy/images.lock the digest that each tag has today. Needs docker with buildx, a
registry, and no engine. Everything is asked before anything is written."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "deploy" / "images.lock"
LINE = re.compile(r"(?P<variable>\w+)=(?P<tag>[^@\s]+)(?:@sha256:[0-9a-f]{64})?")
WITHIN = 60  # seconds for one answer of a registry


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=Path, default=LOCK)
    lock: Path = parser.parse_args().lock
    lines = lock.read_text(encoding="utf-8").splitlines()
    try:
        pinned = [_pinned(line) for line in lines]
    except LookupError as exc:
        sys.stderr.write(f"{exc}\nNothing was written: {lock} is as it was.\n")
        return 1
    lock.write_text("".join(f"{line}\n" for line in pinned), encoding="utf-8")
    print(f"written: {lock}")
    return 0


def _pinned(line: str) -> str:
    found = LINE.fullmatch(line)
    if not found:
        return line
    sys.stderr.write(f"{found['tag']}\n")
    return f"{found['variable']}={found['tag']}@{_digest(found['tag'])}"


def _digest(tag: str) -> str:
    """Of the list of all platforms, where there is one."""
    form = "{{json .Manifest.Digest}}"  # without json, buildx 0.13 prints another text
    words = ["docker", "buildx", "imagetools", "inspect", tag, "--format", form]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=WITHIN)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise LookupError(f"{tag}: {exc}") from exc
    digest = done.stdout.strip().strip('"')
    if done.returncode != 0 or not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise LookupError(f"{tag}: {done.stderr.strip() or 'the registry names no digest'}")
    return digest


if __name__ == "__main__":
    sys.exit(main())
