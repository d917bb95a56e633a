"""What the agents of a fleet share: memory and the ways they talk."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fleettui.core.spec.known import PATTERN_SPELLINGS
from fleettui.core.spec.shape import Items, Shape

MemoryType = Literal["inmemory", "redis", "sqlite", "postgres"]
Pattern = Literal["direct", "broadcast", "pub_sub", "request_reply"]


class SharedMemory(Shape):
    """A memory that every agent of the fleet can use."""

    type: MemoryType = Field(default="inmemory", description="Where it is kept.")
    namespace: str | None = Field(
        default=None, min_length=1, description="What keeps memories apart; the fleet's id."
    )
    ttl: int | None = Field(
        default=None, ge=1, description="Seconds after which an entry is forgotten, unless it says."
    )
    url: str | None = Field(default=None, min_length=1, description="Address (redis, postgres).")
    path: str | None = Field(
        default=None, min_length=1, description="File (sqlite), relative to the fleet file."
    )


class Shared(Shape):
    """Resources that the agents share."""

    memory: SharedMemory | None = Field(default=None, description="The shared memory.")


class Broadcast(Shape):
    """Settings of pattern broadcast."""

    channel: str | None = Field(default=None, min_length=1, description="Name of the channel.")
    include_sender: bool = Field(default=False, description="Whether the sender hears itself.")


class Direct(Shape):
    """Settings of patterns direct and request_reply."""

    timeout_ms: int = Field(
        default=5000, ge=1, description="Longest wait for an answer, in milliseconds."
    )
    routing: str | None = Field(
        default=None, description="AOF's field in older files; kept, not used."
    )


class PubSub(Shape):
    """Settings of pattern pub_sub."""

    topics: Items = Field(default=(), description="The topics agents may publish to.")


OneSetting = Annotated[dict[str, dict[str, Any]], Field(min_length=1, max_length=1)]


class Communication(Shape):
    """How the agents talk to each other."""

    pattern: Pattern = Field(
        default="direct", description="The pattern; `pub-sub` is read as `pub_sub`."
    )
    broadcast: Broadcast = Field(default_factory=Broadcast, description="Settings of broadcast.")
    direct: Direct = Field(default_factory=Direct, description="Settings of direct.")
    pub_sub: PubSub = Field(default_factory=PubSub, description="Settings of pub_sub.")
    middleware: tuple[str | OneSetting, ...] = Field(
        default=(),
        strict=False,
        description="What each message of an agent passes: names, or `{name: settings}`.",
    )
    request_reply: Direct = Field(default_factory=Direct, description="Settings of request_reply.")

    @model_validator(mode="before")
    @classmethod
    def _read_spellings(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        renamed = {PATTERN_SPELLINGS.get(key, key): part for key, part in value.items()}
        pattern = renamed.get("pattern")
        if isinstance(pattern, str):
            renamed["pattern"] = PATTERN_SPELLINGS.get(pattern, pattern)
        return renamed
