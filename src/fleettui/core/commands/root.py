"""The root of every command."""

from __future__ import annotations

import msgspec


class Command(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The root: every command names the fleet whose stream it changes."""

    fleet: str
