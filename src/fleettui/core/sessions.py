"""Sessions of interactive agents: what they are called, and where their server listens."""

from __future__ import annotations

import hashlib
from typing import Final

# sockaddr_un.sun_path holds 108 bytes with its closing NUL.
_MOST_PATH: Final = 100


def session_name(fleet: str, agent: str) -> str:
    """Name the session of an agent; tmux takes no `.` and no `:` in a name."""
    return f"{fleet}/{agent}".replace(".", "_").replace(":", "_")


def session_socket(state: str, user: int) -> str:
    """Name the socket of the tmux server of a state folder, or a short one where that is long."""
    path = f"{state}/runtimes/tmux.sock"
    if len(path.encode("utf-8", "surrogateescape")) <= _MOST_PATH:
        return path
    name = hashlib.sha256(state.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"/tmp/fleettui-{user}/{name}.tmux"  # noqa: S108 the folder is made 0700, its owner checked
