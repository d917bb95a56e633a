"""What an operator types after `/`: terms that all must fit a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Term(NamedTuple):
    """One word of a filter: in a field or anywhere, wanted or not."""

    field: str
    text: str
    wanted: bool


def parse_filter(text: str) -> tuple[Term, ...]:
    """Read `st:need tenant:acme !lint`: words separated by spaces, `!` turns one round."""
    terms = []
    for word in text.lower().split():
        wanted = not word.startswith("!")
        field, mark, rest = word.removeprefix("!").partition(":")
        term = Term(field, rest, wanted) if mark else Term("", field, wanted)
        if term.text:
            terms.append(term)
    return tuple(terms)


def fits(terms: Sequence[Term], fields: Mapping[str, str]) -> bool:
    """Say whether a row with these fields fits every term; an unknown field fits nothing."""
    return all(_has(term, fields) is term.wanted for term in terms)


def _has(term: Term, fields: Mapping[str, str]) -> bool:
    if term.field:
        return term.text in fields.get(term.field, "").lower()
    return any(term.text in value.lower() for value in fields.values())
