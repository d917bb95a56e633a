"""The program behind $FLEETTUI_DONE: says that a turn is over, and hands over its output.

`done [--failed] [FILE | -]`: the output is FILE, or standard input, or what is in
$FLEETTUI_OUTPUT. `done --ready`: the program takes prompts now. Standard library only.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Final

MOST: Final = 1 << 20


def main(folder: str, *words: str) -> int:
    """Write the word of a turn's end, and ring."""
    if words == ("--ready",):
        _write(folder, "ready", "")
        return 0
    failed = words[:1] == ("--failed",)
    rest = words[1:] if failed else words
    if len(rest) > 1 or (rest and rest[0].startswith("--")):
        sys.stderr.write("usage: done [--ready | [--failed] [FILE | -]]\n")
        return 2
    turn = _read(os.path.join(folder, "turn"))
    if not turn:
        sys.stderr.write("no turn is open\n")
        return 1
    try:
        if rest == ("-",):
            output = sys.stdin.read(MOST + 1)
        else:
            output = _read(rest[0] if rest else os.path.join(folder, "output"), must=bool(rest))
    except OSError as error:
        sys.stderr.write(f"{rest[0]}: {error.strerror}\n")
        return 1
    _write(folder, "done", json.dumps({"turn": turn, "failed": failed, "output": output}))
    return 0


def _read(path: str, *, must: bool = False) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(MOST + 1)
    except OSError:
        if must:
            raise
        return ""


def _write(folder: str, name: str, text: str) -> None:
    path = os.path.join(folder, name)
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(f"{path}.new", path)
    try:
        bell = os.open(os.path.join(folder, "bell"), os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        # Nobody listens now; whoever comes back finds the file.
        return
    os.write(bell, b"!")
    os.close(bell)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
