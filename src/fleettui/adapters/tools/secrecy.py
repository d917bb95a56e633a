"""Says which variables hold secrets, and what stands for them where they are recorded."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from pathlib import Path
from typing import Final

from fleettui.core.safe import sanitize

_NAME: Final = re.compile(
    r"KEY|TOKEN|SECRET|PASS|PWD|CRED|AUTH|PRIVATE|SESSION|COOKIE|DSN|SIGN|SALT|CERT|WEBHOOK|_PAT$",
    re.IGNORECASE,
)
_VALUE: Final = re.compile(r"://[^/\s]*:[^/\s]*@|(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9+/_=.-]{20,}")
_KEY_BYTES: Final = 32


def holds_secret(name: str, value: str) -> bool:
    """Say whether a variable looks like a secret by its name or by its value."""
    return bool(_NAME.search(name) or _VALUE.search(value))


def keyed_hash(name: str, value: str, key: bytes) -> str:
    """Give what stands for a secret where it is recorded: nobody can guess back from it."""
    return "hmac:" + hmac.new(key, f"{name}={value}".encode(), "sha256").hexdigest()


def plain_text(text: str) -> str:
    """Give text of strangers with every control and invisible character shown; tabs stay."""
    return "\t".join(sanitize(part) for part in text.replace("\r\n", "\n").split("\t"))


def hashing_key(folder: Path) -> bytes:
    """Give the key of this state folder, made at the first call and kept with mode 0600.

    The same key after a restart keeps approvals that were given before it valid.
    """
    path = folder / "hash.key"
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(opened, "wb") as file:
        key = secrets.token_bytes(_KEY_BYTES)
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key
