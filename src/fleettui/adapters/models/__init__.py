"""Models: the worker process, its two adapters, and the ones that need no provider."""
