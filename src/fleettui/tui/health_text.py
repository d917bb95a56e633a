"""What the detail pane says of an agent's health: alerts, the last look, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from fleettui.core.views.rows import AlertRow, HealthRow
from fleettui.tui.amounts import age, spark
from fleettui.tui.blocks import Block, labelled
from fleettui.tui.parts import Part

_SHOWN: Final = 40
_MIB: Final = 2**20
# What is drawn over time: its name, how a look has it, and how the largest value is said.
_TRENDS: Final[tuple[tuple[str, Callable[[HealthRow], float], str], ...]] = (
    ("life", lambda look: look.beats, "{:.0f} at most between looks"),
    ("cpu", lambda look: look.cpu, "{:.2f} cores at most"),
    ("mem", lambda look: look.memory / _MIB, "{:.0f} MiB at most"),
    ("model", lambda look: look.response or 0.0, "{:.1f} s at most"),
)


def health_blocks(
    looks: Sequence[HealthRow], alerts: Sequence[AlertRow], now: float
) -> list[Block]:
    """Draw what is known of an agent's health."""
    blocks = [
        Block(f"{row.text}  for {age(now - row.at)}", "fail",
              (Part(f"{row.severity.upper()} ", "fail"),))
        for row in alerts
    ]  # fmt: skip
    if not looks:
        return [*blocks, Block("nobody has looked yet: see spec.health.interval", "dim")]
    last = looks[-1]
    blocks += [
        labelled("now", last.condition, "fail" if last.condition == "stalled" else "bold"),
        labelled("last", f"did something {age(now - last.progress)} ago"),
        labelled("runs", _programs(last)),
        labelled("model", "not asked yet" if last.response is None else _answered(last)),
        labelled("seen", f"{len(looks)} looks since {age(now - looks[0].at)}"),
        Block(""),
    ]
    recent = looks[-_SHOWN:]
    for name, value_of, words in _TRENDS:
        values = [value_of(look) for look in recent]
        if any(values):
            text = f"{spark(values)}  {words.format(max(values))}"
            blocks.append(Block(text, lead=(Part(f"{name:<6}", "accent"),)))
    return blocks


def _programs(look: HealthRow) -> str:
    if not look.processes:
        return "no program of its own"
    return f"{look.processes} programs, {look.memory / _MIB:.0f} MiB, {look.cpu:.2f} cores"


def _answered(look: HealthRow) -> str:
    return f"answered in {look.response or 0:.1f} s"
