"""One command without wrappers: its argv, its tool's name, and its words read by a grammar."""

from __future__ import annotations

from typing import Final

import msgspec

from fleettui.core.policy.parsed import Parsed
from fleettui.core.policy.reader import read
from fleettui.core.policy.runners import RUNNERS, SHELL_WORDS, SHELLS
from fleettui.core.policy.tools.table import GRAMMARS
from fleettui.core.policy.words import tool_name

_CODE: Final = ("-c", "-e", "-E", "-r", "-p", "-n", "-i", "--eval", "--print", "--command", "-")
_INTERPRETERS: Final = (
    "python",
    "pypy",
    "perl",
    "ruby",
    "node",
    "nodejs",
    "php",
    "lua",
    "deno",
    "bun",
    "tclsh",
    "wish",
    "expect",
    "Rscript",
    "R",
    "julia",
    "guile",
    "racket",
    "ghci",
    "scala",
    "groovy",
    "jshell",
    "osascript",
    "ipython",
    "raku",
    "gawk",
)
# Programs with a language, an editor or a shell inside: nothing about them is seen in the words.
_OPAQUE: Final = frozenset(
    [
        "awk",
        "gawk",
        "mawk",
        "nawk",
        "ed",
        "ex",
        "vi",
        "vim",
        "nvim",
        "emacs",
        "nano",
        "less",
        "more",
        "pico",
        "gdb",
        "lldb",
        "at",
        "batch",
        "tmux",
        "screen",
        "dc",
        "bc",
        "sqlite3",
        "psql",
        "mysql",
        "mongosh",
        "redis-cli",
        "ftp",
        "sftp",
        "telnet",
        "nc",
        "ncat",
        "netcat",
        "socat",
        "crontab",
        "zsh",
        "fish",
        "fleettui",
    ]
)


class Command(msgspec.Struct, frozen=True):
    """`trusted`: a bare name or a system folder. `known`: its tool has a grammar."""

    argv: tuple[str, ...]
    tool: str
    trusted: bool
    known: bool
    parsed: Parsed

    @property
    def problem(self) -> str:
        """Why the words don't tell what it does, '' where they do."""
        if not self.trusted:
            return f"{self.argv[0][:80]} is not in a system folder"
        return self.parsed.problem

    @property
    def opaque(self) -> bool:
        """Say whether only a rule that spells it word for word may allow it."""
        return self.parsed.opaque


def command_of(argv: tuple[str, ...]) -> Command:
    """Read a command by its tool's grammar, or by none."""
    tool, trusted = tool_name(argv[0])
    grammar = GRAMMARS.get(tool)
    if grammar is not None:
        return Command(argv, tool, trusted, True, read(grammar, argv[1:]))
    return Command(argv, tool, trusted, False, _unread(tool, argv))


def _unread(tool: str, argv: tuple[str, ...]) -> Parsed:
    words = argv[1:]
    if tool in SHELL_WORDS:
        return Parsed(
            tool=tool,
            words=words,
            risks="w",
            problem=f"{tool} changes the shell itself",
            opaque=True,
        )
    if tool in SHELLS or tool in RUNNERS:
        return Parsed(
            tool=tool, words=words, risks="w", problem=f"{tool} runs another program", opaque=True
        )
    code = tool.startswith(_INTERPRETERS) and _takes_code(words)
    return Parsed(
        tool=tool,
        operands=words,
        words=words,
        risks="w",
        problem=f"{tool[:60]} can do more than its words tell, or is not known here",
        opaque=code or tool in _OPAQUE,
    )


def _takes_code(words: tuple[str, ...]) -> bool:
    """Say whether an interpreter gets its program in the words or from its input."""
    for word in words:
        if word == "-m" or not word.startswith("-"):
            return False
        if word.startswith(_CODE):
            return True
    return True
