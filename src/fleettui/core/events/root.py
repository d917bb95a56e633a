"""The root of every event."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The root of every event."""
