"""The row that says why something waits."""

from __future__ import annotations

from typing import Literal

from fleettui.core.views.rows.root import Row


class WaitRow(Row, frozen=True):
    """Why a turn waits: `by` holds it, or `running` of at most `most` go on; `place` in its line.

    `kind`: held (this one), tenant_held, used_up (a quota or budget of its tenant; `by` says which
    and when it goes on), tenant_full, key_full (a user has what it may), host_full,
    or line (others of its tenant and priority came before).
    """

    kind: Literal["held", "tenant_held", "used_up", "tenant_full", "key_full", "host_full", "line"]
    by: str = ""
    running: int = 0
    most: int = 0
    place: int = 0
