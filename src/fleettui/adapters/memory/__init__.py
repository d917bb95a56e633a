"""Adapters that live in memory only: for tests, and for what must not be stored."""
