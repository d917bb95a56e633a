"""MasterKey: the one key that opens all secrets of a state folder, and where it is found."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from fleettui.adapters.secrets.sealing import KEY_BYTES, key_id
from fleettui.adapters.secrets.writing import sync_folder, write_whole
from fleettui.core.errors import SecretsLocked
from fleettui.core.secrets import MASTER_KEY

_SERVICE: Final = "fleettui"
_NEXT: Final = ".next"
_MAKE: Final = "openssl rand -base64 32 makes one"


class MasterKey:
    """Finds the key: the variable if it is set, else the file if it is there, else the keyring.

    A change of the key has two steps, and a `next` key between them: whoever reads tries both.
    """

    def __init__(self, folder: Path, given: str = "") -> None:
        """Take the folder of the secrets, and what FLEETTUI_MASTER_KEY says."""
        self._file, self._given = folder / "master.key", given
        self._owner = str(folder)

    def candidates(self) -> tuple[bytes, ...]:
        """Give the key and, in the middle of a change, the next one; none where there is none."""
        if self._given:
            return (read_key(self._given, MASTER_KEY),)
        if self._file.exists() or self._next.exists():
            return tuple(read_file(path) for path in (self._file, self._next) if path.exists())
        ring = _keyring()
        texts = (
            [ring.get_password(_SERVICE, self._owner + end) for end in ("", _NEXT)] if ring else []
        )
        return tuple(read_key(text, "the keyring's entry") for text in texts if text)

    def where(self) -> str:
        """Say where the key is found, for messages."""
        if self._given:
            return MASTER_KEY
        if self._file.exists() or _keyring() is None:
            return str(self._file)
        return "the keyring of this login"

    @property
    def is_given(self) -> bool:
        """Say whether the key is a variable's, which nobody but its owner can change."""
        return bool(self._given)

    def make(self) -> bytes:
        """Make the first key, in the keyring where there is one, else in the file (0600)."""
        key = os.urandom(KEY_BYTES)
        key_id(key)  # where the package for it is missing, nothing is to be kept
        ring = _keyring()
        if ring is None or not self._kept_in(ring, "", key):
            write_whole(self._file, _shown(key))
        return key

    def begin_change(self, key: bytes) -> None:
        """Keep the next key beside the present one."""
        ring = None if self._file.exists() else _keyring()
        if ring is None or not self._kept_in(ring, _NEXT, key):
            write_whole(self._next, _shown(key))

    def end_change(self, key: bytes) -> None:
        """Put the next key in the place of the present one: everything is sealed with it."""
        if self._next.exists():
            self._next.replace(self._file)
            sync_folder(self._file.parent)
            return
        ring = _keyring()
        if ring is not None and self._kept_in(ring, "", key):
            ring.delete_password(_SERVICE, self._owner + _NEXT)

    @property
    def _next(self) -> Path:
        return self._file.with_name(self._file.name + _NEXT)

    def _kept_in(self, ring: Any, end: str, key: bytes) -> bool:
        """Say whether a keyring took a key, and gives it back."""
        text = _shown(key).decode().strip()
        try:
            ring.set_password(_SERVICE, self._owner + end, text)
            return bool(ring.get_password(_SERVICE, self._owner + end) == text)
        except Exception:  # noqa: BLE001 a keyring may fail in any way; the file is the other place
            return False


def read_key(text: str, where: str) -> bytes:
    """Read a key as base64 of 32 bytes; raises SecretsLocked, which never repeats it."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SecretsLocked(f"{where} is not base64 of {KEY_BYTES} bytes", _MAKE)
    return key


def read_file(path: Path) -> bytes:
    """Read the key's file, if it is ours alone; raises SecretsLocked."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise SecretsLocked(
            f"the master key {path} can't be read: {error.strerror}", "it must be a file of yours"
        ) from error
    with os.fdopen(opened, "rb") as file:
        what = os.fstat(opened)
        if not stat.S_ISREG(what.st_mode) or what.st_uid != os.geteuid():
            raise SecretsLocked(
                f"the master key {path} is not a file of yours", f"chown it: {path}"
            )
        if what.st_mode & 0o077:
            raise SecretsLocked(
                f"others may read the master key {path} (mode {what.st_mode & 0o777:o})",
                f"run `chmod 600 {path}`, and fleettui secret rotate --master",
            )
        return read_key(file.read(1_000).decode("ascii", "replace"), f"the master key {path}")


def _shown(key: bytes) -> bytes:
    return base64.b64encode(key) + b"\n"


def _keyring() -> Any | None:
    """Give this login's keyring, None where there is none, or its package is not installed."""
    try:
        ring = import_module("keyring").get_keyring()
        usable = ring.priority >= 1
    except Exception:  # noqa: BLE001 any broken backend is no keyring
        return None
    return ring if usable else None
