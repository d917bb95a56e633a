"""Topics: dot-separated names, and the patterns that fit them, as in NATS."""

from __future__ import annotations

from collections.abc import Sequence


def fits(pattern: Sequence[str], topic: Sequence[str]) -> bool:
    """Match as NATS does: `*` is one part, a last `>` one part or more."""
    for place, part in enumerate(pattern):
        if part == ">":
            return len(topic) > place
        if place >= len(topic) or part not in {"*", topic[place]}:
            return False
    return len(pattern) == len(topic)


def topic_fits(pattern: str, topic: str) -> bool:
    """Say whether a topic fits a pattern, both as text."""
    return fits(pattern.split("."), topic.split("."))


def flaw(text: str, *, pattern: bool) -> str:
    """Say what is wrong with a topic, or with a pattern; empty for a good one."""
    parts = text.split(".")
    if not text or any(not part or part.split() != [part] for part in parts):
        return f"'{text}' is no topic: its parts, between dots, are words"
    wild = [part for part in parts if "*" in part or ">" in part]
    if wild and not pattern:
        return f"'{text}' has a wildcard: publish to one topic"
    if any(part not in {"*", ">"} for part in wild) or ">" in parts[:-1]:
        return f"'{text}': '*' stands for a whole part, '>' for the last ones"
    return ""
