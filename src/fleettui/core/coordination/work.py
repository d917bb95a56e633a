"""Work: what a mode decides in one go, as events in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from fleettui.core.events import (
    AgentMoved,
    AnyEvent,
    PartMoved,
    PartsPlanned,
    RunFinished,
    TurnCancelled,
    TurnOpened,
)
from fleettui.core.model import AgentStatus, Given, Part, PartKind, PartStatus, Payload, RunStatus
from fleettui.core.spec.known import SIDE_BY_SIDE
from fleettui.core.state.fleet import FleetState, PartState, RunState
from fleettui.core.state.names import Names

# An agent without a turn can take one in these states; `working` is one whose turn just ended.
ABLE: Final[frozenset[AgentStatus]] = frozenset({"idle", "working", "waiting", "paused", "failed"})
OPEN: Final = frozenset({"open", "retrying"})


class Work:
    """Collects the events of one step of a mode; the state has none of them yet."""

    def __init__(self, state: FleetState, run: RunState) -> None:
        self.state, self.run = state, run
        self.events: list[AnyEvent] = []
        self._names = Names(state)
        self._taken: list[str] = []

    def name(self) -> str:
        """Give the next id; whatever is named must be in an event of this work."""
        return self._names.next()

    def add(self, *events: AnyEvent) -> None:
        self.events += events

    def part(self, kind: PartKind, name: str, **more: Any) -> Part:
        """Make a part with an id; it counts once it is planned."""
        return Part(self.name(), kind, name, **more)

    def plan(self, parts: Iterable[Part], by: str = "") -> None:
        """Add parts to the run; they begin in the step that follows."""
        planned = tuple(parts)
        if planned:
            self.add(PartsPlanned(self.run.id, planned, by))

    def is_free(self, agent: str) -> bool:
        """Say whether an agent can take a turn now, or one more."""
        found = self.state.agents.get(agent)
        if found is None or found.status not in ABLE:
            return False
        if not found.turns and agent not in self._taken:
            return True
        many = self._capacities.get(found.entry, 1)
        return many > 1 and len(found.turns) + self._taken.count(agent) < many

    @cached_property
    def _capacities(self) -> Mapping[str, int]:
        """How many turns an instance of an entry can have at a time, where that is not one."""
        assert self.state.spec is not None
        return {
            entry.name: entry.spec.max_concurrent_tasks
            for entry in self.state.spec.spec.agents
            if entry.spec is not None and entry.spec.type in SIDE_BY_SIDE
        }

    def share(self, agent: str) -> int:
        """Count the turns of the run that an agent got."""
        return self.run.shares.get(agent, 0) + self._taken.count(agent)

    def last(self) -> str:
        """Give who got the last turn of the run, empty before the first."""
        if self._taken:
            return self._taken[-1]
        return self.state.turns[self.run.turns[-1]].agent if self.run.turns else ""

    def is_gone(self, agent: str) -> bool:
        """Say whether an agent can't take a turn however long one waits."""
        found = self.state.agents.get(agent)
        return found is None or found.status in {"stopping", "stopped"}

    def open(
        self,
        part: PartState,
        agent: str,
        prompt: Payload,
        *,
        given: Sequence[Given] = (),
        ballot: str = "",
        model: str = "",
        instructions: str = "",
        due: float = 0.0,
    ) -> None:
        """Give a part to a free agent."""
        self._taken.append(agent)
        turn = self.name()
        self.add(
            TurnOpened(
                turn, self.run.id, agent, prompt, part.id, ballot, tuple(given), model,
                instructions, due,
            )
        )  # fmt: skip
        found = self.state.agents[agent]
        if found.status != "paused" and not (found.status == "waiting" and found.turns):
            self.add(AgentMoved(agent, "working", f"{part.kind} {part.name}"))

    def move(
        self,
        part: PartState,
        to: PartStatus,
        why: str = "",
        *,
        output: Payload | None = None,
        due: float = 0.0,
    ) -> None:
        self.add(PartMoved(self.run.id, part.id, to, why, output, due))

    def cancel(self, part: PartState, why: str) -> None:
        """End a part that goes on or waits, with its turn."""
        self.move(part, "cancelled", why)
        turn = self.state.turns.get(part.turn)
        if turn is not None and turn.status in OPEN:
            self.add(TurnCancelled(turn.id, why))

    def finish(
        self,
        status: RunStatus,
        reason: str = "",
        output: Iterable[PartState] = (),
        sources: Iterable[str] = (),
    ) -> None:
        """End the run; its output is that of these parts, in this order, and a list of sources."""
        cited = (Given(" ".join(source.split())[:160], "") for source in sources)
        self.add(RunFinished(self.run.id, status, reason, (*handed(output), *cited)))


def handed(parts: Iterable[PartState]) -> list[Given]:
    """Name the outputs of parts, to hand them on."""
    return [Given(title(part), part.id) for part in parts]


def title(part: PartState) -> str:
    """Say whose output a part's is."""
    return part.name if part.agent in {"", part.name} else f"{part.name} ({part.agent})"


def done(parts: Iterable[PartState]) -> list[PartState]:
    return [part for part in parts if part.status == "done"]


def troubles(parts: Iterable[PartState]) -> str:
    """Say why parts failed, each reason once."""
    whys = [f"{title(part)}: {part.why}" for part in parts if part.status == "failed"]
    return "; ".join(dict.fromkeys(whys))


def with_task(run: RunState, text: str) -> tuple[Payload, tuple[Given, ...]]:
    """Give a prompt of the run's task followed by a text; a large task is handed over whole."""
    task = run.task
    if task.blob:
        return Payload(text, len(text.encode())), (Given("The task", run.id),)
    whole = f"{task.head}\n\n{text}".strip()
    return Payload(whole, len(whole.encode())), ()
