"""Rows about what waits for a person, and about actions."""

from __future__ import annotations

from typing import Literal

import msgspec

from fleettui.core.model import ActionStatus, Risk
from fleettui.core.views.rows.root import Row


class ShownAction(Row, frozen=True):
    """An action as a person must see it before answering."""

    tool: str
    argv: tuple[str, ...]
    cwd: str
    digest: str
    program: str = ""
    env: tuple[str, ...] = ()
    preview: str = ""
    arguments: dict[str, object] = msgspec.field(default_factory=dict)
    risks: tuple[Risk, ...] = ()
    sandbox: str = ""


class InboxRow(Row, frozen=True):
    """Something that waits for a person.

    `kind`: action (answer with approve or deny), unknown (an action caught by a crash: approve
    runs it again, deny leaves it), ballot (agents did not decide: choose one of `options`), failed
    (an agent that was given up: approve starts it again, deny leaves it), budget (of a tenant, and
    `fleet` is its stream: approve allows as much again, deny leaves it until the period ends).
    `needs` is how many more persons must approve, of `approvers` where it names some; `chain` is
    the group they are, `requester` who gave the task and is not counted where two or more must.
    `expires_at` of None means never.
    """

    id: str
    kind: Literal["action", "unknown", "ballot", "failed", "budget"]
    tenant: str
    fleet: str
    agent: str
    run: str
    summary: str
    action: ShownAction | None
    asked_at: float
    expires_at: float | None
    rule: str
    needs: int
    version: int
    nonce: str
    why: str
    always: str
    approved_by: tuple[str, ...]
    options: tuple[str, ...]
    destructive: bool
    chain: str = ""
    approvers: tuple[str, ...] = ()
    requester: str = ""


class ActionRow(Row, frozen=True):
    """One action of the ledger."""

    id: str
    fleet: str
    agent: str
    tool: str
    summary: str
    status: ActionStatus
    at: float
    digest: str
    by: tuple[str, ...]
    reason: str
    exit_code: int | None


class RuleRow(Row, frozen=True):
    """An "always" rule in force."""

    id: str
    fleet: str
    pattern: str
    agent: str
    by: str
    at: float


class PendingRow(Row, frozen=True):
    """What still waits for a person after a run."""

    id: str
    kind: str
    action: ShownAction | None
