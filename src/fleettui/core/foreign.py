"""Foreign actions: what a program that is an agent itself does, once it was allowed to.

fleettui judges and records such an action, but can't do it, change it or do it again.
"""

from __future__ import annotations

from typing import Final

PREFIX: Final = "acp:"


def is_foreign(tool: str) -> bool:
    """Say whether an action of this tool is done by its agent and not by fleettui."""
    return tool.startswith(PREFIX)
