"""Rows about flows and their requests."""

from __future__ import annotations

from typing import Literal

from fleettui.core.model import Priority
from fleettui.core.request import ReplyStatus, RequestStatus
from fleettui.core.views.rows.root import Row

FlowState = Literal["running", "later", "error"]


class FlowRow(Row, frozen=True):
    """A flow that is served: what it has to do, and what it was given lately.

    `last` is when it was last given something, `refused` how often it refused since the host
    began, `why` what hinders it or why it refused last, `next_due` when a clock starts it (0 for
    never). `state` is later for a platform that is not built yet; `matches` counts the requests
    that are remembered, `takes` says what its trigger takes, `agents` who does its work.
    """

    flow: str
    tenant: str
    platform: str
    file: str
    line: int
    waiting: int
    at_work: int
    dead: int
    last_minute: int
    last_hour: int
    last: float
    refused: int
    why: str
    next_due: float
    state: FlowState = "running"
    matches: int = 0
    takes: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()


class RequestRow(Row, frozen=True):
    """A message that a flow took, and what came of it; `why` says why it waits or failed."""

    id: str
    tenant: str
    flow: str
    agent: str
    platform: str
    channel: str
    user: str
    person: str
    text: str
    priority: Priority
    status: RequestStatus
    at: float
    started: float
    finished: float
    fleet: str
    run: str
    tries: int
    error_type: str
    why: str
    output: str
    tokens: int
    reply: ReplyStatus
    held_by: str = ""
