#!/usr/bin/env python3
"""Stops CoreSkills: runs `coreskills stop`. Never creates an environment."""

import sys

from start import bootstrap

if __name__ == "__main__":
    bootstrap().stop(sys.argv[1:])
