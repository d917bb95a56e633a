"""Git by its argv: what tools and workspaces both build on, so that no repository runs a thing."""
