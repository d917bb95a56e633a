"""Splits a plain script into commands by hand: the second opinion beside tree-sitter."""

from __future__ import annotations

import re
from typing import Final

# A command line is its commands, each a tuple of words; None where it is more than plain words.
Commands = tuple[tuple[str, ...], ...]

_BARE: Final = re.compile(r"[^\s\\'\"|&;<>(){}$`#*?\[\]!~]+")
_OPERATOR: Final = re.compile(r"&&|\|\|(?!\|)|\|(?![|&])|;(?!;)|\n")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[[^\]]*\])?\+?=")


def lex(text: str) -> Commands | None:
    """Return the commands of a script of plain words and `&& || ; |`, or None."""
    return _Lexer(text).commands()


class _Lexer:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.done: list[tuple[str, ...]] = []
        self.words: list[str] = []

    def commands(self) -> Commands | None:
        text, size = self.text, len(self.text)
        while self.at < size:
            char = text[self.at]
            if char in " \t":
                self.at += 1
            elif char == "#":
                end = text.find("\n", self.at)
                self.at = size if end < 0 else end
            elif match := _OPERATOR.match(text, self.at):
                if not self.words and match.group() != "\n":
                    return None
                self._close()
                self.at = match.end()
            else:
                word = self._word()
                if word is None or (not self.words and _ASSIGNMENT.match(word)):
                    return None
                self.words.append(word)
        self._close()
        return tuple(self.done)

    def _close(self) -> None:
        if self.words:
            self.done.append(tuple(self.words))
            self.words = []

    def _word(self) -> str | None:
        start, made = self.at, ""
        quoted = False
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t\n|;" or (char == "&"):
                break
            piece = self._piece(char, first=self.at == start, made=made)
            if piece is None:
                return None
            quoted = quoted or char in "'\"\\"
            made += piece
        if not made and not quoted:
            return None
        return None if not self.words and self._globbed(start) else made

    def _piece(self, char: str, *, first: bool, made: str) -> str | None:
        text = self.text
        if match := _BARE.match(text, self.at):
            self.at = match.end()
            return match.group()
        if char == "'":
            end = text.find("'", self.at + 1)
            if end < 0:
                return None
            piece, self.at = text[self.at + 1 : end], end + 1
            return piece
        if char == '"':
            return self._double()
        if char == "\\":
            return self._escaped()
        if char == "{":
            return self._braces() if first else None
        if char in "*?[":
            return self._wild(char, first=first, made=made)
        if char in "]~!#" and (char != "!" or not first):
            self.at += 1
            return char
        return None

    def _braces(self) -> str | None:
        """Take `{}` alone, the placeholder of find and xargs."""
        if not self.text.startswith("{}", self.at):
            return None
        self.at += 2
        after = self.text[self.at : self.at + 1]
        return "{}" if after in {"", " ", "\t", "\n", ";", "|"} else None

    def _wild(self, char: str, *, first: bool, made: str) -> str | None:
        """Take a glob only if no file name it finds can be taken for a flag."""
        lone = char == "[" and first and self.text[self.at + 1 : self.at + 2] in {" ", "\t"}
        if (not made or made.startswith("-")) and not lone:
            return None
        self.at += 1
        return char

    def _globbed(self, start: int) -> bool:
        raw = self.text[start : self.at]
        return raw != "[" and any(char in raw for char in "*?[~")

    def _escaped(self) -> str | None:
        following = self.text[self.at + 1 : self.at + 2]
        if following in {"", "\n"}:
            return None
        self.at += 2
        return following

    def _double(self) -> str | None:
        text, made = self.text, ""
        self.at += 1
        while self.at < len(text):
            char = text[self.at]
            if char == '"':
                self.at += 1
                return made
            if char in "$`":
                return None
            if char == "\\" and text[self.at + 1 : self.at + 2] in {'"', "\\", "$", "`"}:
                self.at += 1
                char = text[self.at]
            elif char == "\\" and text[self.at + 1 : self.at + 2] == "\n":
                return None
            made += char
            self.at += 1
        return None
