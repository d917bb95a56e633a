"""Path: which program a name means."""

from __future__ import annotations

import os
import shutil


def find_program(name: str, *, path: str, cwd: str) -> str:
    """Give the real path of a program, or an empty text where there is none."""
    where = os.path.join(cwd, name) if "/" in name else shutil.which(name, path=path)
    if where is None or not os.path.isfile(where) or not os.access(where, os.X_OK):
        return ""
    return os.path.realpath(where)
