"""Looks at what the rules of a monitor name, again and again, and raises alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from fleettui.adapters.runtimes.monitor.agents import look_at_agents
from fleettui.adapters.runtimes.monitor.dwell import Dwell
from fleettui.adapters.runtimes.monitor.logs import look_at_log
from fleettui.adapters.runtimes.monitor.look import Look, MakeLook, Sight
from fleettui.adapters.runtimes.monitor.machine import look_at_disk, look_at_machine
from fleettui.adapters.runtimes.monitor.pages import look_at_metrics, look_at_page
from fleettui.adapters.runtimes.monitor.processes import look_at_processes
from fleettui.core.errors import FleettuiError
from fleettui.core.safe import one_line
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.watch import WatchRule
from fleettui.ports import WatchDoor

LOOKS: Final[Mapping[str, MakeLook]] = {
    "process": look_at_processes,
    "agent": look_at_agents,
    "log": look_at_log,
    "url": look_at_page,
    "metrics": look_at_metrics,
    "disk": look_at_disk,
    "machine": look_at_machine,
}
# One look takes at most this long (seconds), and an alert says at most so much.
_PATIENCE: Final = 10.0
_SAID: Final = 300


async def watch(spec: AgentSpec, door: WatchDoor) -> None:
    """Look at everything every interval, until cancelled."""
    eyes = [_Eye(rule, LOOKS[rule.kind](rule, spec, door), door) for rule in spec.watch]
    loop = asyncio.get_running_loop()
    while True:
        next_look = loop.time() + spec.interval
        await asyncio.gather(*(eye.look() for eye in eyes))
        await asyncio.sleep(max(next_look - loop.time(), 0.05))


class _Eye:
    """One rule: its look, and the past of every thing it found."""

    def __init__(self, rule: WatchRule, look: Look, door: WatchDoor) -> None:
        self._rule, self._look, self._door = rule, look, door
        known = [subject for name, subject in door.raised() if name == rule.name]
        self._pasts = {subject: self._past(raised=True) for subject in known}

    def _past(self, *, raised: bool = False) -> Dwell:
        return Dwell(self._rule.dwell or 0.0, self._rule.cooldown, raised=raised)

    async def look(self) -> None:
        """Look once, and say what follows; what can't be looked at is an alert itself."""
        blind = f"{self._rule.kind} of {self._rule.name}"
        try:
            async with asyncio.timeout(_PATIENCE):
                seen: Sequence[Sight] = await self._look()
        except TimeoutError:
            seen = [Sight(blind, bad=True, text=f"could not look within {_PATIENCE:g} s")]
        except (OSError, ValueError, FleettuiError) as error:
            seen = [Sight(blind, bad=True, text=f"could not look: {error}")]
        now = self._door.now()
        for sight in seen:
            await self._judge(sight, now)
        for subject in [one for one in self._pasts if one not in {sight.subject for sight in seen}]:
            await self._judge(Sight(subject, bad=False), now)
            if not self._pasts[subject].raised:
                del self._pasts[subject]

    async def _judge(self, sight: Sight, now: float) -> None:
        past = self._pasts.setdefault(sight.subject, self._past())
        rule, subject = self._rule.name, sight.subject
        match past.see(now, bad=sight.bad):
            case "raise":
                text = one_line(sight.text, _SAID)
                await self._door.raise_alert(rule, subject, self._rule.severity, text)
            case "clear":
                await self._door.clear_alert(rule, subject)
            case _:
                pass
