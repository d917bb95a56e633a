"""The first steps of a host process: leave the shell, claim the folder, say so."""

from __future__ import annotations

import os
import time

from fleettui.core.errors import Refused
from fleettui.core.safe import one_line
from fleettui.host.lock import Claim, claim
from fleettui.host.spawn import PATIENCE, connect

_RETRY = 0.01
_MOST_DESCRIPTORS = 1024
_MOST_PRINTED = 1 << 20


def begin(state: str, ready_fd: int) -> Claim | None:
    """Become the host of a state folder, or find that another process is it.

    Writes "ready", "taken" or "error WHY" to `ready_fd` and closes it. Waits for a host that is
    ending: it has the lock, and no socket any more.
    """
    _leave_shell(ready_fd)
    word = ""
    claimed: Claim | None = None
    try:
        claimed = _claim_patiently(state)
        word = "taken"
        if claimed is not None:
            word = "ready"
            _print_beside_log(state)
    except Refused as refusal:
        word = f"error {one_line(refusal)}"
    finally:
        os.write(ready_fd, word.encode())
        os.close(ready_fd)
    return claimed


def _claim_patiently(state: str) -> Claim | None:
    """Try to claim until another host answers, or our patience ends."""
    deadline = time.monotonic() + PATIENCE
    while True:
        claimed = claim(state)
        if claimed is not None:
            return claimed
        other = connect(state)
        if other is not None:
            other.close()
            return None
        if time.monotonic() > deadline:
            return None
        time.sleep(_RETRY)


def _leave_shell(ready_fd: int) -> None:
    """Have a session of our own, stand in no folder, hold nothing of the shell's open."""
    try:
        os.setsid()
    except PermissionError:
        # We lead one already.
        pass
    os.chdir("/")
    os.umask(0o077)
    os.closerange(ready_fd + 1, _MOST_DESCRIPTORS)


def _print_beside_log(state: str) -> None:
    """Point stdout and stderr at a file beside the log, emptied when it is large."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(f"{state}/host.out", flags, 0o600)
    if os.fstat(descriptor).st_size > _MOST_PRINTED:
        os.ftruncate(descriptor, 0)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
