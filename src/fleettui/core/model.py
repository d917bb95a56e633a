"""The nouns that flow between the floors, as frozen structs."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from fleettui.core.standing import UNBOUNDED, Standing
from fleettui.core.tenancy import DEFAULT

Priority = Literal["critical", "high", "normal", "low"]
PRIORITIES: tuple[Priority, ...] = ("critical", "high", "normal", "low")

AgentStatus = Literal[
    "created", "starting", "idle", "working", "waiting", "paused", "stopping", "stopped", "failed"
]
Role = Literal["viewer", "operator", "approver", "admin"]
# Each may all that the one before it may.
ROLES: tuple[Role, ...] = ("viewer", "operator", "approver", "admin")

MessageStatus = Literal["queued", "leased", "acked", "returned", "dead"]
ActionStatus = Literal[
    "proposed",
    "allowed",
    "asking",
    "approved",
    "denied",
    "expired",
    "started",
    "finished",
    "unknown",
]
RunStatus = Literal["running", "finished", "not_reached", "failed", "cancelled"]
MessageKind = Literal["direct", "broadcast", "topic", "question"]
PartStatus = Literal["waiting", "running", "done", "failed", "skipped", "cancelled"]
PartKind = Literal[
    "answer",
    "stage",
    "item",
    "subtask",
    "manager",
    "split",
    "plan",
    "step",
    "synthesis",
    "agent",
    "run",
    "fleet",
    "approval",
    "join",
    "each",
]
Risk = Literal["read", "write", "network", "secret", "destructive"]


class Actor(msgspec.Struct, frozen=True):
    """Who asks: bound by the Session, never named by a face; `role` is a person's in `tenant`.

    `also` are the names that platforms have for the same person, as `slack:U1` and `U1`. One who
    is not `known` is no member: a platform vouches for them, and only rules that name them count.
    """

    kind: Literal["operator", "agent", "system"]
    name: str
    tenant: str = DEFAULT
    role: Role = "admin"
    also: tuple[str, ...] = ()
    known: bool = True

    def is_called(self, name: str) -> bool:
        """Say whether a name is one of this person's."""
        return name == self.name or name in self.also

    def __str__(self) -> str:
        return self.name if self.kind == "operator" else f"{self.kind}:{self.name}"


SYSTEM = Actor("system", "fleettui")


class Asked(msgspec.Struct, frozen=True):
    """What the Session adds to a command: who asked, and when (seconds since the epoch).

    The Engine adds how far the tenant is with what it may use.
    """

    actor: Actor
    at: float
    standing: Standing = UNBOUNDED


class Payload(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text that may be large: whole in `head`, or its beginning and the blob that holds it all.

    `size` is in bytes of UTF-8, `blob` the SHA-256 of the whole, empty when `head` is everything.
    """

    head: str
    size: int = 0
    blob: str = ""


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool as a model sees it; `parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: dict[str, Any]


class ToolCall(msgspec.Struct, frozen=True):
    """A call that a model asked for; `problem` says why `arguments` could not be read."""

    id: str
    name: str
    arguments: dict[str, Any]
    problem: str = ""


class ChatMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of the conversation sent to a model, in OpenAI's four roles."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens, and the cost in US dollars; a cost of None is unknown, never free."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None


class ModelRequest(msgspec.Struct, frozen=True):
    """One call of a model.

    `id` is unique (turn, step and attempt), `timeout` in seconds for the whole call, `model` as
    the fleet file writes it (`provider:model`, `provider/model`, `builtin:review`,
    `scripted:FILE`), `agent` the name of the asking agent in its file (without replica number),
    `environment` the provider variables of whoever opened the fleet (never stored). `record` is
    the file the exchange is stored in, `replay` the file it is answered from; empty is neither.
    """

    id: str
    model: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    agent: str = ""
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float = 120.0
    stream: bool = False
    environment: dict[str, str] = {}
    record: str = ""
    replay: str = ""


class ModelReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a model answered; it was received whole, with a finish reason."""

    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    finish_reason: str = "stop"


class ToolServer(msgspec.Struct, frozen=True, kw_only=True):
    """An MCP server of an agent's file, its texts as written.

    `variables` are the values of the variables that they name, in memory only; `tools` are the
    ones taken from it (all when empty), `timeout` of 0 is the usual one.
    """

    name: str
    transport: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    url: str = ""
    headers: dict[str, str] = {}
    tools: tuple[str, ...] = ()
    timeout: float = 0.0
    reconnect: bool = True
    variables: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"ToolServer({self.name!r}, {self.transport!r})"


class ToolProgram(msgspec.Struct, frozen=True):
    """A tool that is a program: `args` stand before those of a call, `timeout` is in seconds."""

    name: str
    program: str
    args: tuple[str, ...] = ()
    description: str = ""
    timeout: float = 0.0


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much a program may use: bytes, cores, seconds; 0 is no limit."""

    memory: int = 0
    cpu: float = 0.0
    timeout: float = 0.0


class Workplace(msgspec.Struct, frozen=True):
    """Where an agent's tools work: its tenant, fleet and name, and the folder it is confined to.

    `programs` are its tools that are programs, by name; `sandbox` confines all it runs; `secrets`
    are the variables of `environment` that are recorded as keyed hashes only.
    """

    tenant: str
    fleet: str
    agent: str
    workspace: str
    base: str = ""
    tool_config: dict[str, Any] = {}
    environment: dict[str, str] = {}
    servers: tuple[ToolServer, ...] = ()
    programs: dict[str, ToolProgram] = {}
    sandbox: bool = False
    limits: Limits = Limits()
    secrets: frozenset[str] = frozenset()


class Operand(msgspec.Struct, frozen=True):
    """A file whose content an action depends on, and that content's SHA-256 when it was frozen."""

    path: str
    sha256: str


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tool call nailed down to the exact thing in the world it would do.

    `program` is the resolved path of argv[0] and `program_sha256` its content; `cwd` is the
    resolved folder and `cwd_inode` "device:inode"; `env` names every variable and a keyed hash or
    the value of the ones that are not secret; `stdin_sha256` is set when input is given;
    `operands` are the files whose content matters; `risks` what kind of effect it has; `preview`
    is what a person must see besides argv (a diff); `problem` says why it can't be analysed;
    `summary` says it in one line where tool and path don't,
    `sandbox` is the program that confines it, '' where nothing does.
    """

    tool: str
    arguments: dict[str, Any]
    argv: tuple[str, ...] = ()
    program: str = ""
    program_sha256: str = ""
    cwd: str = ""
    cwd_inode: str = ""
    env: dict[str, str] = {}
    stdin_sha256: str = ""
    operands: tuple[Operand, ...] = ()
    risks: tuple[Risk, ...] = ()
    preview: str = ""
    problem: str = ""
    summary: str = ""
    sandbox: str = ""


class ToolResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a tool call brought: `output` for the agent, `exit_code` where a program ran.

    `ok` is false when the tool says it failed; `size` is the output's full length in bytes when
    it was cut.
    """

    output: str
    ok: bool = True
    exit_code: int | None = None
    size: int = 0


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing a reviewer found."""

    file: str
    line: int
    severity: Literal["critical", "high", "medium", "low", "info"]
    message: str
    rule: str = ""


class Given(msgspec.Struct, frozen=True, omit_defaults=True):
    """An earlier output handed on: `of` is the part it came from, or the run for its task.

    In the output of a run an empty `of` is a source that the output names.
    """

    title: str
    of: str


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """One part of a run, as it is planned.

    `name` is what people call it, once in a run; `group` counts tiers, rounds or iterations from
    1. `agent` is who must do it (an instance); where it is empty, the distribution chooses among
    the instances of `entry`, or all, by `skill`, `key` and the words of `text`. It waits for
    `needs` and is handed the outputs of `given` (both ids of parts). `action` is the call that
    waits for its output, `parent` the part it belongs to, `raw` the items themselves where a
    worker is to put them into a command.
    """

    id: str
    kind: PartKind
    name: str
    text: Payload = Payload("")
    group: int = 0
    agent: str = ""
    entry: str = ""
    skill: str = ""
    key: str = ""
    priority: Priority = "normal"
    needs: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    action: str = ""
    parent: str = ""
    raw: tuple[str, ...] = ()


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item of a task that is a list; items with the same key go to the same agent if sticky.

    `raw` has the item as it stands, or several for one command, where workers take them.
    """

    text: Payload
    key: str = ""
    raw: tuple[str, ...] = ()


class PlannedStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step of an edited plan: `part` is the one it was, empty for a new one."""

    text: str
    part: str = ""
    agent: str = ""


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a planner answered: the next steps, or that the goal is met."""

    steps: tuple[str, ...] = ()
    met: bool = False
