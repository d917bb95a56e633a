"""Ways to perform a turn: one file per agent type."""
