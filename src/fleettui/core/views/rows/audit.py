"""Rows about the record itself."""

from __future__ import annotations

from fleettui.core.audit import Wrong
from fleettui.core.views.rows.root import Row


class AuditRow(Row, frozen=True):
    """What an audit found of a tenant's events: how many are as they were stored, up to `head`.

    The first `found` were there before events were bound to each other: what was done to them
    until then can't be seen. `wrong` is the first thing that is not as it was, null for none: with
    the event's `place` in the chain, its `stream` and `seq` (where they are known) and `why`.
    """

    tenant: str
    ok: bool
    events: int
    found: int
    texts: int
    head: str
    wrong: Wrong | None
    place: int
    stream: str
    seq: int
    why: str
