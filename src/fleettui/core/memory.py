"""The shared memory of a fleet: what an entry is, where it is kept, and what may be kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote

from fleettui.core.errors import Refused
from fleettui.core.spec.shared import MemoryType, SharedMemory
from fleettui.core.spec.variables import reveal

MOST_BYTES: Final = 1024 * 1024
LONGEST_KEY: Final = 256
MEMORY_TOOLS: Final = ("remember", "recall", "forget")

_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PASSWORD: Final = re.compile(r"(//[^/?#\s]*?:)([^/?#\s]*)(?=@)")
_ASKED_FOR: Final = re.compile(r"([?&]\w*(?:pass|secret|token)\w*=)([^&\s]+)", re.IGNORECASE)

MemoryState = Literal["", "ready", "unreachable"]


class MemoryEntry(NamedTuple):
    """One thing that is remembered: `by` whom, `at` when, and until when (0: for good)."""

    key: str
    value: str
    by: str
    at: float
    expires_at: float = 0.0


class MemoryPlace(NamedTuple):
    """Where a memory is kept; `url` may hold a password and goes to the adapter only.

    `path` is as written, `folder` that of the fleet file. Entries belong to a tenant and a
    namespace, and are never seen from another.
    """

    kind: MemoryType
    tenant: str
    namespace: str
    url: str = ""
    path: str = ""
    folder: str = ""


def place_of(
    memory: SharedMemory, *, tenant: str, fleet: str, file: str, environment: Mapping[str, str]
) -> MemoryPlace:
    """Say where the memory of a fleet is, its secrets looked up; the fleet's id is a namespace."""
    return MemoryPlace(
        memory.type, tenant, memory.namespace or fleet, reveal(memory.url or "", environment),
        reveal(memory.path or "", environment), file.rpartition("/")[0],
    )  # fmt: skip


def needs_settings(memory: SharedMemory) -> bool:
    """Say whether the place has variables that only whoever opens the fleet can fill."""
    return "${" in f"{memory.url}{memory.path}"


def shown(url: str) -> str:
    """Give what of an address may be shown: host and what follows, no user, no parameters."""
    head, _, rest = url.partition("://")[2].partition("?")
    return "an address that can't be shown" if "@" in rest else head.rpartition("@")[2]


def redacted(text: str, url: str) -> str:
    """Take the password of `url` out of a text, and of every other address in it."""
    for secret in _secrets(url):
        text = text.replace(secret, "***")
    return _ASKED_FOR.sub(r"\1***", _PASSWORD.sub(r"\1***", text))


def _secrets(url: str) -> list[str]:
    written = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    found = [written, *(match[2] for match in _ASKED_FOR.finditer(url))]
    # Short ones would tear words apart; no library says a password outside its address.
    long = [secret for secret in found if len(secret) > 2]
    return sorted({*long, *map(unquote, long)}, key=len, reverse=True)


def check_key(key: str) -> None:
    """Refuse a key that could not be shown or kept everywhere."""
    if not key or len(key) > LONGEST_KEY:
        raise Refused(
            f"a key has 1 to {LONGEST_KEY} characters, this one has {len(key)}", "take a short one"
        )
    if _UNPRINTABLE.search(key):
        raise Refused("the key has characters that can't be shown", "use letters and digits")


def check_value(value: str) -> None:
    """Refuse what is too large to be remembered."""
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        raise Refused(
            f"the value has {size:,} bytes, an entry holds at most {MOST_BYTES:,}",
            "remember a summary, or write a file",
        )


def fits(entry: MemoryEntry, query: str) -> bool:
    """Say whether every word of a query is in the key or the value, in any case."""
    text = f"{entry.key}\n{entry.value}".casefold()
    return all(word in text for word in query.casefold().split())
