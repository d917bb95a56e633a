"""A file that somebody put into a watched folder: is it whole, is it inside, what is in it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import stat
from pathlib import Path, PurePath
from typing import Final, NamedTuple

LARGEST_TEXT: Final = 64 * 1024
# The content of larger files is told apart by its beginning, size and time.
LARGEST_HASHED: Final = 16 << 20
_PIECE: Final = 1 << 20
_UNFINISHED: Final = ("~", ".swp", ".tmp", ".part", ".partial", ".crdownload")


class Look(NamedTuple):
    """A file at one moment: what tells two looks apart."""

    inode: int
    size: int
    changed: int


class Content(NamedTuple):
    """What is in a file: the beginning as text, and a digest."""

    text: str
    size: int
    digest: str


class Unfit(Exception):
    """The file is not one that is taken: no file at all, or not in the folder."""


class Unfinished(Exception):
    """Somebody has the file open to write into it."""


def fits(path: str, globs: tuple[str, ...]) -> bool:
    """Say whether a path below the folder is wanted.

    A glob without a slash is about the name alone. What begins with a dot must be asked for so;
    without any glob the usual names of unfinished files are left out.
    """
    pure = PurePath(path)
    hidden = any(part.startswith(".") for part in pure.parts)
    if not globs:
        return not hidden and not path.endswith(_UNFINISHED)
    return any(
        pure.match(glob) and (not hidden or PurePath(glob).name.startswith(".")) for glob in globs
    )


def look_at(folder: str, path: str) -> Look:
    """Look at a file below a folder; raises Unfit, and FileNotFoundError where it is gone."""
    descriptor = _open(folder, path)
    try:
        return _look(descriptor)
    finally:
        os.close(descriptor)


def read(folder: str, path: str) -> Content:
    """Read a file below a folder; raises Unfit, Unfinished, and FileNotFoundError."""
    descriptor = _open(folder, path)
    try:
        _refuse_unfinished(descriptor)
        look = _look(descriptor)
        digest, head, left = hashlib.sha256(), b"", min(look.size, LARGEST_HASHED)
        while left > 0 and (piece := os.read(descriptor, min(_PIECE, left))):
            digest.update(piece)
            head += piece[: LARGEST_TEXT + 1 - len(head)]
            left -= len(piece)
        if look.size > LARGEST_HASHED:
            digest.update(f"{look.size} {look.changed}".encode())
    finally:
        os.close(descriptor)
    return Content(_text(head, look.size), look.size, digest.hexdigest())


def _open(folder: str, path: str) -> int:
    """Open a regular file that lies below a folder, whatever links are on the way."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(Path(folder) / path, flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unfit(f"{path} can't be opened: {error.strerror}") from error
    # What was opened is asked, not the name: a folder on the way may be a link, or become one.
    really = Path(f"/proc/self/fd/{descriptor}").readlink()
    inside = really.is_relative_to(Path(folder).resolve())
    if not inside or not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unfit(f"{path} is " + ("no file" if inside else "a link out of the folder"))
    return descriptor


def _look(descriptor: int) -> Look:
    found = os.fstat(descriptor)
    return Look(found.st_ino, found.st_size, found.st_mtime_ns)


def _refuse_unfinished(descriptor: int) -> None:
    """Raise Unfinished where any process has the file open for writing, if the kernel can tell.

    A lease for reading is only given where nobody writes. Its owner is told by a signal when
    somebody wants to: SIGURG, which does nothing. Where there are no leases (another's file,
    some file systems), two equal looks must do.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError as error:
        raise Unfinished from error
    except OSError:
        return
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _text(head: bytes, size: int) -> str:
    if b"\0" in head:
        return f"(binary, {size} bytes)"
    text = head[:LARGEST_TEXT].decode("utf-8", "replace")
    return text if size <= LARGEST_TEXT else f"{text}\n(cut after {LARGEST_TEXT} of {size} bytes)"
