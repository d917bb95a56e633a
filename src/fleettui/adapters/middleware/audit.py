"""audit: writes the envelope of every message to the host's log, without its text."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, TypeVar

_log = logging.getLogger("fleettui.audit")
_Envelope = TypeVar("_Envelope", bound=Any)


def make(settings: Mapping[str, Any]) -> Any:
    """Make it; it has no settings."""
    if settings:
        raise ValueError(f"it takes none, found {', '.join(settings)}")

    async def audit(envelope: _Envelope) -> _Envelope:
        _log.info(
            "message %s %s from %s to %s (%s, %d characters)",
            envelope.fleet, envelope.kind, envelope.sender, envelope.to or "all",
            envelope.priority, len(envelope.text),
        )  # fmt: skip
        return envelope

    return audit
