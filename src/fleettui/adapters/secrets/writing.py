"""Writing a file whole: after a crash it is the old one or the new one, and on the disk."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

_MARK: Final = ".new-"


def write_whole(path: Path, body: bytes) -> None:
    """Put a file of mode 0600 in the place of another, durably."""
    for left in path.parent.glob(f"{_MARK}{path.name}.*"):
        left.unlink(missing_ok=True)
    new = path.with_name(f"{_MARK}{path.name}.{secrets.token_hex(4)}")
    opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make what was renamed or removed in a folder durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
