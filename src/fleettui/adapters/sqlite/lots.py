"""in_lots: many rows by few statements; an insert of many rows costs less than many inserts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

# SQLite takes 32,766 values in a statement; more than this many rows brings nothing.
LOT: Final = 64


def in_lots(insert: str, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Give an insert that ends with its row, and the rows, as statements of LOT rows and of one."""
    whole = len(rows) // LOT * LOT
    if whole:
        lots = range(0, whole, LOT)
        yield _of_a_lot(insert), [tuple(chain.from_iterable(rows[at : at + LOT])) for at in lots]
    if rows[whole:]:
        yield insert, rows[whole:]


@cache
def _of_a_lot(insert: str) -> str:
    head, values, row = insert.partition("VALUES ")
    return head + values + ", ".join([row] * LOT)
