"""Runs command lines as they come, one after another, in one process: `python -m ...typist`.

A line on stdin is a JSON list of words; the answer is a JSON list of exit code and what was
printed.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

from fleettui.main import run


def typed(words: list[str]) -> tuple[int, str]:
    """Run one command line, and give its exit code and all that it printed."""
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            code = run(words)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        printed.flush()
    return code, printed.buffer.getvalue().decode()  # type: ignore[attr-defined]


def main() -> None:
    lines = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(b"y\n"))
    for line in lines:
        sys.__stdout__.write(json.dumps(typed(json.loads(line))) + "\n")  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
