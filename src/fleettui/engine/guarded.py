"""GuardedToolbox: what tools are asked, and all that they say, passes the redaction."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from fleettui.core.errors import FleettuiError, OutcomeUnknown, ToolFailed
from fleettui.core.model import Facts, ToolCall, ToolResult, Workplace
from fleettui.engine.engine import Engine
from fleettui.engine.inner_tools import INNER_TOOLS
from fleettui.engine.redaction import Redaction
from fleettui.ports import Toolbox

_PLACEHOLDER: Final = re.compile(r"\[secret ([A-Za-z0-9_][A-Za-z0-9._-]*)\]")
# Where a tool left something out in the middle, a value may be cut in two.
_LEFT_OUT: Final = "\n[... "


class GuardedToolbox:
    """Satisfies ports.Toolbox around another one."""

    def __init__(self, toolbox: Toolbox, engine: Engine) -> None:
        self._toolbox, self._engine = toolbox, engine
        self.release, self.specs = toolbox.release, toolbox.specs
        self.installed = toolbox.installed

    async def prepare(self, place: Workplace) -> tuple[str, ...]:
        troubles = await self._toolbox.prepare(place)
        redaction = self._of(place)
        return troubles if redaction is None else redaction.anything(troubles)

    async def freeze(self, call: ToolCall, place: Workplace) -> Facts:
        """Nail a call down; raises ToolFailed also for one that would do something with a value.

        An agent sees `[secret NAME]` where the value stood: written back, it would be lost.
        """
        redaction = self._of(place)
        if redaction is None:
            return await self._toolbox.freeze(call, place)
        clean = redaction.anything(call)
        try:
            facts = redaction.anything(await self._toolbox.freeze(clean, place))
        except ToolFailed as refusal:
            raise ToolFailed(
                redaction.text(refusal.message), redaction.text(refusal.mend)
            ) from None
        found = _PLACEHOLDER.search(msgspec.json.encode(clean.arguments).decode())
        does = call.name not in INNER_TOOLS and set(facts.risks) != {"read"}
        if found is not None and does and redaction.has(found[1]):
            raise ToolFailed(
                f"the call has the secret {found[1]} in it, which nobody is shown",
                "let the program take it from its variable, and change only what stands around it",
            )
        return facts

    async def perform(
        self, facts: Facts, place: Workplace, say: Callable[[str], None] | None = None
    ) -> ToolResult:
        redaction = self._of(place)
        if redaction is None:
            return await self._toolbox.perform(facts, place, say)

        def told(text: str) -> None:
            if say is not None:
                say(redaction.piece(text))

        try:
            result = await self._toolbox.perform(facts, place, told)
        except OutcomeUnknown as unknown:
            raise OutcomeUnknown(redaction.text(unknown.message), unknown.mend) from None
        except FleettuiError as failure:
            raise ToolFailed(redaction.text(failure.message), failure.mend) from None
        except OSError as failure:
            raise ToolFailed(redaction.text(f"{type(failure).__name__}: {failure}")) from None
        return msgspec.structs.replace(result, output=_whole(redaction, result))

    def _of(self, place: Workplace) -> Redaction | None:
        return self._engine.redactions.of_tenant(place.tenant)


def _whole(redaction: Redaction, result: ToolResult) -> str:
    if not result.size:
        return redaction.text(result.output)
    return _LEFT_OUT.join(redaction.piece(part) for part in result.output.split(_LEFT_OUT))
