"""What the engine reads out of an answer's whole text: a plan, a list, a no."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from fleettui.core.model import Plan

# Words by which a validator sends work back.
SAYS_NO: Final = frozenset({"reject", "rejected", "fail", "failed", "send_back", "send back", "no"})
_BULLET: Final = re.compile(r"^ {0,6}(?:[-*+]|\(?\d{1,4}[.):])\s+(?P<text>\S.*)$")
_MET: Final = re.compile(r"^\W*(?:the\s+)?goal\s+(?:is\s+)?met\b", re.IGNORECASE | re.MULTILINE)
_BACK: Final = re.compile(
    r"^\W*(?:send(?:ing|s)?[ _]back|sent[ _]back|reject(?:ed)?|fail(?:ed)?)"
    r"\W*[:\u2014-]+\s*(?P<why>.*)$",
    re.IGNORECASE,
)
_FENCED: Final = re.compile(r"```(?:json|yaml)?\s*\n(?P<body>.*?)\n```", re.DOTALL | re.IGNORECASE)
# Names under which models put the text of a step.
_TEXTS: Final = ("description", "task", "text", "title", "name", "action", "step", "item")


def parse_plan(text: str) -> Plan:
    """Give the steps of a plan: a JSON list, JSON with `steps`, or a numbered or bulleted list.

    The goal is met where a line says `GOAL MET`, or JSON has `goal_met` or `done` true.
    """
    found = _json(text)
    if isinstance(found, dict):
        met = any(found.get(name) is True for name in ("goal_met", "done", "met", "complete"))
        return Plan(tuple(_texts(found.get("steps", found.get("items", ())))), met)
    if isinstance(found, list):
        return Plan(tuple(_texts(found)))
    return Plan(tuple(bullets(text)), bool(_MET.search(text)))


def bullets(text: str) -> list[str]:
    """Give the lines of a text that begin with a bullet or a number."""
    return [match["text"].strip() for line in text.splitlines() if (match := _BULLET.match(line))]


def parse_sent_back(text: str) -> str:
    """Give why a validator's answer sends the work back, empty where it does not.

    It says so in its first or its last line that is not empty.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    for line in (lines[-1], lines[0]) if lines else ():
        match = _BACK.match(line.strip())
        if match:
            rest = match["why"].strip() or " ".join(text.split())
            return rest.strip("*_` ")
    return ""


def _json(text: str) -> Any:
    """Give the JSON that a text is, or has in a fence, or between its outermost brackets."""
    fenced = _FENCED.search(text)
    for candidate in (text, fenced["body"] if fenced else "", *_bracketed(text)):
        if candidate.strip()[:1] in {"{", "["}:
            try:
                return json.loads(candidate)
            except ValueError:
                continue
    return None


def _bracketed(text: str) -> Iterator[str]:
    for first, last in (("{", "}"), ("[", "]")):
        begin, end = text.find(first), text.rfind(last)
        if 0 <= begin < end:
            yield text[begin : end + 1]


def _texts(steps: Any) -> Iterator[str]:
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, str) and step.strip():
            yield step.strip()
        elif isinstance(step, dict):
            text = next((step[name] for name in _TEXTS if isinstance(step.get(name), str)), "")
            yield text.strip() or json.dumps(step, ensure_ascii=False)
