"""Condition: a small expression on the results of earlier steps, read without running anything."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_WRAPPED: Final = re.compile(r"^\s*(?:\$\{\{?|\{\{)(?P<inside>.*?)\}?\}\s*$", re.DOTALL)
_STEP: Final = re.compile(r"\bsteps\.(?P<name>[a-z0-9][a-z0-9-]*)")
_STRING: Final = re.compile(r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")
_WORDS: Final = (
    (re.compile(r"&&"), " and "),
    (re.compile(r"\|\|"), " or "),
    (re.compile(r"!(?!=)"), " not "),
    # Binds closer than a comparison, as `contains` should, and is no operator of ours otherwise.
    (re.compile(r"\bcontains\b"), " @ "),
    (re.compile(r"\btrue\b"), "True"),
    (re.compile(r"\bfalse\b"), "False"),
    (re.compile(r"\bnull\b"), "None"),
)
_COMPARES: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
_ROOTS: Final = ("steps", "state", "task")
# What a condition can look at of a step.
FIELDS: Final = ("ok", "status", "exit_code", "output", "result", "why")
_LONGEST: Final = 2_000
_SHOWN: Final = 120


class UnreadableCondition(ValueError):
    """A condition is no expression of the allowed kind; the message says what is wrong."""


class Condition:
    """An expression such as `steps.test.ok and not (steps.lint.output contains "error")`."""

    def __init__(self, text: str) -> None:
        """Read a condition; raises UnreadableCondition."""
        self.text = text
        if len(text) > _LONGEST:
            raise UnreadableCondition(f"a condition has at most {_LONGEST:,} characters")
        try:
            self._tree = ast.parse(_plain(text), mode="eval").body
            _check(self._tree)
        except UnreadableCondition:
            raise
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise UnreadableCondition(f"'{_short(text)}' is no condition") from None

    def steps(self) -> frozenset[str]:
        """Name the steps whose results it looks at."""
        return frozenset(name for node in ast.walk(self._tree) if (name := _step(node)))

    def fields(self) -> frozenset[str]:
        """Name what it looks at of the steps: `ok`, `output` and so on."""
        return frozenset(
            node.attr
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Attribute) and _step(node.value)
        )

    def wants_all(self) -> bool:
        """Say whether it looks at the fields of all results together (`state.name`)."""
        return any(
            isinstance(node, ast.Name) and node.id == "state" for node in ast.walk(self._tree)
        )

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Evaluate it; `values` gives `steps`, `state` and `task`.

        Raises UnreadableCondition where values can't be compared.
        """
        try:
            return bool(_value(self._tree, values))
        except (TypeError, KeyError, IndexError, RecursionError):
            why = "it compares what can't be compared, or what is not there"
            raise UnreadableCondition(f"'{_short(self.text)}' can't be worked out: {why}") from None


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _plain(text: str) -> str:
    wrapped = _WRAPPED.match(text)
    pieces = _STRING.split(wrapped["inside"] if wrapped else text)
    for place in range(0, len(pieces), 2):
        piece = _STEP.sub(r'steps["\g<name>"]', pieces[place])
        for pattern, word in _WORDS:
            # The names put into brackets just now are strings: leave them alone.
            piece = "".join(
                part if odd % 2 else pattern.sub(word, part)
                for odd, part in enumerate(_STRING.split(piece))
            )
        pieces[place] = piece
    return "".join(pieces).strip()


def _check(node: ast.expr) -> None:  # noqa: C901 one arm a kind of node
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                _check(value)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            _check(operand)
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            _check(left)
            _check(right)
        case ast.Compare(left=left, ops=ops, comparators=others):
            if any(type(op) not in _COMPARES for op in ops):
                raise UnreadableCondition("conditions know == != < <= > >= in, not in, contains")
            for value in (left, *others):
                _check(value)
        case ast.Name(id=name):
            if name not in _ROOTS:
                raise UnreadableCondition(f"'{name}' is unknown, there are {', '.join(_ROOTS)}")
        case ast.Attribute(value=value):
            _check(value)
        case ast.Subscript(value=value, slice=ast.Constant()):
            _check(value)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            for value in elements:
                _check(value)
        case ast.Constant(value=str() | int() | float() | bool() | None):
            pass
        case _:
            raise UnreadableCondition("a condition compares results; it calls and computes nothing")


def _step(node: ast.AST) -> str:
    """Give the name of the step that a node is, empty for another."""
    match node:
        case (
            ast.Subscript(value=ast.Name(id="steps"), slice=ast.Constant(value=str(name)))
            | ast.Attribute(value=ast.Name(id="steps"), attr=name)
        ):
            return name
        case _:
            return ""


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:  # noqa: C901 as _check
    match node:
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(part, values) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_value(part, values) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, values)
        case ast.UnaryOp(operand=operand):
            return -_value(operand, values)
        case ast.BinOp(left=left, right=right):
            return str(_value(right, values)) in (_value(left, values) or "")
        case ast.Compare(left=left, ops=ops, comparators=others):
            return _compared(_value(left, values), ops, [_value(one, values) for one in others])
        case ast.Attribute(value=value, attr=name):
            return _member(_value(value, values), name)
        case ast.Subscript(value=value, slice=ast.Constant(value=name)):
            return _member(_value(value, values), name)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [_value(element, values) for element in elements]
        case ast.Name(id=name):
            return values.get(name)
        case ast.Constant(value=value):
            return value
    raise UnreadableCondition("a condition compares results; it calls and computes nothing")


def _compared(left: Any, ops: list[ast.cmpop], others: list[Any]) -> bool:
    for op, right in zip(ops, others, strict=True):
        if not _COMPARES[type(op)](left, right):
            return False
        left = right
    return True


def _member(holder: Any, name: Any) -> Any:
    """Give a member of a mapping or list, None where there is none."""
    if isinstance(holder, Mapping):
        return holder.get(name)
    if isinstance(holder, list) and isinstance(name, int) and -len(holder) <= name < len(holder):
        return holder[name]
    return None
