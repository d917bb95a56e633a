"""MemoryVault: the environments of whoever opened the fleets; gone with the process."""

from __future__ import annotations

from collections.abc import Mapping


class MemoryVault:
    """Environment variables by fleet; never stored, never shown."""

    def __init__(self) -> None:
        self._environments: dict[str, dict[str, str]] = {}

    def keep(self, fleet: str, environment: Mapping[str, str]) -> None:
        """Remember the environment of whoever opened the fleet."""
        self._environments[fleet] = dict(environment)

    def environment(self, fleet: str) -> Mapping[str, str]:
        """Give what was kept, or nothing."""
        return self._environments.get(fleet, {})

    def __repr__(self) -> str:
        return f"MemoryVault({len(self._environments)} fleets)"
