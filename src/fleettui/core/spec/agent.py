"""What an agent is: its model, its instructions, its tools and its limits."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from fleettui.core.grounds import GroundKind
from fleettui.core.spec.granted import SecretNames
from fleettui.core.spec.known import PROGRAMS, TOOLSETS, tool_name
from fleettui.core.spec.limits import ResourceLimits
from fleettui.core.spec.metadata import ApiVersion, Metadata
from fleettui.core.spec.shape import Anything, Items, Seconds, Shape, Texts
from fleettui.core.spec.watch import WatchRule

# Other ways to write a field, all read as the first name.
SPELLINGS = {
    "system_prompt": "instructions",
    "system": "instructions",
    "env": "environment",
    "maxConcurrentTasks": "max_concurrent_tasks",
    "resourceLimits": "resource_limits",
}


def _model_text(model: Any) -> Any:
    """Turn `{provider, name}` into `provider:name`."""
    if not isinstance(model, dict):
        return model
    name = model.get("name", model.get("model"))
    provider = model.get("provider", "")
    if not isinstance(name, str) or not name or not isinstance(provider, str):
        raise PydanticCustomError(
            "model", "expected text such as provider:model, or a mapping with provider and name"
        )
    return f"{provider}:{name}" if provider else name


ModelName = Annotated[
    str, BeforeValidator(_model_text, json_schema_input_type=str), Field(min_length=1)
]


class Memory(Shape):
    """What an agent remembers between turns."""

    type: str = Field(default="InMemory", min_length=1, description="Kind of memory.")
    max_messages: int | None = Field(default=None, ge=1, description="Messages kept.")
    path: str | None = Field(default=None, description="File, for kinds that have one.")
    url: str | None = Field(default=None, description="Connection, for kinds that have one.")
    namespace: str | None = Field(default=None, description="Prefix that keeps agents apart.")
    ttl: int | None = Field(default=None, ge=1, description="Seconds after which it forgets.")
    config: Anything = Field(default_factory=dict, description="Further settings of the kind.")

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value


class McpServer(Shape):
    """A server that offers tools over the Model Context Protocol."""

    name: str = Field(min_length=1, description="Its name among the agent's servers.")
    transport: Literal["stdio", "sse", "http", "streamable-http"] = Field(
        default="stdio", description="How it is reached."
    )
    command: str | None = Field(default=None, min_length=1, description="Program to start (stdio).")
    args: Items = Field(default=(), description="Its arguments.")
    env: Texts = Field(default_factory=dict, description="Its environment variables.")
    url: str | None = Field(default=None, min_length=1, description="Address (sse, http).")
    endpoint: str | None = Field(default=None, min_length=1, description="Another word for `url`.")
    headers: Texts = Field(default_factory=dict, description="Headers sent to the address.")
    tools: Items = Field(default=(), description="The tools taken from it; all when empty.")
    timeout_secs: float | None = Field(default=None, gt=0, description="Longest wait, in seconds.")
    auto_reconnect: bool = Field(
        default=True, description="Whether to connect again when it is lost."
    )

    @model_validator(mode="before")
    @classmethod
    def _read_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Resources(Shape):
    """Bounds on what is used."""

    max_tokens: int | None = Field(default=None, ge=1, description="Tokens a reply may have.")
    max_tokens_per_agent: int | None = Field(
        default=None, ge=1, description="The same, for each agent."
    )
    timeout: Seconds | None = Field(default=None, description="Longest time, as `120s` or seconds.")


class AgentSpec(Shape):
    """What an agent is."""

    type: str = Field(default="llm", min_length=1, description="Runtime that performs its turns.")
    model: ModelName = Field(
        default="",
        description="`provider:model`, or `{provider, name}`; type llm needs one.",
    )
    command: Items = Field(
        default=(),
        min_length=1,
        description="The program of a runtime that has one, with its arguments.",
    )
    instructions: str = Field(
        default="", description="What it is told; also `system_prompt`, `system`."
    )
    description: str | None = Field(default=None, description="A sentence for people.")
    tools: Items = Field(
        default=(), description="Names of tools, or mappings with `name` and `config`."
    )
    tool_config: dict[str, Anything] = Field(
        default_factory=dict, description="Settings of a tool, by its name."
    )
    tool_restrictions: dict[str, Anything] = Field(
        default_factory=dict, description="Allowed and blocked verbs of a tool, by its name."
    )
    max_iterations: int = Field(
        default=10, ge=1, le=1000, description="Model calls a turn may take."
    )
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="Of the model, 0.0 to 2.0."
    )
    max_tokens: int | None = Field(default=None, ge=1, description="Tokens a reply may have.")
    timeout: Seconds = Field(
        default=300.0, description="Longest time of a turn, as `5m` or seconds."
    )
    memory: Memory | None = Field(default=None, description="What it remembers; text or a mapping.")
    max_context_messages: int | None = Field(
        default=None, ge=1, description="Messages sent to the model."
    )
    environment: Texts = Field(default_factory=dict, description="Variables its tools see.")
    secrets: SecretNames = Field(
        default_factory=dict,
        description="Stored secrets its programs get: names, globs, or name: variable.",
    )
    sandbox: bool | None = Field(
        default=None,
        description="Whether programs it runs are confined to its workspace, without network.",
    )
    tools_at_once: int | None = Field(
        default=None, ge=1, le=1000, description="How many of its tools run at the same time."
    )
    mcp_servers: tuple[McpServer, ...] = Field(
        default=(),
        strict=False,
        description="MCP servers; a name alone is one of `.mcp.json` beside the file.",
    )
    capabilities: Items = Field(
        default=(), description="What it can do, for skill-based distribution."
    )
    max_concurrent_tasks: int = Field(
        default=1, ge=1, le=100, description="Tasks it does at the same time (worker)."
    )
    resource_limits: ResourceLimits | None = Field(
        default=None, description="What each of its programs may use."
    )
    run: Items = Field(
        default=(), min_length=1, description="The command of a worker, with placeholders."
    )
    tool: str | None = Field(default=None, min_length=1, description="The tool of a worker.")
    arguments: Anything = Field(
        default_factory=dict, description="The tool's arguments, with placeholders."
    )
    stdin: str | None = Field(default=None, description="Input of the command, with placeholders.")
    batch_size: int = Field(
        default=1, ge=1, le=1000, description="Items a worker takes in one command."
    )
    verdicts: dict[str, str] = Field(
        default_factory=dict, description="The verdict that an exit code stands for."
    )
    watch: tuple[WatchRule, ...] = Field(
        default=(), strict=False, description="The rules of a monitor."
    )
    interval: Seconds = Field(
        default=30.0, description="How often a monitor looks, as `10s` or seconds."
    )
    allowed_hosts: Items = Field(
        default=(), description="Hosts a monitor may ask, besides this machine."
    )
    survives: bool = Field(
        default=True, description="Whether a tmux session goes on when the host is killed."
    )
    model_settings: Anything = Field(
        default_factory=dict, description="Further settings of the model; also `model_config`."
    )
    resources: Resources | None = Field(default=None, description="Bounds on what it uses.")
    workspace: GroundKind | None = Field(
        default=None, description="The folder it works in; by default as the fleet's."
    )
    idle_timeout: Seconds | None = Field(
        default=None,
        description="After so long without work it is released; a message wakes it.",
    )
    checkpoint_every: int = Field(
        default=5, ge=1, le=1000, description="Turns after which a checkpoint is made by itself."
    )
    sampling: Anything = Field(default_factory=dict, description="AOF's field; kept, not used.")
    state: Anything = Field(default_factory=dict, description="AOF's field; kept, not used.")
    tags: Anything = Field(default_factory=dict, description="Free labels; kept, not used.")

    @model_validator(mode="before")
    @classmethod
    def _read_forms(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        spec: dict[str, Any] = {
            SPELLINGS.get(str(key), str(key)): part for key, part in value.items()
        }
        if "model_config" in spec:
            spec["model_settings"] = spec.pop("model_config")
        _settle_model(spec)
        _settle_worker(spec)
        _settle_tools(spec)
        return spec


class AgentFile(Shape):
    """A file of kind Agent."""

    apiVersion: ApiVersion = Field(description="`aof.dev/v1`.")  # noqa: N815  the YAML's word
    kind: Literal["Agent"] = Field(description="`Agent`.")
    metadata: Metadata = Field(description="Its name and labels.")
    spec: AgentSpec = Field(description="What it is.")


def _settle_model(spec: dict[str, Any]) -> None:
    """Take temperature, tokens and timeout from where AOF's files also write them."""
    settings, resources = spec.get("model_settings"), spec.get("resources")
    if isinstance(settings, dict):
        for key in ("temperature", "max_tokens"):
            if key in settings:
                spec.setdefault(key, settings[key])
    if isinstance(resources, dict):
        for key in ("max_tokens", "timeout"):
            if key in resources:
                spec.setdefault(key, resources[key])


def _settle_worker(spec: dict[str, Any]) -> None:
    """Give a worker the tool that its template calls."""
    wanted = spec.get("tool") if "tool" in spec else "run" if "run" in spec else None
    tools = spec.get("tools", [])
    named = isinstance(wanted, str) and isinstance(tools, (list, tuple))
    if spec.get("type") == "worker" and named and wanted not in map(tool_name, tools):
        spec["tools"] = [*tools, wanted]


def _settle_tools(spec: dict[str, Any]) -> None:
    """Split tools written as mappings into names and settings, and open toolsets."""
    tools = spec.get("tools")
    if not isinstance(tools, list):
        return
    config = spec.get("tool_config", {})
    config = dict(config) if isinstance(config, dict) else config
    names: list[Any] = []
    for tool in tools:
        name = tool_name(tool)
        if isinstance(tool, dict) and name is not None:
            if tool.get("enabled") is False:
                continue
            if isinstance(tool.get("config"), dict) and isinstance(config, dict):
                own = config.get(name, {})
                config[name] = {**own, **tool["config"]} if isinstance(own, dict) else own
        if name is None:
            names.append(tool)
            continue
        names.extend(TOOLSETS.get(name, (name,)))
        if name in TOOLSETS and name in PROGRAMS and _lists_verbs(name, config, spec):
            names.append(name)
    unique = [name for at, name in enumerate(names) if name not in names[:at]]
    spec["tools"] = unique
    if config:
        spec["tool_config"] = config


def _lists_verbs(name: str, config: Any, spec: dict[str, Any]) -> bool:
    """Say whether settings name verbs of a toolset's program, which makes it a tool as well."""
    for by_tool in (config, spec.get("tool_restrictions")):
        own = by_tool.get(name) if isinstance(by_tool, dict) else None
        if isinstance(own, dict) and (own.get("allowed_commands") or own.get("allowed_verbs")):
            return True
    return False
