"""Pure rules. Nothing here opens a file, a socket or a connection, or reads a clock."""
