"""FleetState and its parts: everything the rules need to know, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from fleettui.core.ballot import Rule, Verdict, Vote
from fleettui.core.errors import NotFound
from fleettui.core.grounds import Ground, LeftOut, Merge, RollbackPart
from fleettui.core.memory import MemoryState
from fleettui.core.model import (
    ActionStatus,
    AgentStatus,
    Facts,
    Finding,
    Given,
    Item,
    MessageKind,
    MessageStatus,
    Part,
    PartKind,
    PartStatus,
    Payload,
    Plan,
    Priority,
    Risk,
    RunStatus,
    ToolCall,
    Usage,
)
from fleettui.core.queue import Mailbox
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.fleet import AgentEntry, FleetFile
from fleettui.core.supervision import Crashes
from fleettui.core.tenancy import DEFAULT

_T = TypeVar("_T")
EntryKind = Literal["prompt", "message", "reply", "result"]


@dataclass(slots=True)
class Entry:
    """One piece of an agent's transcript: what it was told, answered, or got back from a tool."""

    kind: EntryKind
    at: float
    turn: str
    text: Payload
    calls: tuple[ToolCall, ...] = ()
    call: str = ""
    usage: Usage = field(default_factory=Usage)
    given: tuple[Given, ...] = ()
    # How many characters of a message's text say who sent it.
    lead: int = 0
    # A reply that its agent had not come to its end with.
    more: bool = False


@dataclass(slots=True)
class LogLine:
    """Something worth showing in an agent's log that is not part of its transcript."""

    at: float
    kind: Literal["ask", "vote", "note", "error", "check", "tool", "out"]
    text: str
    turn: str = ""


@dataclass(slots=True)
class Bill:
    """Tokens and cost so far; `priced` turns false with the first call of unknown price."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    priced: bool = True
    calls: int = 0

    @property
    def tokens(self) -> int:
        """Give all of them, read and written."""
        return self.input_tokens + self.output_tokens

    def add(self, usage: Usage) -> None:
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.calls += 1
        if usage.cost is None:
            self.priced = False
        else:
            self.cost += usage.cost

    def include(self, other: Bill) -> None:
        """Add another bill to this one."""
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost += other.cost
        self.priced = self.priced and other.priced
        self.calls += other.calls


@dataclass(slots=True)
class CheckpointState:
    """A point in an agent's history: the transcript's list then, and how long it was."""

    id: str
    agent: str
    at: float
    why: str
    seq: int
    line: list[Entry]
    length: int
    tokens: int
    cost: float
    commit: str = ""
    left_out: tuple[LeftOut, ...] = ()
    note: str = ""
    # The session of its own that the agent had then, as long as nothing was said in it since.
    session: str = ""
    # Its files are being kept right now; `action` waits for it.
    pending: bool = False
    action: str = ""


@dataclass(slots=True)
class RollingState:
    """A rollback whose files are on their way back."""

    checkpoint: str
    undo: str
    by: str
    part: RollbackPart


@dataclass(slots=True)
class SeenState:
    """What an action did to the files of a shared folder: commits before and after it."""

    seq: int
    before: str
    after: str
    path: str = ""


@dataclass(slots=True)
class FilesState:
    """An agent's files: where it works, and what is being done with them right now."""

    ground: Ground | None = None
    making: Ground | None = None
    fill: str = ""
    why: str = ""
    # Checkpoints whose files are being kept right now.
    pending: set[str] = field(default_factory=set)
    # Finished turns since the last checkpoint.
    turns: int = 0
    rolling: RollingState | None = None
    merging: Merge | None = None
    # Why the last rollback or merge failed.
    failed: str = ""
    seen: list[SeenState] = field(default_factory=list)
    # What a fork began with: whose, the commit of its files, and from where its work counts.
    fork_of: str = ""
    fork_point: str = ""
    fork_base: str = ""
    fork_start: str = ""


@dataclass(slots=True)
class AgentState:
    """A member of the fleet."""

    id: str
    entry: str
    number: int
    status: AgentStatus = "created"
    since: float = 0.0
    why: str = ""
    transcript: list[Entry] = field(default_factory=list)
    log: list[LogLine] = field(default_factory=list)
    checkpoints: dict[str, CheckpointState] = field(default_factory=dict)
    # Its open turns, the oldest first; most kinds of agents have one at a time.
    turns: dict[str, None] = field(default_factory=dict)
    trouble: str = ""
    bill: Bill = field(default_factory=Bill)
    crashes: Crashes = field(default_factory=Crashes)
    session: str = ""
    files: FilesState = field(default_factory=FilesState)
    # Its program ended for want of work; a message wakes it.
    released: bool = False

    @property
    def turn(self) -> str:
        """Name the oldest open turn, empty for none."""
        return next(iter(self.turns), "")


def session_now(agent: AgentState) -> str:
    """Name the session that stands as it is now; none while its agent is at work in it."""
    return "" if agent.turns else agent.session


@dataclass(slots=True)
class TurnState:
    """One piece of work by one agent."""

    id: str
    run: str
    agent: str
    started: float
    status: Literal["open", "retrying", "finished", "failed", "cancelled"] = "open"
    steps: int = 0
    failures: int = 0
    retry_at: float = 0.0
    asked_again: bool = False
    output: Payload = field(default_factory=lambda: Payload(""))
    reason: str = ""
    finished: float | None = None
    actions: dict[str, str] = field(default_factory=dict)
    part: str = ""
    ballot: str = ""
    model: str = ""
    instructions: str = ""
    plan: Plan | None = None
    sent_back: str = ""
    tokens: int = 0
    # What its task used up, where it failed for that.
    quota: str = ""


@dataclass(slots=True)
class PartState:
    """One part of a run, and how far it is; `turn` is the last one that worked on it."""

    planned: Part
    status: PartStatus = "waiting"
    turn: str = ""
    action: str = ""
    agent: str = ""
    tries: int = 0
    failed_by: tuple[str, ...] = ()
    why: str = ""
    output: Payload = field(default_factory=lambda: Payload(""))
    due: float = 0.0
    started: float = 0.0
    finished: float | None = None
    open_needs: int = 0
    then: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.planned.id

    @property
    def name(self) -> str:
        return self.planned.name

    @property
    def kind(self) -> PartKind:
        return self.planned.kind


@dataclass(slots=True)
class RunState:
    """One coordination of a task."""

    id: str
    task: Payload
    mode: str
    agents: tuple[str, ...]
    by: str
    started: float
    base: str = ""
    record: str = ""
    replay: str = ""
    status: RunStatus = "running"
    reason: str = ""
    finished: float | None = None
    turns: list[str] = field(default_factory=list)
    seed: str = ""
    items: tuple[Item, ...] = ()
    # The try of a request that it was started for.
    request: str = ""
    held_by: str = ""
    parts: dict[str, PartState] = field(default_factory=dict)
    # What could begin: parts that wait and need nothing any more, in the order they were planned.
    ready: dict[str, None] = field(default_factory=dict)
    # What goes on, so that nobody has to walk through all of them.
    going: dict[str, None] = field(default_factory=dict)
    failed: dict[str, None] = field(default_factory=dict)
    # How many turns of the run every agent got.
    shares: dict[str, int] = field(default_factory=dict)
    output: tuple[Given, ...] = ()
    ballot: str = ""
    ballots: list[str] = field(default_factory=list)
    report: str = ""
    report_body: Payload = field(default_factory=lambda: Payload(""))
    bill: Bill = field(default_factory=Bill)

    @property
    def is_task(self) -> bool:
        """Say whether it was given to the fleet itself: not for a request, nor a part of a run."""
        return not self.request and self.seed == self.id


@dataclass(slots=True)
class BallotState:
    """A question to agents and what they answered."""

    id: str
    run: str
    question: str
    rule: Rule
    opened: float
    ends_at: float
    votes: dict[str, Vote] = field(default_factory=dict)
    findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    outputs: dict[str, Payload] = field(default_factory=dict)
    verdict: Verdict | None = None
    overridden_by: str = ""
    override_reason: str = ""
    group: int = 0
    # The time (seconds) it was opened for, without what was added.
    lasts: float = 1.0


@dataclass(slots=True)
class ActionState:
    """One exact thing an agent wants to do, and how far it is."""

    id: str
    turn: str
    run: str
    agent: str
    call: str
    facts: Facts
    digest: str
    nonce: str
    version: int
    why: str
    at: float
    status: ActionStatus = "proposed"
    rule: str = ""
    needs: int = 0
    expires_at: float = 0.0
    always: str = ""
    risks: tuple[Risk, ...] = ()
    approved_by: tuple[str, ...] = ()
    reason: str = ""
    exit_code: int | None = None
    ok: bool = False
    started: float = 0.0
    part: str = ""
    chain: str = ""


@dataclass(slots=True)
class MessageState:
    """A message on its way."""

    id: str
    sender: str
    to: str
    priority: Priority
    body: Payload
    at: float
    status: MessageStatus = "queued"
    tries: int = 0
    why: str = ""
    turn: str = ""
    kind: MessageKind = "direct"
    topic: str = ""
    correlation: str = ""
    due: float = 0.0
    # Where it stands in its line, and who keeps it from being delivered.
    order: int = 0
    held_by: str = ""

    @property
    def box(self) -> str:
        """Name the box it waits in: a question is never part of another turn's conversation."""
        return f"{self.to}?" if self.kind == "question" else self.to

    @property
    def waits(self) -> bool:
        """Say whether nobody has taken it yet."""
        return self.status in {"queued", "returned"}


@dataclass(slots=True)
class AlwaysRule:
    """A rule an operator saved while answering."""

    id: str
    pattern: str
    agent: str
    by: str
    at: float


@dataclass(slots=True)
class AlertState:
    """An alert that is not over; `agent` is the monitor that raised it."""

    agent: str
    rule: str
    subject: str
    severity: Literal["warning", "critical"]
    text: str
    at: float


@dataclass(slots=True)
class FleetState:
    """A fleet, folded from its stream; `seq` is the number of the last event in it."""

    id: str = ""
    tenant: str = DEFAULT
    name: str = ""
    file: str = ""
    workspace: str = ""
    spec: FleetFile | None = None
    policy: str = ""
    warnings: tuple[str, ...] = ()
    stopped: bool = False
    stopping: bool = False
    seq: int = 0
    at: float = 0.0
    number: int = 0
    agents: dict[str, AgentState] = field(default_factory=dict)
    runs: dict[str, RunState] = field(default_factory=dict)
    turns: dict[str, TurnState] = field(default_factory=dict)
    ballots: dict[str, BallotState] = field(default_factory=dict)
    actions: dict[str, ActionState] = field(default_factory=dict)
    open_actions: set[str] = field(default_factory=set)
    messages: dict[str, MessageState] = field(default_factory=dict)
    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    # How many messages wait, also those that are on their way to an agent.
    waiting: int = 0
    # The ledger: what models used and cost, by day (UTC, since the epoch).
    days: dict[int, Bill] = field(default_factory=dict)
    # What was dropped last by hand, and can be restored.
    dropped: dict[str, MessageState] = field(default_factory=dict)
    # Keys of messages whose sender may ask again after a crash, until it knows they were sent.
    sent_keys: set[str] = field(default_factory=set)
    subscriptions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rules: dict[str, AlwaysRule] = field(default_factory=dict)
    log: list[LogLine] = field(default_factory=list)
    memory: MemoryState = ""
    memory_why: str = ""
    # Keys that a person wants forgotten, with who asked, until it is done.
    forgetting: dict[str, str] = field(default_factory=dict)
    alerts: dict[str, AlertState] = field(default_factory=dict)
    # When what a rule wants was done, by monitor and rule.
    recoveries: dict[str, list[float]] = field(default_factory=dict)
    ground: Ground | None = None
    # What is being kept right now: checkpoints, and why they are made.
    keeping: dict[str, str] = field(default_factory=dict)
    # Worktrees of agents that are gone, and those that are being taken away.
    left: dict[str, Ground] = field(default_factory=dict)
    doomed: dict[str, Ground] = field(default_factory=dict)

    # Look-ups that refuse kindly; the rules below speak in nouns, not in KeyErrors.

    def agent(self, name: str) -> AgentState:
        found = self.agents.get(name)
        if found is None:
            raise NotFound(
                f"no agent is named '{name}' in {self.id or 'this fleet'}",
                f"there are: {', '.join(self.agents) or 'none'}",
            )
        return found

    def turn(self, turn: str) -> TurnState:
        return _found(self.turns, turn, "turn")

    def run(self, run: str) -> RunState:
        return _found(self.runs, run, "run")

    def ballot(self, ballot: str) -> BallotState:
        return _found(self.ballots, ballot, "ballot")

    def action(self, action: str) -> ActionState:
        return _found(self.actions, action, "action")

    def message(self, message: str) -> MessageState:
        return _found(self.messages, message, "message")

    def entry_of(self, agent: str) -> AgentEntry:
        """Give the file's entry that an agent is an instance of."""
        assert self.spec is not None
        wanted = self.agent(agent).entry
        return next(entry for entry in self.spec.spec.agents if entry.name == wanted)

    def spec_of(self, agent: str) -> AgentSpec:
        """Give what an agent is."""
        spec = self.entry_of(agent).spec
        assert spec is not None  # a loaded file has it, also for `config:`
        return spec

    def actions_of(self, agent: str) -> Iterator[ActionState]:
        """Give the actions of an agent that are not over."""
        for name in sorted(self.open_actions):
            action = self.actions[name]
            if action.agent == agent:
                yield action

    def part(self, run: str, part: str) -> PartState:
        return _found(self.run(run).parts, part, "part")

    def run_of(self, turn: TurnState) -> RunState | None:
        """Give the run a turn is for, or for an answer to a message the one that went on then."""
        if turn.run:
            return self.runs[turn.run]
        return next(
            (
                run
                for run in reversed(self.runs.values())
                if run.started <= turn.started <= (run.finished or turn.started)
            ),
            None,
        )

    def running(self) -> RunState | None:
        """Give the run that is going on."""
        return next((run for run in self.runs.values() if run.status == "running"), None)


def _found(things: dict[str, _T], name: str, noun: str) -> _T:
    found = things.get(name)
    if found is None:
        raise NotFound(f"there is no {noun} '{name}'")
    return found
