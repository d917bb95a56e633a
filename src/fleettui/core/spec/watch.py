"""What a monitor watches: one rule a thing, and the condition under which it raises an alert."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, NamedTuple

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from fleettui.core.spec.limits import size
from fleettui.core.spec.shape import Name, Seconds, Shape, seconds

Severity = Literal["warning", "critical"]
Recovery = Literal["restart", "rollback", "pause", "message", "ask"]
Compared = Literal["number", "size", "duration", "percent", "state"]
# What can be watched, and what can be said of each in `when`.
QUANTITIES: Final[dict[str, dict[str, Compared]]] = {
    "process": {"count": "number", "cpu": "percent", "memory": "size"},
    "agent": {"state": "state", "stalled": "duration", "idle": "duration"},
    "log": {},
    "url": {"status": "number", "latency": "duration"},
    "metrics": {},
    "disk": {"free": "percent", "used": "percent"},
    "machine": {"load1": "number", "load5": "number", "load15": "number", "memory": "percent",
                "cpu": "percent"},
}  # fmt: skip
# What raises an alert where a rule does not say.
USUAL: Final = {"process": "count < 1", "agent": "state == failed", "url": "status >= 400"}
RECOVERS_AGENT: Final = frozenset({"restart", "rollback", "pause", "message"})
_WHEN: Final = re.compile(r"\s*(?P<left>\S.*?)\s*(?P<sign><=|>=|==|!=|<|>)\s*(?P<right>\S.*?)\s*\Z")
_METRIC: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{(?P<labels>[^{}]*)\})?\Z")
_LABEL: Final = re.compile(r'\s*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"(?P<value>[^"]*)"\s*(,|\Z)')


class When(NamedTuple):
    """A condition read: `left` is a quantity or a metric's name, `labels` what a metric has."""

    left: str
    sign: str
    right: float | str
    labels: tuple[tuple[str, str], ...] = ()

    def holds(self, value: float | str) -> bool:
        """Say whether a value meets it."""
        match self.sign:
            case "==":
                return value == self.right
            case "!=":
                return value != self.right
        assert isinstance(value, (int, float))
        assert isinstance(self.right, (int, float))
        match self.sign:
            case "<":
                return value < self.right
            case "<=":
                return value <= self.right
            case ">":
                return value > self.right
            case _:
                return value >= self.right


def read_when(kind: str, text: str) -> When:
    """Read a condition on a kind of thing; raises ValueError that says what is wrong."""
    match = _WHEN.match(text)
    if match is None:
        raise ValueError(f"'{text}' is no condition: write a quantity, < <= > >= == != and a value")
    left, sign, right = match["left"], match["sign"], match["right"]
    if kind == "metrics":
        return _metric(left, sign, right)
    known = QUANTITIES[kind]
    if left not in known:
        raise ValueError(f"'{left}' can't be said of a {kind}: there are {', '.join(known)}")
    compared = known[left]
    if compared == "state":
        if sign not in {"==", "!="}:
            raise ValueError("a state is compared with == or !=")
        return When(left, sign, right)
    return When(left, sign, _value(compared, right))


def _metric(left: str, sign: str, right: str) -> When:
    match = _METRIC.match(left)
    if match is None:
        raise ValueError(f"'{left}' is no metric: write name or name{{label=\"value\"}}")
    found, text = [], match["labels"] or ""
    while text.strip():
        label = _LABEL.match(text)
        if label is None:
            raise ValueError(f"'{text}' is no label: write name=\"value\"")
        found.append((label["name"], label["value"]))
        text = text[label.end() :]
    return When(left.partition("{")[0], sign, _value("number", right), tuple(found))


def _value(compared: Compared, text: str) -> float:
    try:
        match compared:
            case "duration":
                return float(str(seconds(text)))
            case "size":
                return float(str(size(text)))
            case "percent":
                return float(text.removesuffix("%"))
            case _:
                return float(text)
    except PydanticCustomError as error:
        raise ValueError(error.message()) from error
    except ValueError as error:
        raise ValueError(f"'{text}' is no {compared}") from error


class Watched(Shape):
    """A process to look for, by its name or by the number in a file."""

    name: str | None = Field(default=None, min_length=1, description="Its program's name.")
    pid_file: str | None = Field(
        default=None, min_length=1, description="File in the workspace that holds its number."
    )


class WatchRule(Shape):
    """One thing that is watched, and what follows."""

    name: Name = Field(description="Its name among the monitor's rules.")
    process: Watched | None = Field(default=None, description="A process; text is its name.")
    agent: str | None = Field(default=None, min_length=1, description="An agent, or `*` for all.")
    log: str | None = Field(default=None, min_length=1, description="A log file of the workspace.")
    url: str | None = Field(default=None, min_length=1, description="An address to ask for.")
    metrics: str | None = Field(
        default=None, min_length=1, description="An address with metrics as Prometheus reads them."
    )
    disk: str | None = Field(default=None, min_length=1, description="A folder of a disk.")
    machine: Literal[True] | None = Field(default=None, description="This machine.")
    when: str | None = Field(
        default=None, min_length=1, description="What raises the alert, as `cpu > 90`."
    )
    pattern: str | None = Field(
        default=None,
        min_length=1,
        description="Regular expression: a log's line that raises it, or what a page must have.",
    )
    severity: Severity = Field(default="warning", description="How bad it is.")
    dwell: Seconds | None = Field(
        default=None, description="How long it must hold before it is raised."
    )
    cooldown: Seconds = Field(
        default=60.0, description="How long it must be over before it is cleared."
    )
    do: Recovery | None = Field(default=None, description="What is done when it is raised.")
    target: str | None = Field(
        default=None, min_length=1, description="The agent it is done to; else the one it is about."
    )
    text: str | None = Field(
        default=None, min_length=1, description="What a message or a question says."
    )
    at_most: int = Field(default=3, ge=1, le=100, description="How often it is done...")
    within: Seconds = Field(default=600.0, description="...in this time; then a person is asked.")

    @model_validator(mode="before")
    @classmethod
    def _read_forms(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("process"), str):
            return {**value, "process": {"name": value["process"]}}
        return value

    @property
    def kind(self) -> str:
        """Name what kind of thing is watched."""
        return next(name for name in QUANTITIES if getattr(self, name) is not None)

    @property
    def condition(self) -> When | None:
        """Give the condition, None where the pattern alone decides."""
        text = self.when or ("" if self.pattern else USUAL.get(self.kind, ""))
        return read_when(self.kind, text) if text else None
