"""parse_vote_line: the vote in an answer of plain text, `VOTE: verdict (confidence) reason`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# Up to three spaces, then what Markdown puts before a line that is no quotation and no code.
_LINE: Final = re.compile(
    r"^ {0,3}(?:(?:[-*+]|#{1,6}|\d{1,3}[.)]) +)?"
    r"[*_`~]*vote[*_`~]*\s*[:\uff1a][*_`~]*\s*(?P<rest>\S.*)$",
    re.IGNORECASE,
)
_FENCE: Final = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)$")
_IN_BRACKETS: Final = re.compile(r"^(?P<verdict>[^()]*?)\s*\((?P<inside>[^()]*)\)(?P<reason>.*)$")
_ONE_WORD: Final = re.compile(r"^(?P<verdict>[^\s,;:.!()]+)[\s,;:.!]*(?P<reason>.*)$")
_NUMBER: Final = re.compile(
    r"^(?:confidence|conf\.?|sure)?\s*[:=~]?\s*(?P<number>\d{1,3}(?:[.,]\d+)?|[.,]\d+)\s*"
    r"(?P<scale>%|percent|/\s*10{1,2})?\s*(?:confidence|confident|sure)?$",
    re.IGNORECASE,
)
_MARKS: Final = "*_`~\"'“”‘’<>[] \t"  # noqa: RUF001


def parse_vote_line(text: str) -> tuple[str, float | None, str] | None:
    """Give (verdict, confidence, reason) of the last vote in a text, None if there is none.

    Letters of any case, Markdown emphasis, `80%`, `80` and `8/10` are understood; a confidence
    that makes no sense is None. Lines in code fences and quotations are somebody else's words.
    """
    found = None
    for line in _own_lines(text):
        match = _LINE.match(line)
        vote = match and _vote(match["rest"])
        found = vote or found
    return found


def _own_lines(text: str) -> Iterator[str]:
    fence = ""
    for line in text.splitlines():
        match = _FENCE.match(line)
        if not fence:
            if match and not ("`" in match["fence"] and "`" in match["info"]):
                fence = match["fence"]
            else:
                yield line
        elif match and match["fence"].startswith(fence) and not match["info"].strip():
            fence = ""


def _vote(rest: str) -> tuple[str, float | None, str] | None:
    match, confidence = _IN_BRACKETS.match(rest), None
    if match:
        known, confidence = _confidence(match["inside"].strip(_MARKS))
        match = match if known else None
    match = match or _ONE_WORD.match(rest.lstrip(_MARKS))
    verdict = match["verdict"].strip(_MARKS + ",;:-") if match else ""
    if not match or not verdict:
        return None
    return verdict, confidence, match["reason"].lstrip(_MARKS + ",;:.-–—").rstrip(_MARKS)  # noqa: RUF001


def _confidence(inside: str) -> tuple[bool, float | None]:
    """Say whether this is a confidence at all, and which; an impossible one is None."""
    match = _NUMBER.match(inside)
    if not match:
        return False, None
    number = float(match["number"].replace(",", "."))
    scale = (match["scale"] or "").replace(" ", "")
    if scale == "/10":
        number /= 10
    elif scale or (number > 1 and number == int(number)):
        number /= 100
    return True, number if 0 <= number <= 1 else None
