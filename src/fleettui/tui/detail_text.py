"""What the detail pane says of an agent, a run or a ballot: rows in, blocks out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fleettui.core.views.rows import (
    BallotRow,
    Board,
    CheckpointRow,
    DiffRow,
    FileRow,
    InboxRow,
    LogRow,
    MemoryRow,
    MessageRow,
    RunRow,
)
from fleettui.tui.amounts import left, money, time_of_day, tokens
from fleettui.tui.blocks import Block, labelled
from fleettui.tui.parts import Part, Tone
from fleettui.tui.words import turn_sign

_LOG_TONES: Final[Mapping[str, Tone]] = {
    "prompt": "dim", "llm": "plain", "tool": "accent", "out": "dim", "ask": "need",
    "vote": "done", "message": "accent", "note": "dim", "error": "fail", "check": "run",
}  # fmt: skip
_OUTPUT_SHOWN: Final = 40
_DIFF_TONES: Final[Mapping[str, Tone]] = {"+": "done", "-": "fail", "@": "accent"}


def log_blocks(rows: Sequence[LogRow], streamed: str, *, times: bool) -> list[Block]:
    """Draw a log; `streamed` is what a model is saying right now."""
    blocks = [
        Block(_some(row.text), _LOG_TONES[row.kind], (_moment(row.at, times), _kind(row.kind)))
        for row in rows
    ]
    if streamed:
        blocks.append(Block(streamed + " ...", "run", (_moment(None, times), _kind("llm"))))
    return blocks or [Block("nothing has happened yet", "dim")]


def _some(text: str) -> str:
    lines = text.rstrip("\n").split("\n")
    if len(lines) <= _OUTPUT_SHOWN:
        return "\n".join(lines)
    more = len(lines) - _OUTPUT_SHOWN
    return "\n".join([*lines[:_OUTPUT_SHOWN], f"... {more} more lines"])


def _moment(at: float | None, times: bool) -> Part:
    if not times:
        return Part("")
    return Part(f"{time_of_day(at)} " if at is not None else " " * 9, "dim")


def _kind(kind: str) -> Part:
    word = kind.upper() if kind in {"ask", "error"} else kind
    return Part(f"{word[:7]:<8}", _LOG_TONES.get(kind, "plain"))


def change_blocks(diff: DiffRow) -> list[Block]:
    """Draw what an agent changed in its folder: the files, then the diff."""
    blocks = [file_block(file) for file in diff.files]
    if diff.diff:
        blocks += [Block(""), *diff_lines(diff.diff)]
    return blocks


def file_block(file: FileRow) -> Block:
    """Draw a file that differs, with its lines."""
    size = "binary" if file.added is None else f"+{file.added} -{file.deleted}"
    was = f"  was {file.was}" if file.was else ""
    tone: Tone = {"added": "done", "deleted": "fail"}.get(file.change, "accent")  # type: ignore[assignment]
    return Block(f"{file.path}  {size}{was}", lead=(Part(f"{file.change:<8}", tone),))


def diff_blocks(diff: DiffRow, rows: Sequence[LogRow], waiting: Sequence[InboxRow]) -> list[Block]:
    """Draw what an agent changed, after what it waits to change; else the last diff it read."""
    asked = [row.action.preview for row in waiting if row.action and row.action.preview]
    blocks = [block for text in asked for block in diff_lines(text)]
    if diff.files:
        return [*blocks, Block(f"changed in its {_folder(diff)}", "bold"), *change_blocks(diff)]
    read = [row.text for row in rows if row.kind == "out" and _is_diff(row.text)]
    blocks += [block for text in read[-1:] for block in diff_lines(text)]
    return blocks or [Block("this agent has not changed, read or proposed a diff yet", "dim")]


def _folder(diff: DiffRow) -> str:
    return "worktree: M merges it" if diff.kind == "worktree" else "folder"


def _is_diff(text: str) -> bool:
    return text.startswith(("diff --", "--- ")) or "\ndiff --" in text or "\n@@ " in text


def diff_lines(text: str) -> Iterator[Block]:
    """Draw a diff, line by line."""
    for line in text.split("\n"):
        head = line.startswith(("diff --", "+++", "---", "index "))
        yield Block(line, "bold" if head else _DIFF_TONES.get(line[:1], "plain"))


def message_blocks(rows: Sequence[MessageRow], log: Sequence[LogRow]) -> list[Block]:
    """Draw what waits for an agent, after what it was sent before."""
    blocks = [
        Block(row.text, "plain", (_moment(row.at, True), Part("read    ", "dim")))
        for row in log
        if row.kind == "message"
    ]
    for row in rows:
        tone: Tone = "fail" if row.status == "dead" else "accent"
        lead = (_moment(row.at, True), Part(f"{row.status:<7} ", tone))
        blocks.append(Block(f"{row.priority} from {row.sender}: {row.text}", "plain", lead))
    return blocks or [Block("no messages: m sends one", "dim")]


def checkpoint_blocks(rows: Sequence[CheckpointRow]) -> list[Block]:
    """Draw an agent's checkpoints, newest first."""
    blocks = [Block(checkpoint_words(row), lead=(Part(f"{row.id:<8} ", "accent"),)) for row in rows]
    return blocks or [Block("no checkpoint yet: c makes one, and every run makes one first", "dim")]


def checkpoint_words(row: CheckpointRow) -> str:
    """Say when and why a checkpoint was made, and what came since."""
    files = "" if row.files is None else f"{row.files} files, "
    since = f"{files}{row.entries} entries, {tokens(row.tokens)} tok, {money(row.cost)} since"
    left = f"  left out: {', '.join(row.left_out)}" if row.left_out else ""
    note = f"  {row.note}" if row.note else ""
    return f"{time_of_day(row.at)}  {row.why}  ({since}){note}{left}"


def memory_blocks(rows: Sequence[MemoryRow], now: float) -> list[Block]:
    """Draw what the fleet remembers, by key: who wrote it, how long it stays, how it begins."""
    blocks: list[Block] = []
    for row in rows:
        stays = "" if row.expires_at is None else f"  {left(row.expires_at - now)} left"
        by = f"  {row.agent}  {row.size} bytes{stays}"
        blocks.append(Block(by, "dim", (_moment(row.at, True), Part(row.key, "bold"))))
        blocks.append(Block(_some(row.value), lead=(Part("  "),)))
    nothing = "nothing is remembered: agents use remember and recall where a file has shared.memory"
    return blocks or [Block(nothing, "dim")]


def spec_blocks(spec: Mapping[str, Any], entry: str) -> list[Block]:
    """Draw what the fleet file says of an agent."""
    listed = spec.get("spec", {}).get("agents", ())
    mine = next((agent for agent in listed if agent.get("name") == entry), None)
    if mine is None:
        return [Block(f"the fleet file has no agent {entry}", "dim")]
    return list(_tree(mine, 0))


def _tree(value: Any, depth: int) -> Iterator[Block]:
    pairs = value.items() if isinstance(value, Mapping) else (("-", each) for each in value)
    for name, inner in pairs:
        lead = (Part("  " * depth + (f"{name} " if name == "-" else f"{name}: "), "accent"),)
        if inner in (None, "", (), [], {}):
            continue
        if isinstance(inner, Mapping | list | tuple):
            yield Block("", lead=lead)
            yield from _tree(inner, depth + 1)
        else:
            yield Block(str(inner), lead=lead)


def report_blocks(report: str, run: RunRow) -> list[Block]:
    """Draw a run's report, or how far the run is where it has none yet."""
    if not report:
        return [Block("no report yet: it is written when the run ends", "dim"), *turn_blocks(run)]
    return [Block(line, "bold" if line.startswith("#") else "plain") for line in report.split("\n")]


def turn_blocks(run: RunRow) -> list[Block]:
    """Draw a run's task and its turns with what they brought."""
    blocks = [labelled("task", run.task, "bold"), labelled("by", f"{run.by or '?'}, {run.mode}")]
    if run.reason:
        blocks.append(labelled("end", run.reason))
    for turn in run.turns:
        sign = turn_sign(turn)
        blocks.append(
            Block(f"{turn.instance}  {turn.model_calls} model calls  {turn.reason}", "bold",
                  (Part(f"{sign.glyph} {sign.word:<5} ", sign.tone),))
        )  # fmt: skip
        if turn.output:
            blocks.append(Block(_some(turn.output), lead=(Part("  "),)))
    return blocks


def ballot_blocks(ballot: BallotRow) -> list[Block]:
    """Draw every vote of a ballot with its reason."""
    blocks = [
        Block(ballot.question, "bold"),
        labelled("rule", f"{ballot.algorithm}, need more than {ballot.need:.2f}"),
    ]
    if ballot.verdict is not None:
        tone: Tone = "done" if ballot.verdict.reached else "need"
        said = f"{ballot.verdict.verdict} {ballot.verdict.confidence:.2f}: {ballot.verdict.reason}"
        blocks.append(labelled("end", said, tone))
    for vote in ballot.votes:
        sure = "" if vote.confidence is None else f" {vote.confidence:.2f}"
        said = f"{vote.verdict}{sure}" if vote.state == "cast" else vote.state
        lead = (Part(f"{vote.agent[:16]:<16} w{vote.weight:g} ", "accent"),)
        blocks.append(Block(f"{said}  {vote.reason}", lead=lead))
    return blocks


def messages_of(board: Board, agent: str) -> list[MessageRow]:
    """Give the messages to or from an agent."""
    return [row for row in board.messages if agent in {row.to, row.sender}]
