"""The process that owns an engine: its socket, and the terminals attached to it."""
