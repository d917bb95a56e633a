"""Writing files that a person asked for: never over one that is there, unless told."""

from __future__ import annotations

import os
from pathlib import Path

from fleettui.core.errors import Refused


def write_file(path: str, text: str, *, force: bool, inside: str = "") -> None:
    """Write a file whole, making its folders; raises Refused.

    With `inside` it must lie in that folder, after following links.
    """
    target = Path(path)
    try:
        if inside and not target.parent.resolve().is_relative_to(Path(inside).resolve()):
            raise Refused(f"{path} lies outside {inside} (through a link)", "name another folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        if force:
            fresh = target.with_name(f".{target.name}.{os.getpid()}")
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(target)
        else:
            with target.open("x", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError:
        raise Refused(f"{path} is there already", "name another file, or give --force") from None
    except OSError as error:
        reason = error.strerror or "unknown cause"
        raise Refused(f"{path} can't be written: {reason}", "name another file") from None
