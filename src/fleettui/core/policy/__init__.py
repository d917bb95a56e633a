"""A command parsed, normalised and judged: allow, ask or deny."""
