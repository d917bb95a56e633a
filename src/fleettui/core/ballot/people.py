"""approvals_needed: a ballot among people, where everybody counts once and a deny ends it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """What one person said about one exact action."""

    person: str
    approve: bool


def approvals_needed(required: int, answers: Iterable[Answer]) -> int | None:
    """Say how many more people must approve; None means that somebody denied.

    One person counts once, however often and on whatever channel; at least one is always needed.
    """
    people = set()
    for answer in answers:
        if not answer.approve:
            return None
        people.add(answer.person)
    return max(max(required, 1) - len(people), 0)
