#!/usr/bin/env python3
"""The name that users of the first version know: runs `coreskills smoke`."""

import sys

from start import bootstrap

if __name__ == "__main__":
    bootstrap().run("smoke", sys.argv[1:])
