"""Reads a tool's words by its grammar: flags anywhere, clusters, abbreviations, last one wins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from fleettui.core.policy.grammar import FlagSpec, FlagTable, Grammar, Verb
from fleettui.core.policy.parsed import Flag, Parsed

_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_GO_INTEGER: Final = re.compile(r"([+-]?)(0[xX]|0[bB]|0[oO]|0(?=[0-7_]))?([0-9a-fA-F_]+)\Z")
_BASES: Final = {"0x": 16, "0b": 2, "0o": 8, "0": 8}
_NO_VERB: Final = Verb()


def read(grammar: Grammar, words: tuple[str, ...]) -> Parsed:
    """Return what `words` (argv without the program) say to this tool."""
    return _Reading(grammar, words).parsed()


def go_integer(text: str) -> str:
    """Return a Go base-0 integer in decimal, or the text as it is (`0x0`, `+0`, `00` are 0)."""
    match = _GO_INTEGER.match(text)
    if match is None or len(text) > 40:
        return text
    sign, prefix, digits = match.groups()
    try:
        number = int(digits.replace("_", ""), _BASES.get((prefix or "").lower(), 10))
    except ValueError:
        return text
    return str(-number if sign == "-" else number)


class _Reading:
    """One pass over the words."""

    def __init__(self, grammar: Grammar, words: tuple[str, ...]) -> None:
        self.grammar = grammar
        self.words = words
        self.at = 0
        self.verb = ""
        self.spec = grammar.verbs.get("", _NO_VERB)
        self.flags: list[Flag] = []
        self.operands: list[str] = []
        self.risks = ""
        self.problem = ""
        self.opaque = False
        self.only_operands = False

    def parsed(self) -> Parsed:
        while self.at < len(self.words):
            word = self.words[self.at]
            self.at += 1
            self._word(word)
        self._check_verb()
        parsed = Parsed(
            tool=self.grammar.tool,
            verb=tuple(self.verb.split()),
            flags=tuple(self.flags),
            operands=tuple(self.operands),
            words=self.words,
            risks=self._sum(),
            problem=self.problem or self.spec.problem,
            opaque=self.opaque or bool(self.spec.problem),
        )
        return parsed if self.grammar.inspect is None else self.grammar.inspect(parsed)

    def _word(self, word: str) -> None:
        if self.only_operands or word == "-" or not word.startswith("-"):
            self._operand(word)
        elif word == "--":
            # A verb may still follow `--` (cobra reads it so); flags may not.
            self.only_operands = True
        elif word.startswith("--") or self.grammar.style == "goflag":
            self._long(word)
        else:
            self._cluster(word)

    def _operand(self, word: str) -> None:
        if not self.operands and self._extends_verb(word):
            return
        self.operands.append(word)
        if self.grammar.stop_at_operand:
            self.only_operands = True

    def _extends_verb(self, word: str) -> bool:
        grammar = self.grammar
        joined = f"{self.verb} {word}" if self.verb else word
        name = grammar.aliases.get(joined, joined)
        if self.verb and name == joined and word in grammar.aliases:
            alias = f"{self.verb} {grammar.aliases[word]}"
            name = alias if alias in grammar.verbs else name
        known = name in grammar.verbs or name in grammar.prefixes
        if not known and not (grammar.free_verbs and len(self.verb.split()) < 4):
            return False
        self.verb = name
        self.spec = grammar.verbs.get(name, _NO_VERB)
        return True

    def _long(self, word: str) -> None:
        name, equals, value = word.partition("=")
        if self.grammar.style == "goflag":
            name = "-" + name.lstrip("-")
        found = self._lookup(name)
        if not found:
            self._unknown(name, value if equals else None)
        elif len(found) > 1:
            self._trouble(f"{name} may be any of several flags", opaque=True)
            for spec in found:
                self._add(spec, value if equals else None)
        else:
            self._take(found[0], value if equals else None)

    def _lookup(self, name: str) -> list[FlagSpec]:
        tables: tuple[FlagTable, ...] = (self.spec.flags, self.grammar.flags)
        if self.grammar.globals_first and self.verb in self.grammar.verbs:
            tables = tables[:1]
        for table in tables:
            if name in table:
                return [table[name]]
        if self.grammar.style != "gnu" or len(name) < 3:
            return []
        if name.startswith("--no-"):
            positive = self._lookup("--" + name[5:])
            if positive and positive[0].takes != "value":
                return [FlagSpec(positive[0].name, "none", "-")]
            return []
        return _abbreviated(name, tables)

    def _take(self, spec: FlagSpec, given: str | None) -> None:
        if spec.takes == "value" and given is None:
            if self.at >= len(self.words):
                self._trouble(f"{spec.name} lacks its value", opaque=False)
                return
            given = self.words[self.at]
            self.at += 1
        self._add(spec, given)

    def _add(self, spec: FlagSpec, value: str | None) -> None:
        if spec.mark == "-":
            self.flags.append(Flag(spec.name, "false"))
            return
        if spec.takes == "none" and value is not None:
            value = "false" if value in _FALSE else "true" if value in _TRUE else value
        if spec.integer and value is not None:
            value = go_integer(value)
        self.flags.append(Flag(spec.name, value))
        if spec.mark == "!" and value != "false":
            self._trouble(f"{spec.name} can run or reach what the words don't show", opaque=True)

    def _cluster(self, word: str) -> None:
        position = 1
        while position < len(word):
            name = f"-{word[position]}"
            found = self._lookup(name)
            rest = word[position + 1 :]
            if not found:
                self._unknown(word if position == 1 else name, None)
                if position == 1:
                    self._unsure(word)
                    return
                position += 1
                continue
            spec = found[0]
            if spec.takes == "none" and not (self.grammar.style == "pflag" and rest[:1] == "="):
                self._add(spec, None)
                position += 1
                continue
            if self.grammar.style == "pflag" and rest.startswith("="):
                rest = rest[1:]
                self._add(spec, rest)
            elif rest or spec.takes == "optional":
                self._add(spec, rest or None)
            else:
                self._take(spec, None)
            return

    def _unsure(self, word: str) -> None:
        """Read the letters behind one not known here: a value of it, or flags that destroy."""
        if "w" not in self.spec.risks:
            return
        found = [spec for letter in word[2:] for spec in self._lookup(f"-{letter}")]
        for spec in found:
            self._trouble(f"{word[:40]} is not a flag known here", opaque=True)
            if spec.takes == "none" and spec.name != "--dry-run":
                self._add(spec, None)

    def _unknown(self, name: str, value: str | None) -> None:
        self.flags.append(Flag(name, value))
        # Only a tool whose reading flags are all listed can tell a strange one; a short one fails.
        if self.grammar.style == "pflag" and "w" not in self.spec.risks and name[:2] == "--":
            self._trouble(f"{name[:40]} is not a flag known here", opaque=True)
        if self.grammar.verbs and "" not in self.grammar.verbs and not self.verb:
            self._trouble(f"{name} before the verb is not a flag known here", opaque=True)

    def _trouble(self, problem: str, *, opaque: bool) -> None:
        self.problem = self.problem or problem
        self.opaque = self.opaque or opaque

    def _check_verb(self) -> None:
        grammar = self.grammar
        if "" in grammar.verbs or grammar.free_verbs or self.verb in grammar.verbs:
            return
        if not self.words or (not self.verb and not self.operands and _asks_help(self.flags)):
            self.spec = Verb("r")
            return
        shown = " ".join((self.verb, *self.operands[:1])).strip()
        reason = f"{grammar.tool} has no verb {shown[:40]!r} known here" if shown else "no verb"
        self._trouble(reason, opaque=True)

    def _sum(self) -> str:
        letters = self.spec.risks
        if not self.flags:
            return letters
        marks: Mapping[str, str] = {
            spec.name: spec.mark
            for table in (self.grammar.flags, self.spec.flags)
            for spec in table.values()
            if spec.mark == "^"
        }
        last = {flag.name: flag.value for flag in self.flags}
        if any(name in marks and value != "false" for name, value in last.items()):
            letters += "d"
        return letters


def _asks_help(flags: list[Flag]) -> bool:
    return any(flag.name in {"--help", "-h", "--version", "-help", "-version"} for flag in flags)


def _abbreviated(name: str, tables: tuple[FlagTable, ...]) -> list[FlagSpec]:
    found = {
        spec.name: spec
        for table in tables
        for long, spec in table.items()
        if long.startswith("--") and long.startswith(name)
    }
    return list(found.values())
