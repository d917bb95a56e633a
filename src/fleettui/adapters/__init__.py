"""The world: each file satisfies one port, none imports another."""
