"""Agents for tests: a scripted one of our own, and real ones against scripted providers."""
