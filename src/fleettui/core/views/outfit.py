"""What this machine brings: the tools that exist, and the programs that are installed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, NamedTuple

SANDBOX: Final = "bwrap"


class Outfit(NamedTuple):
    """`tools` are those built in; `installed` says whether a program is there."""

    tools: Collection[str]
    installed: Callable[[str], bool]
