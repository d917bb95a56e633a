"""Who owns a state folder: one process, by a lock taken before the socket is touched."""

from __future__ import annotations

import _socket
import fcntl
import os
from typing import NamedTuple

from fleettui.core.errors import Refused
from fleettui.host.paths import lock_path, make_private, socket_paths

_BACKLOG = 128


class Claim(NamedTuple):
    """A state folder that is ours, with the socket that listens for it."""

    state: str
    lock: int
    listener: int
    path: str

    def unlink(self) -> None:
        """Take the socket's name away: nobody joins from now on."""
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass

    def release(self) -> None:
        """Let go; another process may take the folder at once."""
        self.unlink()
        for descriptor in (self.listener, self.lock):
            try:
                os.close(descriptor)
            except OSError:
                pass


def claim(state: str) -> Claim | None:
    """Take a state folder and listen on its socket; None when another process has it.

    The lock goes with the process, so a socket that is found under our lock is a dead one's.
    Raises Refused when the folder or the socket can't be made.
    """
    make_private(state)
    lock = os.open(lock_path(state), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    try:
        path, listener = _listen(state)
    except BaseException:
        os.close(lock)
        raise
    os.ftruncate(lock, 0)
    os.pwrite(lock, b"%d\n" % os.getpid(), 0)
    return Claim(state, lock, listener, path)


def owner(state: str) -> int:
    """Give the process id that the lock file names, 0 if none; it may be dead."""
    try:
        with open(lock_path(state), "rb") as file:
            text = file.read(32).strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() else 0


def _listen(state: str) -> tuple[str, int]:
    """Bind the socket 0600 in place of whatever lies there, and listen."""
    paths = socket_paths(state)
    if not paths:
        raise Refused(
            f"no path for the socket of {state} is short enough",
            "set XDG_RUNTIME_DIR to a short path, or choose another folder with --state DIR",
        )
    path = paths[0]
    make_private(os.path.dirname(path))
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    before = os.umask(0o177)
    try:
        listener.bind(path)
    except OSError as error:
        listener.close()
        raise Refused(
            f"the socket {path} can't be made: {error.strerror}", "choose another with --state DIR"
        ) from error
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return path, listener.detach()
