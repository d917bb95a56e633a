"""A command after its tool's grammar read it: tool, verb, flags, operands."""

from __future__ import annotations

import msgspec

from fleettui.core.model import Risk

RISK_LETTERS: dict[str, Risk] = {
    "r": "read",
    "w": "write",
    "n": "network",
    "s": "secret",
    "d": "destructive",
}


class Flag(msgspec.Struct, frozen=True):
    """A flag by its canonical name; `value` is None where it takes none."""

    name: str
    value: str | None = None


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a command says, however it was spelled.

    `risks` are letters of RISK_LETTERS. `problem` says why the effect can't be known from the
    words; `opaque` that no rule with a `*` may allow it, `unknown` that only an exact or named
    rule may. `kinds` are the object types a verb names (kubectl), None where they stand in a file.
    """

    tool: str
    verb: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    operands: tuple[str, ...] = ()
    kinds: tuple[str, ...] | None = ()
    words: tuple[str, ...] = ()
    risks: str = ""
    problem: str = ""
    opaque: bool = False

    def flag(self, *names: str) -> Flag | None:
        """Return the last flag of that name: the one the tool obeys."""
        for flag in reversed(self.flags):
            if flag.name in names:
                return flag
        return None

    def has(self, *names: str) -> bool:
        """Say whether one of the flags is on."""
        return any(
            (flag := self.flag(name)) is not None and flag.value != "false" for name in names
        )

    def value(self, *names: str) -> str:
        """Return a flag's value, '' where it isn't given."""
        flag = self.flag(*names)
        return (flag.value or "") if flag is not None else ""

    def all(self, *names: str) -> tuple[str, ...]:
        """Return every value of a flag that may be repeated."""
        return tuple(flag.value or "" for flag in self.flags if flag.name in names)

    def marked(self, *, risks: str = "", problem: str = "", opaque: bool = False) -> Parsed:
        """Return this with more risks, and the first problem kept."""
        more = "".join(letter for letter in risks if letter not in self.risks)
        return msgspec.structs.replace(
            self,
            risks=self.risks + more,
            problem=self.problem or problem,
            opaque=self.opaque or opaque,
        )


def risk_names(letters: str) -> tuple[Risk, ...]:
    """Return the risks of these letters, mildest first."""
    return tuple(name for letter, name in RISK_LETTERS.items() if letter in letters)
