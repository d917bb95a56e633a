"""What the YAML parser complains about, in words that say the mend, at the token to change."""

from __future__ import annotations

import re
from typing import Final

import yaml

_KEY_ONLY: Final = re.compile(r"(\s*)[\w.-]+\s*\Z")
_NO_SPACE: Final = re.compile(r"\s*(- )?[\w-]+:(?=[^\s/])")
_PLACED_AT_START: Final[tuple[tuple[str, str, str], ...]] = (
    ("quoted scalar", "end of stream", "quoted text is not closed (opened here), add the quote"),
    ("quoted scalar", "document indicator", "quoted text is not closed (opened here)"),
    ("flow sequence", "expected ',' or ']'", "list '[' is not closed, add ']' or a comma"),
    ("flow mapping", "expected ',' or '}'", "mapping '{' is not closed, add '}' or a comma"),
    ("simple key", "expected ':'", "expected 'key: value', the ':' is missing"),
    ("anchor", "expected alphabetic", "'&' needs a name; quote the text if it is meant as text"),
    ("alias", "expected alphabetic", "'*' needs a name; quote the text if it is meant as text"),
    ("tag", "", "this tag can't be read, remove it"),
)
_PLACED_AT_PROBLEM: Final[tuple[tuple[str, str], ...]] = (
    ("tab character", "a tab can't indent, use spaces"),
    ("unknown escape", r"unknown escape in quoted text, write '\\' for a backslash"),
    ("invalid Unicode", "this escape is not a character"),
    ("hexdecimal", "this escape is not a character, its digits are wrong"),
    ("hexadecimal", "this escape is not a character, its digits are wrong"),
    ("expected <document start>", "expected '---' before a further document"),
    ("expected comment or line break", "unexpected text after '|' or '>', put it on the next line"),
    ("found undefined tag handle", "this tag can't be read, remove it"),
    ("duplicate", "this directive is given twice"),
    ("incompatible YAML", "this YAML version is not supported, use 1.1 or 1.2"),
    ("unknown directive", "unknown directive; quote the text if '%' begins a text"),
)

Placed = tuple[int, int, str, str]


def explain_syntax(error: yaml.YAMLError, text: str) -> Placed:
    """Give line, column, path (always empty) and message of a parser's error."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        position = getattr(error, "position", 0)
        before = text[:position]
        column = len(before) - (before.rfind("\n") + 1) + 1
        point = ord(text[position : position + 1] or "\0")
        message = f"control character U+{point:04X} is not allowed in YAML, remove it"
        return before.count("\n") + 1, column, "", message
    context, problem = error.context or "", error.problem or ""
    at = error.problem_mark
    start = error.context_mark or at
    for inside, needle, message in _PLACED_AT_START:
        if inside in context and needle in problem:
            return start.line + 1, start.column + 1, "", message
    for needle, message in _PLACED_AT_PROBLEM:
        if needle in problem:
            return at.line + 1, at.column + 1, "", message
    return _by_line(problem, at.line, at.column, text)


def _by_line(problem: str, line: int, column: int, text: str) -> Placed:
    """Tell wrong indentation from the other causes by the line that the parser stopped in."""
    lines = text.splitlines()
    written = lines[line] if line < len(lines) else ""
    before = written[:column]
    if "mapping values" in problem:
        above = _NO_SPACE.match(lines[line - 1]) if line else None
        if above:
            return line, above.end() + 1, "", "a space is missing after ':'"
        key = _KEY_ONLY.match(before)
        if key and line:
            return line + 1, len(key.group(1)) + 1, "", _indentation(lines, line)
        return line + 1, column + 1, "", "': ' inside a value; quote the text"
    if "cannot start any token" in problem:
        char = written[column : column + 1]
        if char == "\t":
            return line + 1, column + 1, "", "a tab can't indent, use spaces"
        return line + 1, column + 1, "", f"text can't begin with '{char}', quote it"
    if "expected key" in problem and not before.strip():
        return line + 1, column + 1, "", _indentation(lines, line)
    if "expected '-' indicator" in problem and not before.strip():
        return line + 1, column + 1, "", _indentation(lines, line)
    if "block sequence entries" in problem or "expected node content" in problem:
        return line + 1, column + 1, "", "a value is missing or out of place here"
    return line + 1, column + 1, "", f"this is not YAML here: {problem}"


def _indentation(lines: list[str], line: int) -> str:
    above = next((text for text in reversed(lines[:line]) if text.strip()), "")
    spaces = len(above) - len(above.lstrip(" "))
    return f"indentation does not match the lines above (the last has {spaces} spaces)"
