"""What agents can do: one file per group of tools."""
