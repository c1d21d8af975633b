"""Starts, watches and stops the servers and programs that one instance consists of."""
