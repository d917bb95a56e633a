"""Every command and question of the door with values of every kind, made from their fields.

A field that has no values here fails: so a new command can't be forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, get_args, get_origin
from uuid import uuid4

import msgspec
from msgspec.structs import fields

from fleettui.core.commands.operator import OperatorCommand
from fleettui.core.model import Payload, PlannedStep
from fleettui.core.state.fleet import FleetState
from fleettui.core.tenancy import fleet_id
from fleettui.core.views.queries import AnyQuery, Query
from tests.seals.organisations import Organisation, Place

COMMANDS: tuple[type, ...] = get_args(OperatorCommand)
QUERIES: tuple[type, ...] = get_args(AnyQuery)
NASTY = (
    "a.b", "a*", ">", "*", "../b", "A", "a%2eb", "caf\u00e9", "cafe\u0301", "n" * 5000,
    "a\x00b", "a\x1b[2Jb", "a\nb", "a b", "a@b@c", "@", "a@", "@a", "a/b", "tenant:nix",
    "a\u202eb", "web@default", "web@ACME", "web@nix/one", ".", "-a", "a-", "_shared",
)  # fmt: skip
# Least role of each command, written down apart from the code; a new one must be thought about.
LEAST: Mapping[str, str] = {
    **dict.fromkeys(
        [
            "OpenFleet",
            "StopFleet",
            "StartRun",
            "CancelRun",
            "HoldRun",
            "ReleaseRun",
            "ResumeRun",
            "EditPlan",
            "MoveAgent",
            "MakeCheckpoint",
            "RollBack",
            "ForkAgent",
            "MergeAgent",
            "RemoveWorkspace",
            "SendMessage",
            "RetryMessage",
            "DropMessage",
            "MoveMessage",
            "HoldMessage",
            "ReleaseMessage",
            "RestoreMessage",
            "ForgetEntry",
            "HoldTenant",
            "ReleaseTenant",
            "DropRequest",
            "HoldRequest",
            "ReleaseRequest",
            "MoveRequest",
            "RetryRequest",
            "SendToFlow",
        ],
        "operator",
    ),
    **dict.fromkeys(
        [
            "Approve",
            "Deny",
            "Withdraw",
            "EditAction",
            "ExtendExpiry",
            "RevokeRule",
            "OverrideBallot",
        ],
        "approver",
    ),
    **dict.fromkeys(["HoldAll", "ReleaseAll", "UseFlows"], "admin"),
}
# What asks git or holds a whole tenant: not as often as the others.
DEAR = frozenset(
    [
        "OpenFleet",
        "StartRun",
        "MakeCheckpoint",
        "RollBack",
        "ForkAgent",
        "MergeAgent",
        "RemoveWorkspace",
        "ReadWorkspaces",
        "ReadDiff",
        "ReadCheckpoints",
        "PreviewRollback",
        "SendMessage",
        "SendToFlow",
        "RetryMessage",
        "RetryRequest",
        "ResumeRun",
        "HoldTenant",
        "StopFleet",
        "MoveAgent",
        "ReadMetrics",
        "ReadEvents",
        "ReadLog",
        "ReadBoard",
    ]
)
Kind = Literal["own", "foreign", "absent", "nasty"]


@dataclass(frozen=True)
class Operation:
    """What is asked; `twin` is the same with what is nowhere in place of what is another's."""

    thing: Any
    twin: Any
    foreign: tuple[tuple[str, str], ...]
    given: tuple[str, ...]
    elsewhere: bool

    @property
    def name(self) -> str:
        return type(self.thing).__name__


class Making:
    """Makes the operations of one member."""

    def __init__(self, place: Place, mine: Organisation, chance: Random) -> None:
        self._place, self._mine, self._chance = place, mine, chance
        self._others = [one for one in place.organisations.values() if one is not mine]
        self._foreign: list[tuple[str, str]] = []
        self._given: list[str] = []
        self._elsewhere = False

    @property
    def foreign(self) -> Sequence[tuple[str, str]]:
        """What of another's was named so far, each with a name of nothing."""
        return self._foreign

    @property
    def given(self) -> Sequence[str]:
        """The same as it was given, which may be said back."""
        return self._given

    def make(self) -> Operation:
        """Make one at random."""
        some = self._chance.choices((COMMANDS, QUERIES), (1, 2))[0]
        weights = [0.1 if one.__name__ in DEAR else 1.0 for one in some]
        return self.of(self._chance.choices(some, weights)[0])

    def of(self, kind: type) -> Operation:
        """Make one of a kind."""
        self._foreign, self._given, self._elsewhere = [], [], False
        values = {one.name: self._value(kind, one) for one in fields(kind)}
        thing = kind(**values)
        twin = kind(**{name: self._absent(value) for name, value in values.items()})
        return Operation(thing, twin, tuple(self._foreign), tuple(self._given), self._elsewhere)

    def _absent(self, value: Any) -> Any:
        return next((there for here, there in self._foreign if here == value), value)

    def _value(self, kind: type, field: msgspec.structs.FieldInfo) -> Any:
        make = _FIELDS.get((kind.__name__, field.name)) or _FIELDS.get(field.name)
        if make is not None:
            return make(self)
        if get_origin(field.type) is Literal:
            return self._chance.choice(get_args(field.type))
        if field.type is bool:
            return self._chance.random() < 0.5
        raise AssertionError(f"{kind.__name__}.{field.name} has no values in tests/seals")

    # --- references ------------------------------------------------------------------------------

    def _kind(self) -> Kind:
        kinds: tuple[Kind, ...] = ("own", "foreign", "absent", "nasty")
        return self._chance.choices(kinds, (10, 5, 1, 2))[0]

    def _reference(self, of: Callable[[Organisation], Sequence[str]], absent: str) -> str:
        kind, absent = self._kind(), absent.replace("UNIQUE", uuid4().hex[:8])
        other = self._chance.choice(self._others)
        if kind == "foreign" and (there := of(other)):
            # What happens to be called the same here is not another's.
            found = self._chance.choice(there)
            if _is_of(other, found) and found not in of(self._mine):
                self._foreign.append((found, absent))
                self._given.append(found)
                return found
        if kind == "nasty":
            return self._chance.choice(NASTY)
        mine = of(self._mine)
        return self._chance.choice(mine) if kind == "own" and mine else absent

    def states(self, one: Organisation) -> Sequence[FleetState]:
        return [s for s in self._place.house.engine.fleets() if s.tenant == one.name and s.id]

    def fleet(self) -> str:
        def names(one: Organisation) -> list[str]:
            ids = [state.id for state in self.states(one)]
            return [*ids, "web"] if one is self._mine else ids

        if self._chance.random() < 0.05:
            # Questions about a budget are of the tenant itself.
            found = self.tenant()
            whole = [(f"tenant:{here}", f"tenant:{there}") for here, there in self._foreign]
            self._foreign += whole
            return f"tenant:{found}"
        found = self._reference(names, "none@UNIQUE")
        self._elsewhere |= any(found == here for here, _ in self._foreign)
        return found

    def some_fleet(self) -> str:
        return "" if self._chance.random() < 0.3 else self.fleet()

    def new_fleet(self) -> str:
        choices = ("", "", fleet_id(self._mine.name, "web"), fleet_id("globex", "web"), *NASTY)
        return self._chance.choice(choices)

    def tenant(self) -> str:
        found = self._reference(lambda one: [one.name], "nobody-UNIQUE")
        self._elsewhere |= any(found == here for here, _ in self._foreign)
        return found

    def agent(self) -> str:
        return self._reference(
            lambda one: sorted({name for s in self.states(one) for name in s.agents}),
            "nobody-UNIQUE",
        )

    def of_fleets(self, what: str) -> str:
        """Name one of the things that fleets have under a name, as `fleet/12`."""
        return self._reference(
            lambda one: [name for s in self.states(one) for name in getattr(s, what)][-300:],
            "none@UNIQUE/1",
        )

    def checkpoint(self) -> str:
        return self._reference(
            lambda one: [
                name
                for s in self.states(one)
                for agent in s.agents.values()
                for name in agent.checkpoints
            ],
            "none@UNIQUE/1",
        )

    def request(self) -> str:
        # They are numbered in each tenant: the number of another is one's own, or of nobody.
        own = list(self._place.house.engine.tenant(self._mine.name).requests.all)
        return self._chance.choice([*own, "r99999", *NASTY])

    def flow(self) -> str:
        return self._reference(lambda one: [f"f-{one.word}"], "f-UNIQUE")

    def plain_flow(self) -> str:
        """Name a flow without its word: a name that nobody takes is noted among one's own."""
        return self._reference(lambda one: [f"flow-of-{one.name}"], "f-UNIQUE")

    def text(self) -> str:
        return f"{self._chance.random()} of {self._mine.word}"

    def payload(self) -> Payload:
        """Give a text, or the name of a stored one: an own one, another's, or nobody's."""
        chosen = self._reference(self._blobs, "0" * 56 + "UNIQUE")
        if len(chosen) == 64 and set(chosen) <= set("0123456789abcdef"):
            return Payload("stolen", 9000, chosen)
        return Payload(self.text())

    def _blobs(self, one: Organisation) -> list[str]:
        return [run.task.blob for s in self.states(one) for run in s.runs.values() if run.task.blob]

    def path(self) -> str:
        mine = self._mine.folder
        return str(mine / self._chance.choice(["web.yaml", f"{self._mine.word}.yaml", "no.yaml"]))

    def choice(self, *some: Any) -> Any:
        return self._chance.choice(some)

    @property
    def mine(self) -> Organisation:
        return self._mine

    @property
    def url(self) -> str:
        return self._place.server.url


def plain(text: str, names: Iterable[str]) -> str:
    """Take names out of a text, where each stands as a whole."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![\w@-]){re.escape(name)}(?![\w@-])", "_", text)
    return text


def _is_of(one: Organisation, name: str) -> bool:
    """Say whether a name can only be a tenant's: by its word, its id, or a digest of its text."""
    own = {one.name, f"flow-of-{one.name}"}
    return one.mark in name or f"@{one.name}/" in f"{name}/" or name in own or len(name) == 64


_FIELDS: dict[Any, Callable[[Making], Any]] = {
    "fleet": Making.fleet,
    ("OpenFleet", "fleet"): Making.new_fleet,
    "tenant": Making.tenant,
    ("ReadMetrics", "tenant"): Making.tenant,
    "agent": Making.agent,
    "to": Making.agent,
    ("ForkAgent", "name"): lambda m: m.choice("", "", f"f-{m.mine.word}", *NASTY),
    "checkpoint": Making.checkpoint,
    "message": lambda m: m.of_fleets("messages"),
    "action": lambda m: m.of_fleets("actions"),
    "item": lambda m: m.of_fleets("actions"),
    "ballot": lambda m: m.of_fleets("ballots"),
    "run": lambda m: m.of_fleets("runs"),
    "rule": lambda m: m.of_fleets("rules"),
    "request": Making.request,
    ("StartRun", "request"): lambda m: "",
    "flow": Making.flow,
    ("SendToFlow", "flow"): Making.plain_flow,
    "path": Making.path,
    "workspace": lambda m: str(m.mine.workspace),
    "choose": lambda m: m.choice("", "", *NASTY),
    "environment": lambda m: m.mine.environment(m.url),
    "task": Making.payload,
    "body": Making.payload,
    "base": lambda m: m.choice("", "HEAD", *NASTY),
    "record": lambda m: "",
    "replay": lambda m: "",
    "seed": lambda m: m.choice("", m.mine.word),
    "items": lambda m: (),
    "key": lambda m: m.choice("", "what", f"k-{m.mine.word}", "x\x00"),
    "why": Making.text,
    "reason": Making.text,
    "text": lambda m: m.choice(m.text(), m.mine.mark),
    "verdict": lambda m: m.choice("approve", "reject", m.mine.word),
    "version": lambda m: m.choice(1, 1, 2, 99),
    "digest": lambda m: m.choice("", "0" * 64),
    "nonce": lambda m: "n",
    "argv": lambda m: m.choice(("echo", m.mine.word), (), ("env",)),
    "facts": lambda m: None,
    "merge": lambda m: None,
    "seconds": lambda m: m.choice(60.0, 0.0, -1.0),
    "steps": lambda m: (PlannedStep(m.text(), "", m.agent()),),
    "platform": lambda m: m.choice("manual", "slack", *NASTY),
    "channel": lambda m: m.choice("", f"c-{m.mine.word}"),
    "user": lambda m: m.choice("", f"u-{m.mine.word}"),
    "event": lambda m: "",
    "folder": lambda m: str(m.mine.folder / "flows"),
    "agents": lambda m: "",
    "fleets": lambda m: "",
    "most": lambda m: m.choice(1, 50, 500),
    "after": lambda m: m.choice(0, 0, 10),
    **{(kind.__name__, "fleet"): Making.some_fleet for kind in QUERIES if issubclass(kind, Query)},
}
