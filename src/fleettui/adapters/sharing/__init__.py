"""Shared memories of fleets: one file a backend, and the table of them (places.py)."""
