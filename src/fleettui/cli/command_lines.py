"""Commands as lines: plain shell, or JSON; whatever else comes is told with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, Literal, NamedTuple

LONGEST: Final = 8 * 1024 * 1024
_MEND: Final = 'write {"mode": "shell", "cmd": TEXT} or {"mode": "argv", "cmd": [TEXT, ...]}'


class Asked(NamedTuple):
    """A command to judge: a script, or an argv."""

    mode: Literal["shell", "argv"]
    cmd: str | tuple[str, ...]


class Unread(NamedTuple):
    """A line that is no command; `file` is '' for standard input."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.file else f"line {self.line}"
        return f"{where}: {self.why}"

    def row(self) -> bytes:
        """Give the line of JSON that says so."""
        about = {"file": self.file} if self.file else {}
        return json.dumps({**about, "line": self.line, "error": self.why}).encode() + b"\n"


def read_lines(stream: BinaryIO, file: str) -> Iterator[Asked | Unread]:
    """Read a command from each line that is not empty, as the lines come."""
    number = 0
    while line := stream.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST)
            yield Unread(file, number, f"longer than {LONGEST // 1024 // 1024} MiB")
            continue
        # Bytes that are no UTF-8 become lone surrogates, which the judge refuses.
        text = line.removesuffix(b"\n").decode("utf-8", "surrogateescape")
        if text:
            yield _read(text, file, number)


def _read(text: str, file: str, number: int) -> Asked | Unread:
    if not _is_json(text):
        return Asked("shell", text)
    try:
        found = json.loads(text, object_pairs_hook=_once)
        return _command(found)
    except RecursionError:
        return Unread(file, number, "JSON nested too deep")
    except json.JSONDecodeError as error:
        return Unread(file, number, f"broken JSON: {error.msg} at column {error.colno}; {_MEND}")
    except ValueError as error:
        return Unread(file, number, f"{error}; {_MEND}")


def _is_json(text: str) -> bool:
    """Tell JSON by its first signs: `{` and then a quote or the end; bash has no such command."""
    stripped = text.lstrip()
    return stripped.startswith("{") and stripped[1:].lstrip()[:1] in {'"', "}", ""}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _command(found: Any) -> Asked:
    cmd = found.get("cmd")
    mode = found.get("mode", "argv" if isinstance(cmd, list) else "shell")
    match mode, cmd:
        case "shell", str():
            return Asked("shell", cmd)
        case "argv", list() if all(isinstance(word, str) for word in cmd):
            return Asked("argv", tuple(cmd))
        case _ if "cmd" not in found:
            raise ValueError("'cmd' is missing")
        case "shell" | "argv", _:
            wanted = "text" if mode == "shell" else "a list of texts"
            raise ValueError(f"'cmd' must be {wanted} in mode {mode}")
    raise ValueError("'mode' must be shell or argv")
