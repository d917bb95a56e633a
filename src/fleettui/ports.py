"""What the engine needs of the world, as protocols of one to three methods."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from fleettui.core.channel import Person, Question, Reply, Take
from fleettui.core.flow import Flow
from fleettui.core.grounds import Changes, Ground, Kept, Merge
from fleettui.core.memory import MemoryEntry, MemoryPlace
from fleettui.core.model import (
    AgentStatus,
    ChatMessage,
    Facts,
    ModelReply,
    ModelRequest,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
    Workplace,
)
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.problem import Problem
from fleettui.core.spec.watch import Severity
from fleettui.core.subjects import SYSTEM_PERMISSIONS, Permissions


class Row(NamedTuple):
    """One stored event: whose, its stream, its place there (from 1), when, who, and its JSON."""

    tenant: str
    stream: str
    seq: int
    at: float
    actor: str
    body: bytes


class Store(Protocol):
    """The event log; the only truth. Nothing of a tenant is given for another's name.

    Here and in the two below: raises StoreSealed where no tenant is named, or another than the
    caller acts for (core.tenancy).
    """

    async def append(self, rows: Sequence[Row]) -> None:
        """Commit all rows or none, durably.

        Raises SequenceConflict where a row is not its stream's next, and the other StoreFailed
        errors of core.errors where the world says no.
        """

    def read(self, tenant: str, stream: str, after: int = 0) -> AsyncIterator[Row]:
        """Give the rows of a stream whose seq is above `after`, in order."""

    async def streams(self) -> tuple[tuple[str, str], ...]:
        """Name every stream that has a row, with its tenant, in order of first append.

        Who acts for a tenant is given its own.
        """


class Snapshots(Protocol):
    """Folded states, kept so that a long stream opens fast; never the only copy of anything."""

    async def save_snapshot(self, tenant: str, stream: str, seq: int, body: bytes) -> None:
        """Keep `body` as the state of `stream` after its row `seq`, in place of older ones."""

    async def load_snapshot(self, tenant: str, stream: str) -> tuple[int, bytes] | None:
        """Give the newest snapshot as (seq, body)."""


class Blobs(Protocol):
    """Large texts, each once a tenant, under the SHA-256 of its bytes."""

    async def put_blob(self, tenant: str, body: bytes) -> str:
        """Keep `body` durably and return its digest (64 hex digits)."""

    async def get_blob(self, tenant: str, digest: str) -> bytes:
        """Give a blob back; raises NotFound."""


class Subscription(Protocol):
    """A bounded queue of published things; when it overflows it forgets them and says so."""

    async def take(self) -> Sequence[Any]:
        """Wait for at least one and give all that are there, in order."""

    @property
    def overflowed(self) -> bool:
        """Say whether something was dropped since the last take; reading clears it."""


class Bus(Protocol):
    """Who wants to know what was stored. Publishing never waits for a subscriber."""

    def publish(
        self, subject: str, things: Sequence[Any], *, by: Permissions = SYSTEM_PERMISSIONS
    ) -> None:
        """Hand `things` to every subscription that fits; raises Forbidden."""

    def subscribe(
        self, *patterns: str, most: int = 10_000, by: Permissions = SYSTEM_PERMISSIONS
    ) -> AbstractAsyncContextManager[Subscription]:
        """Subscribe to subjects; `*` stands for one dot-separated part, a last `>` for the rest.

        Raises Forbidden for a pattern that something may fit which `by` may not hear.
        """


class Model(Protocol):
    """Somebody who answers a conversation."""

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> ModelReply:
        """Answer, calling `on_text` with pieces of the text as they come; raises ModelFailed."""


class Recordings(Protocol):
    """In what order the agents of a recorded run did what they did."""

    def append_order(self, file: str, key: str) -> None:
        """Add what an agent did next to a recording."""

    def read_order(self, file: str) -> tuple[str, ...]:
        """Give what the agents of a recording did, in order."""


class Toolbox(Protocol):
    """The things an agent can do."""

    async def prepare(self, place: Workplace) -> tuple[str, ...]:
        """Make ready what an agent's tools need, and say in a line each what is wrong with it."""

    async def release(self, fleet: str, agent: str = "") -> None:
        """Let go of what was made ready for an agent, or for all of a fleet."""

    def specs(self, names: Sequence[str], place: Workplace | None = None) -> tuple[ToolSpec, ...]:
        """Describe the named tools to a model, leaving out those that do not exist.

        With a `place`, also those that were made ready there.
        """

    def installed(self, program: str) -> bool:
        """Say whether a program is there to be run."""

    async def freeze(self, call: ToolCall, place: Workplace) -> Facts:
        """Nail a call down without doing it; raises ToolFailed for a call that makes no sense."""

    async def perform(
        self, facts: Facts, place: Workplace, say: Callable[[str], None] | None = None
    ) -> ToolResult:
        """Do it. A failure of the tool is a result with ok=False; cancelling kills what it ran.

        `say` is told in a line how far a long work is. Raises OutcomeUnknown where the tool
        can't know whether it was done.
        """


class Files(Protocol):
    """The files of a workspace."""

    async def match(self, place: Workplace, pattern: str) -> Sequence[str]:
        """Name the files that fit a pattern such as `src/**/*.py`, sorted; git's view of them."""


class Workspaces(Protocol):
    """The folders agents work in; every method raises ToolFailed where the world says no."""

    async def look(self, folder: str) -> Ground:
        """Say what a fleet's folder is to git; the note says why nothing is kept there."""

    def is_there(self, ground: Ground) -> bool:
        """Say whether a ground that was made is still there."""

    def private(self, fleet: str, agent: str) -> Ground:
        """Name an empty folder of an agent's own."""

    async def plan(self, fleet: str, agent: str, shared: Ground) -> Ground:
        """Choose folder and branch of a new worktree, and keep what it shall begin with."""

    async def renewed(self, fleet: str, agent: str, shared: Ground, mine: Ground) -> Ground | None:
        """Give a worktree as it would begin now; None where it does, or has work of its own."""

    async def make(self, fleet: str, agent: str, ground: Ground, fill: str) -> None:
        """Make a ground with the files of the commit `fill`; done again, it comes to the same."""

    async def has_work(self, fleet: str, agent: str, ground: Ground) -> bool:
        """Say whether a worktree has work that the operator's branch has not."""

    async def remove(self, fleet: str, agent: str, ground: Ground) -> None:
        """Take a worktree and its branch away, whatever is in them."""


class FileHistory(Protocol):
    """The files of a ground through time; every method raises ToolFailed."""

    async def keep(self, fleet: str, agent: str, ground: Ground, name: str) -> Kept:
        """Keep the files as they are now under a name; index, HEAD and branches stay as they are.

        The same files give the same commit.
        """

    async def restore(self, fleet: str, agent: str, ground: Ground, to: str) -> None:
        """Make the files those of a commit; done again after a crash, it comes to the same."""

    async def changes(
        self, fleet: str, agent: str, ground: Ground, since: str, until: str = ""
    ) -> Changes:
        """Give what differs between two commits; an empty one is the files as they are."""

    async def paths(
        self, fleet: str, agent: str, ground: Ground, pairs: Sequence[tuple[str, str]]
    ) -> Sequence[tuple[str, ...]]:
        """Name what differs in each pair of commits; an empty end is the files as they are."""


class Merging(Protocol):
    """Takes an agent's branch into the operator's; both methods raise ToolFailed."""

    async def propose(self, fleet: str, agent: str, ground: Ground, date: float) -> Merge:
        """Make the commit of a clean merge, and change nothing yet; raises Refused, with names."""

    async def land(self, ground: Ground, merge: Merge) -> None:
        """Take the operator's branch to the merge; done again, it comes to the same.

        Raises Refused where branch or files changed meanwhile: then nothing was done.
        """


class TurnDoor(Protocol):
    """How a runtime speaks to the engine while it performs one turn."""

    async def wait_may_go_on(self) -> None:
        """Wait at a safe point while the agent is paused; take in messages that came for it."""

    async def ask_model(self) -> ModelReply:
        """Send the conversation so far to the agent's model; the reply is recorded."""

    async def act(self, call: ToolCall) -> ToolResult:
        """Propose a tool call and wait for its end: done, denied, expired or unknown."""

    async def vote(self, verdict: str, reason: str) -> None:
        """Vote in the ballot that the turn is for; raises Refused for no option of it."""

    def workplace(self) -> Workplace:
        """Say where the agent's tools and programs work."""


class Task(NamedTuple):
    """One thing a turn is to do something with: a part of its run, or a message.

    `text` is the whole task, `items` what it is about now (the items of a list, or the text),
    `input` what was handed over from before.
    """

    text: str
    items: tuple[str, ...]
    input: str = ""


class Assignment(NamedTuple):
    """A turn in words, for an agent that keeps a conversation of its own.

    `earlier` are the turns it remembers (what it was asked, what it answered), `said` what was
    said in this one; `new` is what it was not asked yet. `begun` says that it was at work on this
    turn already when it was interrupted. `session` is the one it worked in, empty for none, and
    `frozen` says that a checkpoint needs that session as it is. `answer` is its answer, once it
    came to an end.
    """

    instructions: str
    model: str
    earlier: Sequence[ChatMessage]
    said: Sequence[ChatMessage]
    new: Sequence[str]
    begun: bool
    session: str
    frozen: bool
    answer: str | None


class Permit(NamedTuple):
    """What became of a wish to act: the action's id, whether it may begin, else why not."""

    action: str
    allowed: bool
    reason: str = ""


class Turn(NamedTuple):
    """What a runtime is asked to perform.

    `conversation` gives the messages as they stand (a turn that was interrupted has some already),
    `pending` the calls of the last reply that have no result yet (in groups done side by side),
    `submitted` the output given with a result that was taken, `most_steps` the
    bound on model calls, `spec` what the agent is, `tasks` what it is to work on without a model,
    `options` those of the ballot it is to vote in, `home` a folder for its runtime's own things.
    """

    id: str
    agent: str
    conversation: Callable[[], Sequence[ChatMessage]]
    pending: Callable[[], Sequence[Sequence[ToolCall]]]
    submitted: Callable[[], str | None]
    most_steps: int
    steps_taken: Callable[[], int]
    spec: AgentSpec
    tasks: Callable[[], Sequence[Task]]
    options: tuple[str, ...] = ()
    home: str = ""


class GuestDoor(TurnDoor, Protocol):
    """What a runtime may ask besides, whose agents are programs that work by themselves."""

    @property
    def spec(self) -> AgentSpec:
        """Give what the agent is."""

    @property
    def fleet(self) -> str:
        """Name the fleet."""

    def open(self) -> bool:
        """Say whether there is still something to perform."""

    def workplace(self) -> Workplace:
        """Say where the agent works, with the secrets its file names."""

    async def wait_settings(self) -> None:
        """Wait for secrets that the agent's environment names: they are never stored."""

    async def wait_resumed(self) -> None:
        """Wait while the agent is paused."""

    async def wait_settled(self) -> None:
        """Wait for people to say what is to become of what an interruption left unknown."""

    async def assignment(self) -> Assignment:
        """Give the turn in words, as it stands."""

    async def keep_session(self, session: str, how: str) -> None:
        """Record the session that the agent works in from now on."""

    def stream(self, text: str) -> None:
        """Show a piece of text that the agent is saying right now."""

    async def say(self, text: str, usage: Usage | None = None) -> None:
        """Record what the agent said; `usage` comes with the end of its answer."""

    async def note(self, kind: Literal["tool", "out", "note"], text: str) -> None:
        """Record a line for the agent's log."""

    async def freeze(self, call: ToolCall, environment: Mapping[str, str]) -> Facts:
        """Nail a tool call down that gets these variables besides; raises ToolFailed."""

    async def serve(self, call: ToolCall, within: str = "") -> ToolResult:
        """Do a call that the agent's program asks for, as `act` does, whatever its tools are.

        As part of the action `within`, which was allowed for exactly this, nobody is asked again.
        """

    async def permit(self, call: ToolCall, facts: Facts) -> Permit:
        """Propose what the agent wants to do itself, and wait for the answer."""

    async def start(self, action: str, facts: Facts) -> Permit:
        """Record that it begins, if it is still what was judged."""

    async def finish(self, action: str, outcome: ToolResult) -> None:
        """Record what came of it."""

    async def lose(self, action: str, why: str) -> None:
        """Record that nobody knows what came of it."""

    async def withdraw(self, action: str, why: str) -> None:
        """Take back what has not begun."""

    async def leave(self, why: str, *, waiting: bool) -> None:
        """End what the agent did or wanted to do in this turn, its program being gone.

        What began is lost; what is `waiting` for an answer is taken back if that is said.
        """


class Runtime(Protocol):
    """A way to perform turns: one per agent type."""

    async def perform(self, turn: Turn, door: GuestDoor) -> str:
        """Perform the turn, or go on with it, and return its output; raises FleettuiError."""


class AgentSeen(NamedTuple):
    """An agent as a monitor sees it: its state, since when, and when it last got on (epoch)."""

    id: str
    status: AgentStatus
    since: float
    progress: float


class WatchDoor(Protocol):
    """How a runtime that watches speaks to the engine."""

    def agents(self) -> Sequence[AgentSeen]:
        """Give the other agents of the fleet."""

    def raised(self) -> Sequence[tuple[str, str]]:
        """Name the alerts that are not over, by rule and subject."""

    def now(self) -> float:
        """Give seconds since the epoch."""

    def workplace(self) -> Workplace:
        """Say which files the agent may look at."""

    async def raise_alert(self, rule: str, subject: str, severity: Severity, text: str) -> None:
        """Raise an alert, once; what the rule wants done is done with it."""

    async def clear_alert(self, rule: str, subject: str, why: str = "") -> None:
        """Say that an alert is over."""


@runtime_checkable
class WatchingRuntime(Protocol):
    """A runtime that also works between runs, as long as its fleet is open."""

    async def watch(self, spec: AgentSpec, door: WatchDoor) -> None:
        """Watch until it is cancelled."""


class Machine(NamedTuple):
    """What a host lends its runtimes: a folder, and the variables of its own environment."""

    folder: str
    environment: Mapping[str, str]


@runtime_checkable
class LastingRuntime(Runtime, Protocol):
    """A runtime that keeps a program for an agent between its turns."""

    def lacks(self, spec: AgentSpec, environment: Mapping[str, str]) -> str:
        """Say what an agent needs and this machine has not, with its mend; empty for nothing."""

    async def end(self, fleet: str, agent: str, home: str, turn: str = "") -> None:
        """End the program of an agent, or with `turn` only what works on that turn.

        The turn itself is cancelled: when this returns, nothing of it goes on.
        """

    async def tidy(self, alive: Collection[tuple[str, str]], home: str) -> None:
        """End what is kept for agents (fleet, name) that are not there any more."""

    async def close(self) -> None:
        """End the programs that are to end with this process."""


class Vault(Protocol):
    """Secrets and provider settings, in memory only."""

    def keep(self, fleet: str, environment: Mapping[str, str]) -> None:
        """Remember the environment of whoever opened the fleet."""

    def environment(self, fleet: str) -> Mapping[str, str]:
        """Give what was kept; empty after a restart until somebody opens the fleet again."""

    async def wait_kept(self, fleet: str) -> None:
        """Wait until somebody has opened the fleet since this process began."""

    def bind(self, bounds: Callable[[str], Sequence[str]]) -> None:
        """Let tenants have only secrets that a list of theirs names, with globs."""

    def secrets(self, tenant: str) -> Mapping[str, str]:
        """Give the stored secrets that a tenant may have, as they are now, by name.

        Raises SecretsLocked where they can't be opened, MissingExtra.
        """

    def known(self, tenant: str) -> Sequence[tuple[str, str]]:
        """Give every value of a tenant that was seen, also those that were replaced since.

        The same sequence is given until there is a further one.
        """

    def tenants(self) -> Sequence[str]:
        """Name the tenants of whom a value was seen."""


class Secrets(Protocol):
    """Where the secrets of tenants are kept; what is read is what is there now."""

    def current(self, tenant: str) -> Mapping[str, str]:
        """Give the values by name; raises SecretsLocked, MissingExtra."""

    def known(self, tenant: str) -> Sequence[tuple[str, str]]:
        """Give every value that was read so far, by name, the present ones first; reads nothing."""

    def tenants(self) -> Sequence[str]:
        """Name the tenants of whom a value was read."""


@runtime_checkable
class KeyedModel(Protocol):
    """A model that takes its providers' keys out of a request's environment."""

    def takes(self, variable: str) -> bool:
        """Say whether a variable is a provider's key, address or setting."""

    def is_served(self, model: str, environment: Mapping[str, str]) -> bool:
        """Say whether an environment has all that a model's provider needs."""


class Specs(Protocol):
    """Where fleet files come from."""

    def load_fleet(self, path: str, environment: Mapping[str, str], name: str = "") -> LoadedFleet:
        """Read and check one fleet of a file; raises BadSpec with every placed problem."""


class LoadedFleet(NamedTuple):
    """A fleet file read: `spec` as plain JSON of core.spec.fleet.FleetFile, and its warnings."""

    name: str
    spec: dict[str, Any]
    warnings: tuple[str, ...]


class LoadedTenant(NamedTuple):
    """A tenant's file read: `spec` as plain JSON of core.spec.tenant.TenantSpec."""

    name: str
    spec: dict[str, Any]
    file: str


class LoadedTenants(NamedTuple):
    """A folder of tenants read: what is good, the files with errors, and their placed problems."""

    tenants: tuple[LoadedTenant, ...]
    broken: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class TenantFolder(Protocol):
    """Where tenants' files come from."""

    @property
    def place(self) -> str:
        """Name the folder; empty where there is none."""

    def load(self) -> LoadedTenants:
        """Read every file; blocks, call it in a thread."""

    def changes(self) -> AsyncIterator[None]:
        """Say so whenever something changed, and once when watching has begun."""


class SharedMemory(Protocol):
    """The entries of one tenant and namespace; every method raises MemoryLost."""

    async def put(self, entry: MemoryEntry) -> None:
        """Keep an entry in place of the one with its key; when this returns it is kept."""

    def entries(
        self, now: float, *, key: str = "", prefix: str = ""
    ) -> AsyncGenerator[MemoryEntry, None]:
        """Give the entries that are not over at `now`, by key: the one of `key`, or by prefix."""

    async def drop(self, key: str) -> bool:
        """Forget an entry, and say whether there was one."""


class SharedMemories(Protocol):
    """Where shared memories are kept."""

    def open(self, place: MemoryPlace) -> AbstractAsyncContextManager[SharedMemory]:
        """Give a memory to work with; it connects when it is used, and again after a loss.

        Raises MissingExtra, and MemoryLost for an address that makes no sense.
        """


class Vitals(NamedTuple):
    """What an agent's programs use: how many run, bytes of memory, seconds of CPU so far."""

    processes: int
    memory: int
    cpu: float


class Measures(Protocol):
    """What agents cost this machine."""

    def measure(self) -> Mapping[tuple[str, str], Vitals]:
        """Measure the programs of all agents, by fleet and agent; blocks, call it in a thread."""


class FlowsNow(Protocol):
    """The flows of a folder in the order that breaks ties, and all that is wrong in it."""

    @property
    def flows(self) -> Sequence[Flow]: ...
    @property
    def problems(self) -> Sequence[Problem]: ...


class FlowFolder(Protocol):
    """Where flows come from; a file with an error keeps those of its last good version."""

    def load(self) -> FlowsNow:
        """Read everything; blocks, call it in a thread."""

    def follow(self) -> AsyncIterator[FlowsNow]:
        """Give the flows whenever they changed."""


class Channel(Protocol):
    """A platform that people and programs write from. docs/channels.md has how each fits.

    **In.** `receive` hands over a Delivery and waits for its Receipt, which is durable: only then
    does the channel acknowledge (HTTP 200, Socket Mode ack, the next `getUpdates` offset). A
    receipt costs one commit, so Slack's and Discord's 3 seconds hold; where the store says no,
    `take` raises, nothing is acknowledged, and the platform delivers again. Every name under
    which it may do so is in `ids`: Slack `event:EVENT_ID` and `message:CHANNEL/TS` (app_mention
    and message are one message), Discord the interaction or message id, Telegram `update_id` and
    `chat/message_id`, WhatsApp `wamid`. An edit carries `replaces`; it never starts anything
    twice. Where a receipt says that nothing was queued, the channel tells its `why` to whoever
    wrote. Attachments are named, and fetched with the channel's own credentials when wanted.

    **Out.** `address` is opaque and outlives a restart: Slack `channel/thread_ts`, Discord
    `channel/message` (an interaction's token lives 15 minutes, so it is used for the ack alone),
    Telegram `chat/message` with the topic's thread, WhatsApp the number and the `wamid` quoted.
    `reply` gives the platform's id of what it sent, which is stored: a reply is sent once, and
    again only where nobody knows whether it was taken. `Reply.key` is what Discord's enforced
    nonce or an idempotency header is made of. Long texts are split or attached by the channel,
    which knows the bounds (Slack 40,000 characters, Telegram 4,096, Discord 2,000).

    **Questions.** `ask` shows an action with two buttons; their value is action, nonce and digest
    (Telegram has 64 bytes for it: the nonce, which names the rest). Where a platform has
    reactions only (WhatsApp, Slack by choice), the id that `ask` gave finds the question, and a
    word with the nonce does the same. All come in as a Delivery with an `answer`, so one place
    judges them: the person by `resolve`, the digest, the nonce, the time. A channel that can't ask
    raises NotBuilt; the inbox has the question in any case.
    """

    @property
    def platform(self) -> str:
        """Name the platform as flows name it, in lower case."""

    async def receive(self, take: Take) -> None:
        """Hand over whatever comes, until cancelled; losses of connection are its own to mend."""

    async def reply(self, address: str, reply: Reply) -> str:
        """Send a reply and give its id there; raises ChannelFailed."""

    async def ask(self, address: str, question: Question) -> str:
        """Show a question and give its id there; raises ChannelFailed, NotBuilt."""

    async def resolve(self, user: str) -> Person | None:
        """Say who a user is to the platform; None for one that it does not know."""


class Lines(Protocol):
    """A file of lines whose oldest go when it is full."""

    def write(self, line: str) -> None:
        """Add a line; a disk that says no is only noted."""

    def newest(self) -> Sequence[str]:
        """Give the newest lines that are there, oldest first."""


class Clock(Protocol):
    """Wall-clock time, so that tests can hold it."""

    def now(self) -> float:
        """Give seconds since the epoch."""
