"""TenantState: a tenant, folded from its stream."""

from __future__ import annotations

from dataclasses import dataclass, field

from fleettui.core.model import Role
from fleettui.core.spec.tenant import Member, TenantSpec
from fleettui.core.state.requests import RequestsState


@dataclass(slots=True)
class TenantState:
    """An organisation: what its file says, and what was done to it; `seq` is its last event."""

    name: str = ""
    spec: TenantSpec = field(default_factory=TenantSpec)
    file: str = ""
    seq: int = 0
    at: float = 0.0
    # Whether its file is gone.
    retired: bool = False
    held_by: str = ""
    # Of tenant `default` only: who holds the whole host.
    all_held_by: str = ""
    requests: RequestsState = field(default_factory=RequestsState)

    @property
    def id(self) -> str:
        """Name it as streams do; empty before its first event."""
        return self.name

    def member(self, name: str) -> Member | None:
        """Give the member of that name."""
        return next((one for one in self.spec.members if one.name == name), None)

    def role_of(self, name: str) -> Role | None:
        """Give what a person may do here; None for one who is no member."""
        found = self.member(name)
        return found.role if found else None

    def person(self, platform: str, identity: str) -> str:
        """Name the person whom a platform knows by this id; empty for a stranger."""
        for member in self.spec.members:
            for known, own in member.identities.items():
                if known.lower() == platform.lower() and str(own) == identity:
                    return member.name
        return ""
