"""Subjects: the names of what the bus carries, and who may publish and hear which of them.

A tenant has `org.TENANT.>` for itself, with its own `org.TENANT.internal.>`; the host's own news
are below `platform`, and answers come back on `_INBOX.TENANT.>`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from fleettui.core.topics import fits, flaw

TROUBLE: Final = "platform.trouble"
EVERY_EVENT: Final = "org.*.events.*"

# Between dots a NATS server takes anything that is no dot, no blank and no wildcard.
_UNFIT: Final = re.compile(r"[^\x21-\x7e]|[.*>%]")


class Permissions(NamedTuple):
    """Patterns of what may be published and heard; a denied one beats every allowed one."""

    allow_publish: tuple[str, ...] = ()
    allow_subscribe: tuple[str, ...] = ()
    deny_publish: tuple[str, ...] = ()
    deny_subscribe: tuple[str, ...] = ()

    def may_publish(self, subject: str) -> bool:
        """Say whether something may be published on a subject; on a pattern it never may."""
        if flaw(subject, pattern=False):
            return False
        parts = subject.split(".")
        return _one_fits(self.allow_publish, parts) and not _one_fits(self.deny_publish, parts)

    def may_subscribe(self, pattern: str) -> bool:
        """Say whether all that fits a pattern may be heard: one that reaches beyond is refused."""
        if flaw(pattern, pattern=True):
            return False
        parts = pattern.split(".")
        allowed = any(covers(one.split("."), parts) for one in self.allow_subscribe)
        return allowed and not any(overlap(one.split("."), parts) for one in self.deny_subscribe)


# The host itself.
SYSTEM_PERMISSIONS: Final = Permissions((">",), (">",))


def permissions_of(tenant: str) -> Permissions:
    """Give what a tenant may publish and hear."""
    own, inbox = f"org.{tenant}.>", f"_INBOX.{tenant}.>"
    return Permissions(
        (own, inbox, "platform.agents.status"), (own, inbox, "platform.broadcast.>", TROUBLE)
    )


def events_subject(tenant: str, stream: str) -> str:
    """Name where the events of a stream are published."""
    return f"org.{tenant}.events.{part_of(stream)}"


def stream_subject(tenant: str, fleet: str) -> str:
    """Name where the text that models of a fleet are producing right now is published."""
    return f"org.{tenant}.stream.{part_of(fleet)}"


def part_of(text: str) -> str:
    """Write a text as one part of a subject; two different texts never read alike."""
    return _UNFIT.sub(lambda found: "".join(f"%{byte:02x}" for byte in _bytes(found[0])), text)


def covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Say whether every subject that fits `narrow` fits `wide`."""
    for place, part in enumerate(wide):
        if part == ">":
            return len(narrow) > place
        if place >= len(narrow) or narrow[place] == ">" or part not in {"*", narrow[place]}:
            return False
    return len(wide) == len(narrow)


def overlap(one: Sequence[str], other: Sequence[str]) -> bool:
    """Say whether a subject fits both patterns."""
    for mine, theirs in zip(one, other, strict=False):
        if ">" in {mine, theirs}:
            return True
        if "*" not in {mine, theirs} and mine != theirs:
            return False
    return len(one) == len(other)


def _one_fits(patterns: Sequence[str], parts: Sequence[str]) -> bool:
    return any(fits(pattern.split("."), parts) for pattern in patterns)


def _bytes(char: str) -> bytes:
    return char.encode("utf-8", "surrogatepass")
