"""The door, one line at a time: text and JSON, one file per group of commands."""
