"""Requests over HTTP that are signed with a flow's secret."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Sequence
from importlib import import_module
from math import ceil
from typing import Final

from fleettui.adapters.channels.exchange import HttpAnswer, HttpRequest
from fleettui.adapters.channels.mute import Mute
from fleettui.adapters.channels.signatures import (
    Scheme,
    github,
    only,
    slack,
    timestamp,
    verify,
    wrong,
)
from fleettui.core.channel import Delivery, Take, WebhookTrigger
from fleettui.core.errors import FleettuiError, Refused
from fleettui.core.safe import one_line
from fleettui.ports import Clock

_log = logging.getLogger(__name__)
# The headers in which senders name a delivery, and the kind of what happened.
_DELIVERY: Final = ("X-GitHub-Delivery", "X-Delivery-Id", "Webhook-Id", "Idempotency-Key")
_EVENT: Final = ("X-GitHub-Event", "X-Event-Type", "X-Event")
# What a request is for that no flow of its path has: no flow is ever called that.
NO_FLOW: Final = "?"
_PLAIN: Final = re.compile(r"[\x21-\x7e]{1,200}")
# So many refusals a minute are told with their reason; strangers can't fill the log.
_TOLD_A_MINUTE: Final = 5


class WebhookChannel(Mute):
    """Satisfies ports.Channel: listens once a flow needs it.

    A request is checked against every secret of the tenant that its path belongs to, whether a
    flow has the path or not: so a stranger learns nothing of which paths there are. One with a
    good signature that no flow of the path has is accepted (202), and goes the way of all others
    until it is dropped and counted.
    """

    platform = "webhook"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._where: tuple[str, int, float] = ("127.0.0.1", 0, 30.0)
        self._routes: dict[str, tuple[WebhookTrigger, Scheme | None]] = {}
        self._schemes: dict[str, tuple[Scheme, ...]] = {}
        self._changed, self._settled = asyncio.Event(), asyncio.Event()
        # Where it listens, empty while it does not; what is wrong, empty for nothing.
        self.listening_at = ""
        self.trouble = ""
        # How many requests were not signed well, by the tenant of their path.
        self.refused: dict[str, int] = {}
        self._told: list[float] = []

    def listen_at(self, host: str, port: int, longest: float = 30.0) -> None:
        """Listen there once a flow needs it; an answer takes `longest` seconds at most."""
        self._where = (host, port, longest)
        self._changed.set()

    async def wait_settled(self) -> None:
        """Wait until it listens, or can't, or need not."""
        while self._routes and not (self.listening_at or self.trouble):
            self._settled.clear()
            await self._settled.wait()

    def use(self, triggers: Sequence[WebhookTrigger]) -> tuple[str, ...]:
        """Go by these flows from now on, and say which of them can't be reached and why."""
        problems: list[str] = []
        routes: dict[str, tuple[WebhookTrigger, Scheme | None]] = {}
        schemes: dict[str, list[Scheme]] = {}
        for trigger in triggers:
            path = address_of(trigger)
            if path in routes:
                taken = routes[path][0].flow
                problems.append(f"{trigger.flow}: flow '{taken}' has the path {path} already")
                continue
            if trigger.tenant == "default" and path.startswith("/tenants/"):
                problems.append(f"{trigger.flow}: paths below /tenants/ belong to other tenants")
                continue
            if trigger.style != "none" and not trigger.secret:
                problems.append(f"{trigger.flow}: no secret is set, so every request is refused")
            scheme = _scheme_of(trigger)
            routes[path] = trigger, scheme
            if scheme is not None:
                schemes.setdefault(trigger.tenant, []).append(scheme)
        for path in routes.keys() - self._routes.keys():
            _log.info("flow %s takes what is posted to %s", routes[path][0].flow, path)
        self._routes = routes
        self._schemes = {tenant: tuple(found) for tenant, found in schemes.items()}
        self._changed.set()
        return tuple(problems)

    async def receive(self, take: Take) -> None:
        while True:
            self._changed.clear()
            if self._routes:
                await self._listen(take)
            await self._changed.wait()

    async def _listen(self, take: Take) -> None:
        """Listen until the flows need no listener any more, or one elsewhere."""

        async def answer(request: HttpRequest) -> HttpAnswer:
            return await self.answer(request, take)

        # In a thread: aiohttp's server takes a sixth of a second to load.
        http = await asyncio.to_thread(import_module, "fleettui.adapters.channels.http")
        where = self._where
        try:
            async with http.listening(where[0], where[1], answer, where[2]) as port:
                self.trouble, self.listening_at = "", f"{where[0]}:{port}"
                _log.info("webhooks are listened for at %s", self.listening_at)
                self._settled.set()
                while self._routes and where == self._where:
                    await self._changed.wait()
                    self._changed.clear()
        except Refused as refusal:
            self.trouble = str(refusal)
            _log.error("%s", refusal)
        finally:
            self.listening_at = ""
            self._settled.set()
        if not self.trouble:
            self._changed.set()

    async def answer(self, request: HttpRequest, take: Take) -> HttpAnswer:
        """Answer one request: 200 taken or known, 202 for no flow, 401, 405, 429, 503."""
        if request.method != "POST":
            return HttpAnswer(405)
        trigger, own = self._routes.get(request.path, (None, None))
        tenant = trigger.tenant if trigger else tenant_of(request.path)
        now = self._clock.now()
        proof = proof_of_own = ""
        for scheme in self._schemes.get(tenant) or (github(""),):
            found = verify(scheme, request.headers, request.body, now)
            proof = proof or found
            proof_of_own = found if scheme is own else proof_of_own
        if trigger is not None and trigger.style == "none":
            proof = proof_of_own = secrets.token_hex(16)
        if not proof:
            self._refuse(request, tenant, own, now)
            return HttpAnswer(401)
        known = trigger is not None and bool(proof_of_own)
        flow = trigger.flow if trigger is not None and known else NO_FLOW
        try:
            receipt = await take(_delivery(request, tenant, flow, proof_of_own or proof, now))
        except FleettuiError as error:
            _log.warning("a webhook of %s was not taken: %s", flow, error)
            return HttpAnswer(503, 30)
        if receipt.status == "refused":
            return HttpAnswer(429, max(ceil(receipt.free_at - now), 1))
        return HttpAnswer(200 if known else 202)

    def _refuse(self, request: HttpRequest, tenant: str, own: Scheme | None, now: float) -> None:
        """Count a refusal, and tell whoever reads the log why, whatever the path is."""
        of = tenant if tenant in self._schemes else "default"
        self.refused[of] = self.refused.get(of, 0) + 1
        self._told = [at for at in self._told if at > now - 60.0]
        why = wrong(own or github(""), request.headers, now)
        if own is None:
            why = "no flow has this path; `fleettui serve` logs which flow has which"
        if len(self._told) < _TOLD_A_MINUTE:
            self._told.append(now)
            _log.warning("a webhook to %s was refused (401): %s", one_line(request.path, 100), why)


def address_of(trigger: WebhookTrigger) -> str:
    """Give the path of a flow; a tenant's own begin with its name, so that none takes another's."""
    path = "/" + trigger.path.strip("/") if trigger.path.strip("/") else f"/hooks/{trigger.flow}"
    return path if trigger.tenant == "default" else f"/tenants/{trigger.tenant}{path}"


def tenant_of(path: str) -> str:
    """Say whose a path would be."""
    parts = path.split("/")
    return parts[2] if len(parts) > 3 and parts[1] == "tenants" else "default"


def _scheme_of(trigger: WebhookTrigger) -> Scheme | None:
    secret, algorithm, header = trigger.secret, trigger.algorithm, trigger.signature_header
    stamp, window = trigger.timestamp_header, trigger.window
    match trigger.style:
        case "github":
            return github(secret, algorithm, header)
        case "slack":
            return slack(secret, window, algorithm, header, stamp)
        case "timestamp":
            return timestamp(secret, window, algorithm, header, stamp)
        case "none":
            return None


def _delivery(request: HttpRequest, tenant: str, flow: str, proof: str, now: float) -> Delivery:
    """Make the message of a request; its ids are its signature, and the sender's name for it."""
    named = (only(request.headers, name) for name in _DELIVERY)
    delivery = next((value for value in named if _PLAIN.fullmatch(value)), "")
    kinds = (only(request.headers, name) for name in _EVENT)
    ids = [f"signature:{flow}:{proof}"]
    if delivery:
        ids.append(f"delivery:{flow}:{delivery}")
    return Delivery(
        platform=WebhookChannel.platform,
        channel=request.path[:200],
        user="",
        text=request.body.decode("utf-8", "replace"),
        ids=tuple(ids),
        at=now,
        event=next((value for value in kinds if _PLAIN.fullmatch(value)), ""),
        tenant=tenant,
        flow=flow,
    )
