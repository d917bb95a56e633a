"""Breakers: keeps calls away from a provider that fails again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager

from fleettui.core.breaker import FAILURES, WITHIN, Breaker, BreakerState
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelRequest
from fleettui.ports import Clock

# A provider is somebody at an address: two fleets that call different addresses share no breaker.
_ADDRESSES = ("_API_BASE", "_BASE_URL")
# Models that are no provider: what fails in them says nothing about the next call.
_OURS = frozenset({"builtin", "scripted"})


class Breakers:
    """One breaker for each provider; calls that must wait begin when it answers again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._breakers: dict[tuple[str, str], Breaker] = {}

    @asynccontextmanager
    async def around(
        self, tenant: str, request: ModelRequest, note: Callable[[str], Awaitable[None]]
    ) -> AsyncIterator[None]:
        """Wait until a tenant may call the provider, then count how the call inside ends.

        Keys and limits are a tenant's own: what one runs into keeps nobody else away.

        `note` is told once why a call waits. Only failures that could be tried again count.
        """
        name, key = _provider(request)
        if name in _OURS:
            yield
            return
        breaker = self._breakers.setdefault((tenant, key), Breaker())
        await self._wait(breaker, name, note)
        try:
            yield
        except ModelFailed as failure:
            if not failure.retryable:
                breaker.succeeded()
            elif breaker.fail(self._clock.now()):
                await note(f"{name} failed {FAILURES} times in {WITHIN:g} s: it is left alone")
            raise
        except BaseException:
            breaker.given_up()
            raise
        breaker.succeeded()

    async def _wait(
        self, breaker: Breaker, name: str, note: Callable[[str], Awaitable[None]]
    ) -> None:
        told = False
        while wait := breaker.wait(self._clock.now()):
            if not told:
                told = True
                await note(f"waits for {name}, which fails: tried again in {wait:.0f} s")
            await asyncio.sleep(wait)

    def states(self, tenants: Collection[str]) -> Mapping[str, BreakerState]:
        """Give the state of every provider that some tenants called, by its name."""
        now = self._clock.now()
        return {
            key.partition(" ")[0]: one.state(now)
            for (tenant, key), one in self._breakers.items()
            if tenant in tenants
        }


def _provider(request: ModelRequest) -> tuple[str, str]:
    """Name who answers a request, and the key its failures are counted under."""
    head = request.model.replace("/", ":", 1).partition(":")[0]
    found = sorted(
        f"{name}={value}"
        for name, value in request.environment.items()
        if name.endswith(_ADDRESSES) and name.lower().startswith(head.lower())
    )
    return head, " ".join((head, *found))
