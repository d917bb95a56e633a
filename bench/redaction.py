"""Redaction: what the look for secrets costs a command, with none and with twenty.

The peer is the encoding of the same event, which every command pays for anyway.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable

import msgspec

from fleettui.adapters.memory.vault import MemoryVault
from fleettui.core.commands import NoteProgress
from fleettui.engine.redaction import Redaction
from fleettui.engine.redactions import Redactions

COUNT = 100_000
LINE = NoteProgress("f", "f/1", "note", "an ordinary line of what a program wrote " * 5)
OUTPUT = "an ordinary line of what a program wrote\n" * 25_000  # 1 MB


def rate(work: Callable[[], object], count: int) -> float:
    """Give how often a second something is done; the best of three."""
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(count):
            work()
        best = max(best, count / (time.perf_counter() - began))
    return best


def main() -> None:
    none = MemoryVault()
    none.keep("f", {"HOME": "/home/ann", "PATH": "/usr/bin"})
    redactions = Redactions(none)
    values = [(f"s{n}", base64.b64encode(bytes([n]) * 24).decode()) for n in range(20)]
    twenty = Redaction(values)
    encoding = rate(lambda: msgspec.json.encode(LINE), COUNT)
    looks = {
        "no secret": rate(lambda: redactions.of_fleet("f", None), COUNT),
        "twenty secrets": rate(lambda: twenty.command(LINE), COUNT),
    }
    results: dict[str, dict[str, object]] = {
        name: {
            "per_second": round(found),
            "peer": "encoding",
            "peer_per_second": round(encoding),
            "ratio": round(found / encoding, 2),
        }
        for name, found in looks.items()
    }
    results["1 MB of output"] = {"ms": 1000 / rate(lambda: twenty.text(OUTPUT), 20)}
    print(json.dumps({"bench": "redaction", "results": results}))


if __name__ == "__main__":
    main()
