"""Characters no command may hold, and a program's name without its disguise."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from fleettui.core.safe import sanitize

MAX_BYTES: Final = 65_536
MAX_WORDS: Final = 4_096
TRUSTED_FOLDERS: Final = frozenset(
    {"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"}
)
_LETTERS: Final = re.compile(r"[^\W\d_]+")
# Full-width ASCII, dashes and signs that look like the ones a shell or a tool obeys.
_LOOKALIKES: Final = re.compile(
    "[\uff01-\uff5e\u037e\u01c0\u2223\u2215\u2044\u29f8\u2024\uff61\ua78c\ua789\u2236]"
)
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\u2e3a\u2e3b"


def refusal(text: str, *, lines: bool) -> str:
    """Say why `text` may not be part of a command, or ''; `lines`: newline and tab may stand."""
    plain = text.replace("\t", " ") if lines else text.replace("\n", "\x00").replace("\t", "\x00")
    if plain.isascii() and plain.replace("\n", " ").isprintable():
        return ""
    if sanitize(plain) != plain:
        return f"holds a control or invisible character: {sanitize(plain)[:120]!s}"
    if _LOOKALIKES.search(text):
        return f"holds a character that poses as another: {ascii(text)[:120]}"
    for run in _LETTERS.findall(text):
        if not run.isascii() and _mixed(run):
            return f"mixes alphabets inside a word: {ascii(run)[:120]}"
    return ""


def argv_refusal(argv: tuple[str, ...]) -> str:
    """Say why these words may not be run at all, or ''."""
    if not argv or not argv[0].strip():
        return "the program's name is empty"
    program = argv[0]
    if problem := refusal(program, lines=False):
        return f"the program's name {problem}"
    if not program.rpartition("/")[2].isascii():
        return f"the program's name is not ASCII: {ascii(program)[:120]}"
    for word in argv[1:]:
        if problem := refusal(word, lines=True):
            return f"an argument {problem}"
        if word[:1] in _DASHES and word:
            return f"an argument begins with a dash that is none: {ascii(word)[:120]}"
        if word.startswith("--") and not word.partition("=")[0][:64].isascii():
            return f"a flag is not ASCII: {ascii(word)[:120]}"
    return ""


def tool_name(program: str) -> tuple[str, bool]:
    """Return a program's base name, and whether it is a bare name or in a system folder."""
    if "/" not in program:
        return program, True
    parts: list[str] = []
    for part in program.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in {"", ".", ".."}:
            parts.append(part)
    folder = "/" + "/".join(parts[:-1])
    return (parts[-1] if parts else ""), program.startswith("/") and folder in TRUSTED_FOLDERS


def _mixed(run: str) -> bool:
    """Say whether Latin letters stand beside letters of another alphabet in one word."""
    scripts = {unicodedata.name(char, "UNKNOWN").split(" ", 1)[0] for char in run}
    return "LATIN" in scripts and bool(scripts & _POSERS)


_POSERS: Final = frozenset(
    [
        "CYRILLIC",
        "GREEK",
        "ARMENIAN",
        "CHEROKEE",
        "COPTIC",
        "GEORGIAN",
        "LISU",
        "MATHEMATICAL",
        "FULLWIDTH",
        "OSAGE",
    ]
)
