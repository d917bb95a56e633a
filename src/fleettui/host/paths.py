"""Where a host keeps its things: the state folder, and in it the lock, the socket and the log."""

from __future__ import annotations

import os
import stat

from fleettui.core.errors import Refused

# sockaddr_un.sun_path holds 108 bytes with its closing NUL.
_MOST_PATH = 107


def state_folder(chosen: str = "") -> str:
    """Name the state folder: `chosen`, else FLEETTUI_STATE, else fleettui in the XDG state home."""
    environment = os.environ
    home = environment.get("XDG_STATE_HOME", "")
    if not os.path.isabs(home):
        home = os.path.join(os.path.expanduser("~"), ".local", "state")
    folder = chosen or environment.get("FLEETTUI_STATE", "") or os.path.join(home, "fleettui")
    return os.path.realpath(os.path.expanduser(folder))


def make_private(folder: str) -> None:
    """Make a folder that only we can enter, or check that nobody else can write into it.

    Raises Refused when it belongs to another user, is no folder, or others may write into it.
    """
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        status = os.lstat(folder)
    except OSError as error:
        raise Refused(
            f"the folder {folder} can't be made: {error.strerror}",
            "choose another with --state DIR",
        ) from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise Refused(f"{folder} is not a folder of yours", "choose another with --state DIR")
    if status.st_mode & 0o022:
        raise Refused(f"others may write into the folder {folder}", f"run `chmod 700 {folder}`")


def lock_path(state: str) -> str:
    """Name the file whose lock says that a host owns the folder."""
    return os.path.join(state, "host.lock")


def log_path(state: str) -> str:
    """Name the host's log."""
    return os.path.join(state, "host.log")


def socket_paths(state: str) -> tuple[str, ...]:
    """Name where the host's socket may be, the first being where it should.

    A path that is too long for a socket is replaced by a short one in the user's runtime folder,
    or in /tmp where a login has none (two logins of one user may differ in that).
    """
    path = os.path.join(state, "host.sock")
    if len(os.fsencode(path)) <= _MOST_PATH:
        return (path,)
    name = f"{_short_hash(state)}.sock"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    folders = [os.path.join(runtime, "fleettui")] if os.path.isabs(runtime) else []
    folders.append(f"/tmp/fleettui-{os.geteuid()}")  # noqa: S108 made 0700, its owner is checked
    paths = (os.path.join(folder, name) for folder in folders)
    return tuple(path for path in paths if len(os.fsencode(path)) <= _MOST_PATH)


def _short_hash(text: str) -> str:
    """Give 16 hex digits of FNV-1a (64 bits): no import, and no secret is at stake."""
    value = 0xCBF29CE484222325
    for byte in os.fsencode(text):
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"
