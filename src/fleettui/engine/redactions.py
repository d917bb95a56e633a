"""Redactions: the one redaction of each tenant, of what it keeps and what openers brought."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from fleettui.core.redaction import SAFE, SHORTEST
from fleettui.core.secrets import MASTER_KEY
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.spec.variables import looks_secret, named
from fleettui.core.state.fleet import FleetState
from fleettui.core.tenancy import tenant_of
from fleettui.engine.redaction import Redaction
from fleettui.ports import Vault

# Variables whose values are places, and how long a plain word must be to be no word any more.
_PLACE: Final = re.compile(r"(?:PATH|FILE|DIR|SOCK|HOME)$", re.IGNORECASE)
_WORD: Final = 20


class _Opened(NamedTuple):
    """What a fleet adds to its tenant's secrets: those of whoever opened it."""

    environment: Mapping[str, str]
    spec: FleetFile | None
    values: tuple[tuple[str, str], ...]


class Redactions:
    """The redaction of each tenant, made again when a secret or an opener's settings change."""

    def __init__(self, vault: Vault | None = None) -> None:
        self._vault = vault
        self._opened: dict[str, dict[str, _Opened]] = {}
        self._made: dict[str, tuple[Sequence[tuple[str, str]], Redaction | None]] = {}

    def of_fleet(self, fleet: str, spec: FleetFile | None) -> Redaction | None:
        """Give the redaction of a fleet's tenant, with what its opener brought."""
        if self._vault is None:
            return None
        environment, tenant = self._vault.environment(fleet), tenant_of(fleet)
        opened = self._opened.setdefault(tenant, {})
        seen = opened.get(fleet)
        if environment and (
            seen is None or seen.environment is not environment or seen.spec is not spec
        ):
            opened[fleet] = _Opened(environment, spec, tuple(_opener(environment, spec)))
            if seen is None or seen.values != opened[fleet].values:
                self._made.pop(tenant, None)
        return self.of_tenant(tenant)

    def of(self, state: FleetState) -> Redaction | None:
        """Give the redaction of a fleet that is there."""
        return self.of_fleet(state.id, state.spec)

    def of_tenant(self, tenant: str) -> Redaction | None:
        """Give a tenant's redaction, None where there is nothing to look for."""
        if self._vault is None:
            return None
        known = self._vault.known(tenant)
        made = self._made.get(tenant)
        if made is None or made[0] is not known:
            brought = [pair for one in self._opened.get(tenant, {}).values() for pair in one.values]
            made = self._made[tenant] = (known, _made([*known, *brought]))
        return made[1]

    def everywhere(self, text: str) -> str:
        """Give a text of the host's own (its log) without any value of any tenant or opener."""
        stored = () if self._vault is None else self._vault.tenants()
        for tenant in dict.fromkeys((*stored, *self._opened)):
            redaction = self.of_tenant(tenant)
            text = text if redaction is None else redaction.text(text)
        return text


def _opener(environment: Mapping[str, str], spec: FleetFile | None) -> list[tuple[str, str]]:
    """Give the variables of whoever opened a fleet that are secrets: by their names, or by use.

    What still stands as `${NAME}` in a loaded file was not to be stored, so it is one.
    """
    used = frozenset(named(spec.model_dump_json())) if spec is not None else frozenset()
    return [
        (name, value)
        for name, value in environment.items()
        if name != MASTER_KEY and (name in used or looks_secret(name)) and _may_be(name, value)
    ]


def _may_be(name: str, value: str) -> bool:
    """Say whether a value is more than a word or a place, which stand in many texts."""
    if len(value) < SAFE or (value[0] in "/~" and _PLACE.search(name)):
        return False
    return len(value) >= _WORD or not (value.isalpha() and value.islower())


def _made(values: Sequence[tuple[str, str]]) -> Redaction | None:
    seen = [pair for pair in values if len(pair[1]) >= SHORTEST]
    return Redaction(seen) if seen else None
