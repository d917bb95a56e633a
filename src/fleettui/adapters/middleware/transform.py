"""transform: cuts long messages, and puts words before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace


def make(settings: Mapping[str, Any]) -> Any:
    """Make it with `most_characters` and `prefix`, each as it is given."""
    unknown = set(settings) - {"most_characters", "prefix"}
    most, prefix = settings.get("most_characters", 0), settings.get("prefix", "")
    if unknown or not isinstance(most, int) or most < 0 or not isinstance(prefix, str):
        raise ValueError("give most_characters, a whole number, or prefix, a text")

    async def transform(envelope: Any) -> Any:
        text = envelope.text
        if most and len(text) > most:
            text = f"{text[:most]}\n[cut: {len(text) - most:,} more characters]"
        return replace(envelope, text=f"{prefix}{text}")

    return transform
