#!/usr/bin/env python3
"""The name that users of the first version know: runs `coreskills seed`."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from start import bootstrap

if __name__ == "__main__":
    bootstrap().run("seed", sys.argv[1:])
