#!/usr/bin/env python3
"""The name that users of the first version know: runs `coreskills demo`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from start import bootstrap

if __name__ == "__main__":
    bootstrap().run("demo", sys.argv[1:])
