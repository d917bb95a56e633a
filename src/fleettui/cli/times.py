"""seconds_of: a moment that a person wrote, as seconds since the epoch."""

from __future__ import annotations

import re
import time
from datetime import datetime

import click

_AGO = re.compile(r"(\d{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(text: str) -> float:
    """Read `36h` (so long ago) or an ISO 8601 date or time (local where it names no zone)."""
    if ago := _AGO.fullmatch(text):
        return time.time() - int(ago[1]) * _SECONDS[ago[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"'{text}' is no time; write 2026-11-25T08:00 or 36h") from error
