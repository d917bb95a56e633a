"""The detail of a flow and of a request, as blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from fleettui.core.views.rows import FlowRow, RequestRow
from fleettui.tui.amounts import age, left, time_of_day
from fleettui.tui.blocks import Block, labelled
from fleettui.tui.parts import Part, Tone

# Before every line that a person, a platform or a model wrote.
_GUTTER: Final = (Part("| ", "accent"),)
_TONES: Final[dict[str, Tone]] = {
    "queued": "plain", "running": "run", "finished": "done", "dead": "fail", "dropped": "dim",
}  # fmt: skip


def flow_blocks(row: FlowRow, requests: Sequence[RequestRow], now: float) -> list[Block]:
    """Say what a flow takes, who does its work, and what came of what it was given last."""
    tone: Tone = "fail" if row.state == "error" else "bold"
    blocks = [Block(f"{row.tenant}/{row.flow}: {row.state}", tone)]
    if row.why:
        blocks.append(labelled("why", row.why, "fail" if row.state == "error" else "need"))
    blocks += [labelled("takes" if not place else "", line) for place, line in enumerate(row.takes)]
    blocks += [labelled("by" if not place else "", name) for place, name in enumerate(row.agents)]
    blocks.append(labelled("file", f"{row.file}:{row.line}", "dim"))
    if row.next_due:
        blocks.append(labelled("next", f"in {left(max(row.next_due - now, 0.0))}"))
    counted = (
        f"{row.matches} requests, {row.last_minute} in the last minute, {row.last_hour} in the "
        f"last hour; {row.waiting} wait, {row.at_work} at work, {row.dead} dead, "
        f"{row.refused} refused"
    )
    blocks += [labelled("given", counted), Block("")]
    if not requests:
        return [*blocks, Block("nothing came yet: m gives it a message by hand", "dim")]
    for one in requests:
        blocks += [*_brief(one, now), Block("")]
    return blocks


def who(row: RequestRow) -> str:
    """Name who asked: the person where one is known, else the platform's user, else the trigger."""
    return row.person or row.user or row.platform


def _brief(row: RequestRow, now: float) -> Iterator[Block]:
    head = (
        Part(f"{time_of_day(row.at)} ", "dim"),
        Part(f"{row.status:<9}", _TONES.get(row.status, "plain")),
    )
    where = f" in {row.channel}" if row.channel else ""
    yield Block(f"{who(row)} by {row.platform}{where}, {age(now - row.at)} ago", lead=head)
    yield Block(row.text, gutter=_GUTTER)
    if row.why:
        yield labelled("why", row.why, "fail" if row.status == "dead" else "need")
    if row.output:
        yield Block(row.output, "done", gutter=(Part("> ", "accent"),))


def request_blocks(row: RequestRow, now: float) -> list[Block]:
    """Say all about a request: who asked what, when, and what came of it."""
    blocks = [Block(f"{row.tenant}/{row.id} to {row.flow}", "bold"), *_brief(row, now), Block("")]
    blocks.append(labelled("pri", row.priority))
    if row.agent:
        blocks.append(labelled("agent", row.agent))
    if row.run:
        blocks.append(labelled("run", f"{row.run} in {row.fleet}, try {row.tries}"))
    if row.error_type:
        blocks.append(labelled("error", row.error_type, "fail"))
    return [*blocks, labelled("reply", row.reply), labelled("used", f"{row.tokens} tokens")]
