"""A flow file: which messages of a platform reach which agents, checked though not yet run."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from fleettui.core.spec.approval import Chain, People, Rule
from fleettui.core.spec.metadata import ApiVersion, Metadata
from fleettui.core.spec.shape import Anything, Items, Name, Seconds, Shape, Texts

# How requests of a Webhook are signed: HMAC of the body (`X-Hub-Signature-256`, as GitHub does), of
# `v0:TIME:BODY` (as Slack does), of `TIME.BODY`, or not at all.
SignatureStyle = Literal["github", "slack", "timestamp", "none"]


class Loose(Shape):
    """A part whose further fields belong to a platform or a node and are kept as they are."""

    model_config = ConfigDict(extra="allow")


class TriggerConfig(Loose):
    """Which messages a trigger takes, and how its platform is reached."""

    events: Items = Field(default=(), description="Only kinds of messages, as `app_mention`.")
    channels: People = Field(default=(), description="Only from these channels.")
    users: People = Field(default=(), description="Only from these users.")
    patterns: Items = Field(
        default=(), description="Regular expressions (RE2), one of which must match."
    )
    bot_token: str | None = Field(default=None, min_length=1, description="Token of the bot.")
    signing_secret: str | None = Field(
        default=None, min_length=1, description="Secret that proves a request is the platform's."
    )
    cron: str | None = Field(
        default=None, min_length=1, description="When a Schedule runs, as `0 9 * * 1-5`."
    )
    timezone: str = Field(default="UTC", min_length=1, description="Where a Schedule's clock is.")
    text: str | None = Field(
        default=None, min_length=1, description="What a Schedule or a File says to the agent."
    )
    catch_up: bool = Field(
        default=True, description="Whether a Schedule runs once for what was missed."
    )
    path: str | None = Field(
        default=None,
        min_length=1,
        description="Of a Webhook, its address below the server; of a File, the folder watched.",
    )
    secret: str | None = Field(
        default=None, min_length=1, description="What a Webhook's requests are signed with."
    )
    signature: SignatureStyle = Field(
        default="github", description="How a Webhook's requests are signed."
    )
    signature_header: str | None = Field(
        default=None, min_length=1, description="The header of the signature; else the style's."
    )
    timestamp_header: str | None = Field(
        default=None, min_length=1, description="The header of the time; else the style's."
    )
    algorithm: Literal["sha256", "sha512"] = Field(
        default="sha256", description="The hash of the signature (HMAC)."
    )
    replay_window: Seconds = Field(
        default=300.0, description="How old a signed request may be, as `5m` or seconds."
    )
    glob: Items = Field(
        default=(),
        description='Only files of these names, as `["*.json"]`; every one when empty.',
    )
    replies: str | None = Field(
        default=None, min_length=1, description="Folder that a File's answers are written to."
    )


class Trigger(Shape):
    """Where messages come from."""

    type: str = Field(default="", description="The platform; any where it is left out.")
    config: TriggerConfig = Field(default_factory=TriggerConfig, description="Its settings.")


class Context(Loose):
    """Where the agents of a flow work."""

    organization: str | None = Field(default=None, min_length=1, description="The tenant.")
    kubeconfig: str | None = Field(default=None, description="Path of the kubeconfig.")
    namespace: str | None = Field(default=None, description="Kubernetes namespace.")
    cluster_name: str | None = Field(default=None, description="Name of the cluster.")
    working_dir: str | None = Field(default=None, description="Folder.")
    env: Texts = Field(default_factory=dict, description="Variables.")


class FlowAgent(Shape):
    """An agent that may take a message."""

    name: Name = Field(description="Its name.")
    patterns: Items = Field(default=(), description="Regular expressions it takes.")
    description: str | None = Field(default=None, description="A sentence for people.")
    priority: Literal["critical", "high", "normal", "low"] | None = Field(
        default=None, description="Priority of its messages."
    )
    config: str | None = Field(default=None, description="Path of its file.")
    model: str | None = Field(default=None, description="Its model.")
    instructions: str | None = Field(default=None, description="What it is told.")
    tools: tuple[Any, ...] = Field(default=(), strict=False, description="Its tools.")
    tool_config: dict[str, Anything] = Field(default_factory=dict, description="Their settings.")


class FlowApproval(Shape):
    """Who approves what."""

    allowed_users: People = Field(default=(), description="Who may approve.")
    require_for: Items = Field(default=(), description="Commands that ask.")
    chains: tuple[Chain, ...] = Field(default=(), strict=False, description="Groups of people.")
    rules: tuple[Rule, ...] = Field(default=(), strict=False, description="Which chain for what.")
    timeout: Seconds | None = Field(default=None, description="How long a question stands.")
    timeout_seconds: Seconds | None = Field(default=None, description="The same, in seconds.")
    self_approval: bool = Field(
        default=False, description="Whether who wrote the message may approve too."
    )
    required: bool | None = Field(default=None, description="Whether anything asks.")


class Quota(Shape):
    """How much may be used in a time; 0 would refuse everything."""

    max_requests_per_minute: int | None = Field(default=None, description="Requests a minute.")
    max_requests_per_hour: int | None = Field(default=None, description="Requests an hour.")
    max_requests_per_day: int | None = Field(default=None, description="Requests a day.")
    max_tokens_per_request: int | None = Field(default=None, description="Tokens a request.")
    max_tokens_per_minute: int | None = Field(default=None, description="Tokens a minute.")
    max_tokens_per_hour: int | None = Field(default=None, description="Tokens an hour.")
    max_tokens_per_day: int | None = Field(default=None, description="Tokens a day.")
    max_concurrent_tasks: int | None = Field(default=None, description="Tasks at a time.")
    max_tasks_per_user: int | None = Field(default=None, description="Tasks of one user.")


class FlowLimits(Quota):
    """Quotas of the flow, and of all, one organization or one user."""

    per_tenant: Quota | None = Field(default=None, description="Of each tenant.")
    per_organization: Quota | None = Field(default=None, description="Of each organization.")
    per_user: Quota | None = Field(default=None, description="Of each user.")
    all_together: Quota | None = Field(default=None, alias="global", description="Of all.")


class FlowSpec(Shape):
    """What a flow is."""

    trigger: Trigger | None = Field(default=None, description="Where messages come from.")
    context: Context = Field(default_factory=Context, description="Where agents work.")
    agents: tuple[FlowAgent, ...] = Field(default=(), strict=False, description="Who takes them.")
    fleet: str | None = Field(default=None, min_length=1, description="The fleet that takes them.")
    approval: FlowApproval = Field(default_factory=FlowApproval, description="Who approves what.")
    limits: FlowLimits = Field(default_factory=FlowLimits, description="How much may be used.")
    description: str | None = Field(default=None, description="A sentence for people.")
    nodes: tuple[Anything, ...] = Field(default=(), strict=False, description="AOF's steps.")
    connections: tuple[Anything, ...] = Field(default=(), strict=False, description="Their order.")
    variables: Anything = Field(default_factory=dict, description="Values for the steps.")
    config: Anything = Field(default_factory=dict, description="AOF's field; kept, not used.")


class FlowFile(Shape):
    """A file of kind AgentFlow."""

    apiVersion: ApiVersion = Field(description="`aof.dev/v1`.")  # noqa: N815  the YAML's word
    kind: Literal["AgentFlow"] = Field(description="`AgentFlow`.")
    metadata: Metadata = Field(description="Its name and labels.")
    spec: FlowSpec = Field(description="What it is.")
