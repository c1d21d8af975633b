"""Executes identity commands. A command is a pure function: parameters and facts in, the desired
account out. It changes nothing by itself; the worker writes what it answers."""
