"""Reading a file that somebody names: regular, small, UTF-8, and inside its folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

SIZE_LIMIT: Final = 1024 * 1024


class Unreadable(Exception):
    """The file can't be read; the text says why and what to do."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def read_text(path: str) -> str:
    """Read a file whole; raises Unreadable. Never waits on a pipe or device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise Unreadable(_reason(error, path)) from None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Unreadable("not a regular file (must not block), name a file with YAML in it")
        content = file.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT:
        raise Unreadable("file is larger than the limit of 1 MiB, split it")
    return _decode(content)


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("file is not valid UTF-8 but UTF-16, save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        where = f"the byte at line {line}, column {column} is wrong"
        raise Unreadable(f"file is not valid UTF-8 ({where}), save it as UTF-8") from None


def resolve_config(fleet: str, written: str) -> str:
    """Give the real path of a `config` file of a fleet file; raises Unreadable.

    It must lie in the folder of the fleet file or below it, also after following links.
    """
    mend = "name a file in the folder of the fleet or below it"
    if "\0" in written:
        raise Unreadable("a path can't contain a NUL character")
    if Path(written).is_absolute() or written.startswith("~"):
        raise Unreadable(f"absolute path, {mend}")
    folder = Path(os.path.realpath(fleet)).parent
    plain = Path(os.path.normpath(folder / written))
    if not plain.is_relative_to(folder):
        raise Unreadable(f"path leaves the fleet folder, {mend}")
    real = Path(os.path.realpath(plain))
    if not real.is_relative_to(folder):
        raise Unreadable(f"path leaves the fleet folder (through a link), {mend}")
    if real == Path(os.path.realpath(fleet)):
        raise Unreadable("file includes itself, name the file of an agent")
    _check_kind(real, written)
    return str(real)


def _check_kind(real: Path, written: str) -> None:
    try:
        mode = real.stat().st_mode
    except FileNotFoundError:
        raise Unreadable(f"file not found: {written}") from None
    except (OSError, ValueError) as error:
        raise Unreadable(_reason(error, written)) from None
    if stat.S_ISDIR(mode):
        raise Unreadable(f"'{written}' is a folder, name a file of kind Agent")
    if not stat.S_ISREG(mode):
        raise Unreadable("not a regular file (must not block), name a file of kind Agent")


def yaml_files(paths: list[str]) -> list[str]:
    """Give the files themselves and, for a folder, every .yaml and .yml file below it."""
    found: dict[str, None] = {}
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112  the text the user typed is what we show
            found[path] = None
            continue
        for folder, below, names in os.walk(path):
            below[:] = sorted(name for name in below if name not in {".git", "node_modules"})
            for name in sorted(names):
                if name.endswith((".yaml", ".yml")):
                    found[os.path.join(folder, name)] = None  # noqa: PTH118  as above
    return list(found)


def _reason(error: Exception, path: str) -> str:
    if isinstance(error, FileNotFoundError):
        return f"file not found: {path}"
    if isinstance(error, PermissionError):
        return "file can't be read, it is not permitted"
    if isinstance(error, OSError):
        return f"file can't be read: {error.strerror or 'unknown cause'}"
    return "this is not a path"
