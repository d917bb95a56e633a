"""A tenant file: an organisation, who belongs to it, and how much it may use."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fleettui.core.spec.limits import Cores, Size
from fleettui.core.spec.metadata import ApiVersion, Metadata
from fleettui.core.spec.shape import Items, Seconds, Shape

TenantPlan = Literal["free", "standard", "enterprise"]
MemberRole = Literal["viewer", "operator", "approver", "admin"]
Count = Annotated[int, Field(ge=1)]
Dollars = Annotated[float, Field(gt=0, strict=False)]


class Member(Shape):
    """A person of a tenant: one person, however many names other platforms have for them."""

    name: str = Field(
        min_length=1, max_length=64, description="Who it is; on this machine, the user's name."
    )
    role: MemberRole = Field(default="viewer", description="What they may do.")
    identities: dict[str, str | int] = Field(
        default_factory=dict,
        description="Their id by platform, as `slack: U015VBH1GTZ`; all of them are one person.",
    )


class UserQuotas(Shape):
    """How much one person may use; without a field there is no bound."""

    requests_per_minute: Count | None = Field(default=None, description="Tasks a minute.")
    requests_per_hour: Count | None = Field(default=None, description="Tasks an hour.")
    concurrent_requests: Count | None = Field(default=None, description="Tasks at a time.")


class TenantQuotas(Shape):
    """How much a tenant may use; without a field there is no bound."""

    agents: Count | None = Field(default=None, description="Agents of all its open fleets.")
    concurrent_turns: Count | None = Field(default=None, description="Turns at a time.")
    queued_messages: Count | None = Field(default=None, description="Messages that wait.")
    memory: Size | None = Field(
        default=None, description="Memory of all its programs, as `40GB` or `512MiB`."
    )
    cpu: Cores | None = Field(default=None, description="Cores of all its programs.")
    tokens_per_request: Count | None = Field(
        default=None, description="Tokens that one task may use, in all its calls."
    )
    tokens_per_day: Count | None = Field(default=None, description="Tokens a day (UTC).")
    cost_per_day: Dollars | None = Field(default=None, description="US dollars a day (UTC).")
    requests_per_minute: Count | None = Field(default=None, description="Tasks a minute.")
    requests_per_hour: Count | None = Field(default=None, description="Tasks an hour.")
    per_user: UserQuotas = Field(default_factory=UserQuotas, description="Of each person.")


class TenantBudgets(Shape):
    """What may be spent before a person is asked; at 80 % there is a warning."""

    day: Dollars | None = Field(default=None, description="US dollars a day (UTC).")
    month: Dollars | None = Field(default=None, description="US dollars a month (UTC).")


class TenantLimits(Shape):
    """What holds for every agent of the tenant whose own file says nothing."""

    idle_timeout: Seconds | None = Field(
        default=None, description="After how long an idle agent is released, as `10m`."
    )
    memory: Size | None = Field(default=None, description="Memory of one program.")
    cpu: Cores | None = Field(default=None, description="Cores of one program.")


class TenantSpec(Shape):
    """What a tenant is."""

    plan: TenantPlan = Field(
        default="standard", description="Its plan: how much weight its work has."
    )
    members: tuple[Member, ...] = Field(default=(), strict=False, description="Who belongs to it.")
    quotas: TenantQuotas = Field(default_factory=TenantQuotas, description="What it may use.")
    budgets: TenantBudgets = Field(default_factory=TenantBudgets, description="What it may spend.")
    secrets: Items = Field(
        default=("*",),
        description="Names of secrets it may have, with `*`; agents name which of them they get.",
    )
    limits: TenantLimits = Field(default_factory=TenantLimits, description="Of each agent.")
    description: str | None = Field(default=None, description="A sentence for people.")


class TenantFile(Shape):
    """A file of kind Tenant."""

    apiVersion: ApiVersion = Field(description="`aof.dev/v1`.")  # noqa: N815  the YAML's word
    kind: Literal["Tenant"] = Field(description="`Tenant`.")
    metadata: Metadata = Field(description="Its name and labels.")
    spec: TenantSpec = Field(default_factory=TenantSpec, description="What it is.")
