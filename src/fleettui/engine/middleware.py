"""Middleware: what every message of an agent passes before it is queued."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from fleettui.core.errors import FleettuiError, NotFound, Refused
from fleettui.core.model import MessageKind, Priority
from fleettui.core.state.fleet import FleetState

GROUP: Final = "fleettui.message_middleware"
_log = logging.getLogger(__name__)


class Envelope(msgspec.Struct, frozen=True):
    """A message on its way out: `to` is an agent, a topic, or empty for all; `at` in seconds."""

    tenant: str
    fleet: str
    sender: str
    kind: MessageKind
    to: str
    priority: Priority
    text: str
    at: float


# One step of the chain: gives the envelope, perhaps changed; raises Refused to keep it back.
Middleware = Callable[[Envelope], Awaitable[Envelope]]
# What an entry point is: a middleware made of its settings in the file.
Maker = Callable[[Mapping[str, Any]], Middleware]


class Chain:
    """The middleware of every fleet, made once for its settings.

    One that fails by a defect is recorded in the log and left out: a message is never lost by it.
    """

    def __init__(self, makers: Mapping[str, Maker]) -> None:
        self._makers = makers
        self._made: dict[tuple[str, str], Middleware] = {}

    async def pass_through(self, state: FleetState, envelope: Envelope) -> Envelope:
        """Hand an envelope from one to the next; raises Refused, or NotFound."""
        assert state.spec is not None
        for entry in state.spec.spec.communication.middleware:
            name, settings = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
            step = self._step(state.id, name, settings)
            try:
                passed = await step(envelope)
                if not isinstance(passed, Envelope):
                    raise TypeError(f"it gave a {type(passed).__name__}, not an envelope")  # noqa: TRY301 a defect like any other
                envelope = passed
            except FleettuiError:
                raise
            except Exception:  # noqa: BLE001 its defect is recorded, and the message goes on
                _log.exception("the middleware %s failed", name)
        return envelope

    def _step(self, fleet: str, name: str, settings: Mapping[str, Any]) -> Middleware:
        key = (fleet, f"{name} {sorted(settings.items())}")
        step = self._made.get(key)
        if step is None:
            maker = self._makers.get(name)
            if maker is None:
                known = ", ".join(sorted(self._makers)) or "none"
                raise NotFound(f"no middleware is called '{name}'", f"installed are: {known}")
            try:
                step = self._made[key] = maker(settings)
            except FleettuiError:
                raise
            except Exception as error:  # noqa: BLE001 whatever it is, the sender is told
                raise Refused(
                    f"the settings of middleware '{name}' make no sense: {error}"
                ) from None
        return step
