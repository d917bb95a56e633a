"""What must hold between the members of a tenant: one name and one identity is one person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fleettui.core.spec.fleet_rules import part
from fleettui.core.spec.problem import Fault, Loc

Data = dict[str, Any]


def tenant_faults(data: Data) -> Iterator[Fault]:
    """Check a tenant as written; shapes that are wrong are left to the model."""
    members = part(data, "spec").get("members")
    names: dict[str, Loc] = {}
    identities: dict[tuple[str, str], Loc] = {}
    for at, member in enumerate(members if isinstance(members, list) else ()):
        if not isinstance(member, dict):
            continue
        here: Loc = ("spec", "members", at)
        name = member.get("name")
        if isinstance(name, str):
            yield from _once(names, name, (*here, "name"), f"member '{name}'")
        own = member.get("identities")
        for platform, identity in own.items() if isinstance(own, dict) else ():
            key = (str(platform).lower(), str(identity))
            what = f"the {platform} identity '{identity}'"
            yield from _once(identities, key, (*here, "identities", platform), what)
    if isinstance(members, list) and members and not _has_admin(members):
        message = "no member is an admin, so nobody of this tenant can hold or change it"
        yield Fault(("spec", "members"), message, "warning")


def _once(seen: dict[Any, Loc], key: Any, loc: Loc, what: str) -> Iterator[Fault]:
    if key in seen:
        yield Fault(loc, f"{what} is given twice (first at line {{line}})", other=seen[key])
    seen.setdefault(key, loc)


def _has_admin(members: list[Any]) -> bool:
    return any(isinstance(one, dict) and one.get("role") == "admin" for one in members)
