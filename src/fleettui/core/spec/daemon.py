"""A file of kind DaemonConfig: how a host without a screen takes messages, and where flows are."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from fleettui.core.spec.flow import Loose
from fleettui.core.spec.metadata import ApiVersion, Metadata
from fleettui.core.spec.shape import Shape


class Tls(Loose):
    """Encryption of the server; not built."""

    enabled: bool = Field(default=True, description="Refused where it is true.")


class Server(Shape):
    """Where webhooks are taken."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Address it listens on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port; 0 takes a free one.")
    timeout_secs: float = Field(
        default=30.0, gt=0, le=3600, description="Longest time a request may take, in seconds."
    )
    metrics: str | None = Field(
        default=None, description="Address of this machine for metrics, as 127.0.0.1:9464."
    )
    cors: bool = Field(default=False, description="AOF's field; no other origin is ever allowed.")
    tls: Tls | None = Field(default=None, description="Encryption; not built, refused when on.")
    cluster_mode: bool = Field(default=False, description="Several hosts; not built, refused.")
    redis_url: str | None = Field(default=None, description="Of a cluster; not built, refused.")
    node_id: str | None = Field(default=None, description="Of a cluster; not built, refused.")


class Platform(Loose):
    """How a platform is reached; further fields are its own."""

    enabled: bool = Field(default=True, description="Whether its flows run.")


class Folder(Shape):
    """A folder of files that are found by what is in them."""

    directory: str | None = Field(
        default=None, min_length=1, description="The folder, relative to this file."
    )
    watch: bool = Field(default=True, description="Whether changes are taken over at once.")


class FlowFolder(Folder):
    """The folder of flows."""

    enabled: bool = Field(default=True, description="Whether flows take messages.")
    recursive: bool = Field(default=True, description="Whether folders below count too.")


class Routing(Shape):
    """What happens to messages that no flow takes."""

    default_agent: str | None = Field(
        default=None, min_length=1, description="The agent that takes them, by name."
    )
    strict_mode: bool = Field(default=False, description="Whether they are refused all the same.")


class Limits(Shape):
    """How much goes on at a time."""

    max_concurrent_tasks: int = Field(
        default=10, ge=1, le=10_000, description="Messages worked on at a time."
    )
    task_timeout_secs: float = Field(
        default=300.0, gt=0, le=604_800, description="Longest time of one, in seconds."
    )
    max_tasks_per_user: int | None = Field(
        default=None, ge=1, le=10_000, description="Messages of one user at a time."
    )
    default_agent: str | None = Field(
        default=None, min_length=1, description="AOF's place of `routing.default_agent`."
    )
    distributed: bool = Field(default=False, description="Several hosts; not built, refused.")
    task_queue: str | None = Field(
        default=None, description="Queue of several hosts; only `memory` is there, it is durable."
    )


class DaemonSpec(Shape):
    """What a daemon is."""

    server: Server = Field(default_factory=Server, description="Where webhooks are taken.")
    platforms: dict[str, Platform] = Field(
        default_factory=dict, description="The platforms, by name."
    )
    agents: Folder = Field(default_factory=Folder, description="The folder of agents.")
    fleets: Folder = Field(default_factory=Folder, description="The folder of fleets.")
    tenants: Folder = Field(default_factory=Folder, description="The folder of tenants.")
    flows: FlowFolder = Field(default_factory=FlowFolder, description="The folder of flows.")
    routing: Routing = Field(default_factory=Routing, description="What no flow takes.")
    runtime: Limits = Field(default_factory=Limits, description="How much goes on at a time.")
    triggers: Folder | None = Field(
        default=None, description="AOF's folder of triggers; kept, not used."
    )
    contexts: Any = Field(default=None, description="AOF's field; refused.")
    bindings: Any = Field(default=None, description="AOF's field; refused.")
    settings: Any = Field(default=None, description="AOF's field; refused.")

    @model_validator(mode="before")
    @classmethod
    def _settle_default_agent(cls, value: Any) -> Any:
        """Take the default agent from where AOF's files also write it."""
        match value:
            case {"runtime": {"default_agent": str(agent)}}:
                routing = value.get("routing", {})
                if isinstance(routing, dict) and "default_agent" not in routing:
                    return {**value, "routing": {**routing, "default_agent": agent}}
        return value


class DaemonFile(Shape):
    """A file of kind DaemonConfig."""

    apiVersion: ApiVersion = Field(description="`aof.dev/v1`.")  # noqa: N815  the YAML's word
    kind: Literal["DaemonConfig"] = Field(description="`DaemonConfig`.")
    metadata: Metadata = Field(description="Its name and labels.")
    spec: DaemonSpec = Field(default_factory=DaemonSpec, description="What it is.")
