"""Which files were handed over already: a text file of lines, so that a restart repeats none."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path

# A flow of a tenant, and a path below its folder.
Name = tuple[str, str, str]


class Ledger:
    """The digest of the last content of each file that was taken; every call blocks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken: dict[Name, str] = {}
        self._lines = 0

    def load(self) -> None:
        """Read what was taken; a line that was cut off by a crash is passed over."""
        self._taken.clear()
        try:
            lines = self._path.read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            lines = []
        for line in lines:
            try:
                tenant, flow, path, digest = json.loads(line)
            except ValueError:
                continue
            self._note((tenant, flow, path), digest)
        self._lines = len(lines)
        if self._lines > 2 * len(self._taken) + 100:
            self._rewrite()

    def digest(self, name: Name) -> str:
        """Give the digest of what was taken, empty for a file that is new."""
        return self._taken.get(name, "")

    def keep_only(self, flows: Collection[tuple[str, str]], paths: Collection[str]) -> None:
        """Forget what of some flows is not there any more."""
        gone = [name for name in self._taken if name[:2] in flows and name[2] not in paths]
        for name in gone:
            self.note(name, "")

    def note(self, name: Name, digest: str) -> None:
        """Note that a content was taken; an empty digest forgets the file."""
        if self._taken.get(name, "") == digest:
            return
        self._note(name, digest)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, 0o600)
        try:
            # A newline before it too: what a crash cut off must not swallow this line.
            os.write(descriptor, f"\n{json.dumps([*name, digest])}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _note(self, name: Name, digest: str) -> None:
        if digest:
            self._taken[name] = digest
        else:
            self._taken.pop(name, None)

    def _rewrite(self) -> None:
        lines = (json.dumps([*name, digest]) for name, digest in self._taken.items())
        fresh = self._path.with_suffix(".new")
        fresh.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        fresh.chmod(0o600)
        fresh.replace(self._path)
