"""Where a store may lie: on a local disk, owned by one process."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fleettui.core.errors import StoreFailed, StoreLocked, StoreReadOnly

# How long (seconds) the last child of a killed owner may hold the lock, and how often we look.
_PATIENCE, _RETRY = 5.0, 0.02
_MOUNTS: Final = Path("/proc/self/mountinfo")
# WAL needs memory shared by all who open the file, and locks that hold; these promise neither.
_NETWORK: Final = re.compile(
    r"nfs\d?|cifs|smb\w*|ncpfs|afs|coda|ceph|lustre|gpfs|beegfs|ocfs2|gfs2|orangefs|davfs\w*"
    r"|(?:fuse\.)?(?:sshfs|glusterfs|s3fs|gcsfuse|rclone|curlftpfs|davfs2|ceph|cephfs|juicefs)"
)


@contextmanager
def owned(path: Path) -> Iterator[None]:
    """Own the store at `path` while the context is open, as the only process.

    Makes its folder if need be. The lock ends with the process, however that ends. Raises
    StoreLocked, StoreReadOnly, and StoreFailed for a network file system.
    """
    refuse_network(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(lock_of(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreReadOnly(
            f"{path.parent} can't be written: {error.strerror}", "choose another with --state DIR"
        ) from error
    try:
        _lock(lock, path)
        yield
    finally:
        os.close(lock)


def lock_of(path: Path) -> Path:
    """Name the file whose lock stands for the store at `path`."""
    return path.with_name(f"{path.name}.lock")


def _lock(lock: int, path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:
            who = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
            if _is_alive(who) or time.monotonic() > deadline:
                raise StoreLocked(
                    f"{path} is in use by {f'process {who}' if who else 'another process'}",
                    "join it with: fleettui attach, or end it with: fleettui stop",
                ) from error
            # Its owner was killed; a child it was just starting holds the lock until it execs.
            time.sleep(_RETRY)
        except OSError as error:
            raise StoreFailed(
                f"{path} can't be locked: {error.strerror}", "use a local disk with --state DIR"
            ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)


def _is_alive(who: str) -> bool:
    """Say whether a process is there; nobody knows of an owner without a number."""
    return not who.isdigit() or Path(f"/proc/{who}").exists()


def refuse_network(path: Path) -> None:
    """Raise StoreFailed if `path` lies on a network file system; unknown ones are let through."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    kind = file_system(os.path.realpath(path), mounts)
    if _NETWORK.fullmatch(kind):
        raise StoreFailed(
            f"{path} lies on a network file system ({kind}), where SQLite loses data",
            "use a folder on a local disk with --state DIR",
        )


def file_system(path: str, mounts: str) -> str:
    """Give the type of the file system of a real path, by the text of /proc/self/mountinfo."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        words = before.split(" ")
        if not dash or len(words) < 5:
            continue
        point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), words[4]).rstrip("/")
        # A later line hides an earlier one at the same point.
        if (path == point or path.startswith(f"{point}/")) and len(point) >= best:
            best, kind = len(point), after.split(" ")[0]
    return kind
