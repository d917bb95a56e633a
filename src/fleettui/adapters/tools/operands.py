"""Finds the files a command line depends on, and hashes what is in them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from typing import Final

from fleettui.core.errors import ToolFailed
from fleettui.core.model import Operand

_MOST: Final = 64
_LARGEST: Final = 256_000_000
# What a program reads without being told by an argument.
_IMPLIED: Final = {
    "make": ("GNUmakefile", "makefile", "Makefile"),
    "gmake": ("GNUmakefile", "makefile", "Makefile"),
    "just": ("justfile", "Justfile", ".justfile"),
    "npm": ("package.json",),
    "npx": ("package.json",),
    "yarn": ("package.json",),
    "pnpm": ("package.json",),
    "docker-compose": ("docker-compose.yml", "docker-compose.yaml", "compose.yaml"),
    "tox": ("tox.ini", "pyproject.toml"),
    "nox": ("noxfile.py",),
    "rake": ("Rakefile",),
}


def operands_of(argv: Sequence[str], cwd: str) -> tuple[tuple[Operand, ...], str]:
    """Give the regular files that `argv` names, each with its hash, and what could not be bound.

    A file counts wherever it is: as an argument, after `=` or `@`, or behind a short flag.
    """
    found: dict[str, str] = {}
    for name in _names(argv):
        real = os.path.realpath(os.path.join(cwd, name))
        if real in found or not _regular(real):
            continue
        if len(found) == _MOST:
            return _sorted(found), f"it names more than {_MOST} files: they can't all be checked"
        if os.path.getsize(real) > _LARGEST:
            return _sorted(found), f"{name} is too large to be checked"
        try:
            found[real] = digest_of(real)
        except OSError:
            return _sorted(found), f"{name} can't be read to be checked"
    return _sorted(found), ""


def digest_of(path: str) -> str:
    """Give the SHA-256 of a file's content; raises ToolFailed or OSError when it can't be read."""
    if not os.access(path, os.R_OK):
        raise ToolFailed(f"{path} can't be read, so it can't be checked", "use another program")
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _names(argv: Sequence[str]) -> Iterator[str]:
    for part in argv[1:]:
        yield part
        for mark in ("=", "@", ":"):
            before, found, after = part.partition(mark)
            if found and after:
                yield after
                if mark == ":" and before:
                    yield before
        if part.startswith("-") and not part.startswith("--") and len(part) > 2:
            yield part[2:]
    yield from _IMPLIED.get(os.path.basename(argv[0]), ())


def _regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _sorted(found: dict[str, str]) -> tuple[Operand, ...]:
    return tuple(Operand(path, digest) for path, digest in sorted(found.items()))
