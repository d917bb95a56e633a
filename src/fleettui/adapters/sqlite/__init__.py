"""The event log in one SQLite file: the only folder that knows SQLite."""
