"""Rows about messages."""

from __future__ import annotations

from fleettui.core.model import MessageKind, MessageStatus, Priority
from fleettui.core.views.rows.root import Row


class MessageRow(Row, frozen=True):
    """A message in a queue; who keeps it from being delivered is in `held_by`."""

    id: str
    fleet: str
    priority: Priority
    sender: str
    to: str
    status: MessageStatus
    at: float
    tries: int
    text: str
    why: str
    kind: MessageKind = "direct"
    topic: str = ""
    held_by: str = ""
