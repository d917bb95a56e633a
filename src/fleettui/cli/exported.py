"""Exported: the events of a tenant as JSON lines, the last of which says where they end.

A line has the event's `place` in its tenant's chain, `previous` (the hash before it) and `hash`;
`body` is the stored JSON as text, since the hash is over its very bytes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from fleettui.cli.door import Audited
from fleettui.core.audit import End, Entry
from fleettui.core.chain import ORIGIN
from fleettui.core.errors import Refused


class Exported(NamedTuple):
    """An export read: whose, from where (place and hash before), its events, its end."""

    file: str
    tenant: str
    start: tuple[int, bytes]
    entries: list[Entry]
    end: End | None
    found: int

    @classmethod
    def read(cls, file: str, lines: Iterable[bytes]) -> Exported:
        """Read lines that export_lines made; raises Refused for what is none of them."""
        entries: list[Entry] = []
        start, end, tenant = (0, ORIGIN), None, ""
        for number, line in enumerate(lines, 1):
            try:
                one = json.loads(line)
                if "end" in one:
                    last = one["end"]
                    end, tenant = End(*_end_of(last)), tenant or str(last["tenant"])
                    start = int(last["after"]), bytes.fromhex(last["previous"])
                    continue
                entry = _entry_of(one)
                if not entries:
                    start, tenant = (entry.place - 1, bytes.fromhex(one["previous"])), entry.tenant
                entries.append(entry)
            except (ValueError, KeyError, TypeError) as error:
                raise Refused(
                    f"{file}:{number}: this is no line of an export", "write it again with export"
                ) from error
        return cls(file, tenant, start, entries, end, end.found if end else 0)


def export_lines(store: Audited, tenant: str, start: tuple[int, bytes] | None) -> Iterator[str]:
    """Write a tenant's events behind a place, and the end of its chain."""
    place, before = start or (0, ORIGIN)
    previous = before
    for entry in store.entries(tenant, place):
        yield _written(
            place=entry.place, tenant=tenant, stream=entry.stream, seq=entry.seq, at=entry.at,
            actor=entry.actor, body=entry.body.decode("utf-8", "surrogateescape"),
            previous=previous.hex(), hash=entry.hash.hex(),
        )  # fmt: skip
        previous = entry.hash
    end = store.end(tenant) or End(0, ORIGIN)
    yield _written(
        end={
            "tenant": tenant,
            "after": place,
            "previous": before.hex(),
            "length": end.length,
            "hash": end.hash.hex(),
            "found": end.found,
        }
    )


def written(path: str, lines: Iterable[str]) -> int:
    """Write lines to a new file that only its owner can read; gives the number of events."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(f"{path} can't be made: {error.strerror}", "name a new file") from error
    count = -1
    with open(made, "w", encoding="ascii") as file:
        for line in lines:
            file.write(f"{line}\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count


def _written(**line: Any) -> str:
    """Write a line in ASCII: a terminal that it is printed to has nothing to stumble over."""
    return json.dumps(line, ensure_ascii=True, separators=(",", ":"))


def _entry_of(line: dict[str, Any]) -> Entry:
    body = str(line["body"]).encode("utf-8", "surrogateescape")
    return Entry(
        str(line["tenant"]), int(line["place"]), str(line["stream"]), int(line["seq"]),
        float(line["at"]), str(line["actor"]), body, bytes.fromhex(line["hash"]),
    )  # fmt: skip


def _end_of(end: dict[str, Any]) -> tuple[int, bytes, int]:
    return int(end["length"]), bytes.fromhex(end["hash"]), int(end["found"])
