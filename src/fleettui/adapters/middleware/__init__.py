"""Middleware of messages that ships: one file each, found by entry point."""
