"""Join the host of a state folder, or start one that outlives this terminal."""

from __future__ import annotations

import _socket
import os
import select
import sys
import time
from collections.abc import Sequence

from fleettui.core.errors import FleettuiError, HostGone
from fleettui.host.paths import log_path, make_private, socket_paths

# How long a new host may take until it listens, and an ending one until it is gone, in seconds.
PATIENCE = 15.0
# What runs us. -P: the folder we stand in may hold a module of any name.
PROGRAM = (sys.executable, "-P", "-m", "fleettui")
_RETRY = 0.01
# What of a shell's environment belongs to the host itself. Everything else travels with the one
# who opens a fleet, so that a host started in one shell doesn't carry its keys to another's fleet.
_KEPT = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ"),
        *("TMPDIR", "TMP", "TEMP", "VIRTUAL_ENV", "LD_LIBRARY_PATH"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    )
)
_KEPT_KINDS = ("LC_", "XDG_", "PYTHON", "FLEETTUI_")


def connect(state: str) -> _socket.socket | None:
    """Connect to the host of a state folder; None when there is none."""
    for path in socket_paths(state):
        stream = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            stream.connect(path)
        except OSError:
            stream.close()
            continue
        return stream
    return None


def connect_or_start(state: str, program: Sequence[str] = PROGRAM) -> _socket.socket:
    """Connect to the host of a state folder, starting `program host` if need be.

    However many do this at once, one host starts: the others lose its lock and join the winner.
    Raises HostGone when the new host ends before it listens, with what it said.
    """
    stream = connect(state)
    if stream is not None:
        return stream
    make_private(state)
    deadline = time.monotonic() + PATIENCE
    said = _start(state, program)
    while said != "failed":
        stream = connect(state)
        if stream is not None:
            return stream
        if time.monotonic() > deadline:
            break
        # Somebody else's host: it has the lock and is about to listen, or about to be gone.
        time.sleep(_RETRY)
        said = _start(state, program)
    raise HostGone("the host did not start", f"its log is {log_path(state)}")


def _start(state: str, program: Sequence[str]) -> str:
    """Start a host and wait for its first word: "ready", or "taken" if another one has the lock.

    Raises FleettuiError with what the host said when it can't start.
    """
    reader, writer = os.pipe()
    null = os.open(os.devnull, os.O_RDWR)
    actions = [
        (os.POSIX_SPAWN_DUP2, null, 0),
        (os.POSIX_SPAWN_DUP2, null, 1),
        (os.POSIX_SPAWN_DUP2, null, 2),
        (os.POSIX_SPAWN_DUP2, writer, 3),
    ]
    command = [*program, "host", "--state", state, "--ready-fd", "3"]
    try:
        os.posix_spawn(program[0], command, host_environment(), file_actions=actions, setsid=True)
    except OSError as error:
        raise HostGone(f"the host can't be started: {error.strerror}") from error
    finally:
        os.close(writer)
        os.close(null)
    try:
        said = _first_word(reader)
    finally:
        os.close(reader)
    if said.startswith("error "):
        raise FleettuiError(said.removeprefix("error "))
    return said or "failed"


def _first_word(reader: int) -> str:
    """Read until the host closes its end, or our patience does."""
    said = b""
    while select.select([reader], [], [], PATIENCE)[0]:
        piece = os.read(reader, 4096)
        if not piece:
            break
        said += piece
    return said.decode("utf-8", "replace").strip()


def host_environment() -> dict[str, str]:
    """Give the part of our environment a host starts with."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_KEPT_KINDS)
    }
