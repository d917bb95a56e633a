"""The report of a run, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from fleettui.core.model import Finding
from fleettui.core.state.fleet import BallotState, FleetState, PartState, RunState

_ORDER = ("critical", "high", "medium", "low", "info")


def report_text(
    state: FleetState,
    run: RunState,
    outputs: Mapping[str, str],
    details: Mapping[str, str],
    told: Mapping[str, str],
) -> str:
    """Write the report: verdict, votes, findings, steps, then what every agent said.

    `outputs` gives the whole answer of each turn, `details` what voters submitted with a vote,
    `told` what the parts gave that no agent worked on.
    """
    ballot = state.ballots.get(run.ballot)
    parts = [
        f"# {_line(run.task.head)}",
        f"Fleet {state.name}, mode {run.mode}, run {run.id}, asked by {run.by}, "
        f"{_when(run.started)} to {_when(run.finished or run.started)} UTC"
        + (f", compared with {run.base}" if run.base else "")
        + ".",
        _verdict(run, ballot),
    ]
    if ballot is not None:
        parts += [_votes(ballot), _findings(ballot)]
    if run.mode == "workflow":
        parts += [_steps(run), *_commands(run, told)]
    for name in run.turns:
        turn = state.turns[name]
        said = details.get(turn.agent) or outputs.get(name) or ""
        body = said.strip() or turn.reason or f"({turn.status}, no answer)"
        parts += [f"## {_title(run.parts.get(turn.part), turn.agent)}", body]
    models = sorted({state.spec_of(agent).model for agent in run.agents if agent in state.agents})
    parts.append(f"Models: {', '.join(models)}. {_bill(run)}" if models else "No model was asked.")
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(part: PartState | None, agent: str) -> str:
    """Name a part by itself and its agent: a stage is called as its agent, an item is not."""
    if part is None or part.name == agent or part.kind == "answer":
        return agent
    return f"{part.name} ({agent})"


def _steps(run: RunState) -> str:
    rows = ["| step | state | agent | why |", "|---|---|---|---|"]
    for part in run.parts.values():
        cells = (part.name, part.status, part.agent, part.why)
        rows.append("| " + " | ".join(_line(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def _commands(run: RunState, told: Mapping[str, str]) -> Iterator[str]:
    """Give what commands and other fleets said, those that failed first."""
    parts = [part for part in run.parts.values() if told.get(part.id, "").strip()]
    for part in sorted(parts, key=lambda one: one.status != "failed"):
        yield f"## {part.name}"
        yield "\n".join(f"    {line}" for line in told[part.id].rstrip().split("\n"))


def _line(text: str) -> str:
    return " ".join(text.split())


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _verdict(run: RunState, ballot: BallotState | None) -> str:
    if ballot is None or ballot.verdict is None:
        return f"**{run.status}** {run.reason}".strip()
    verdict = ballot.verdict
    word = verdict.verdict if verdict.reached else "not reached"
    sure = f", confidence {verdict.confidence:.2f}" if verdict.reached else ""
    return f"**Verdict: {word}**{sure}. {verdict.reason}"


def _votes(ballot: BallotState) -> str:
    rows = ["| agent | vote | confidence | weight | reason |", "|---|---|---|---|---|"]
    for vote in (ballot.votes[name] for name in ballot.rule.voters if name in ballot.votes):
        sure = "" if vote.confidence is None else f"{vote.confidence:.2f}"
        word = vote.verdict or vote.state
        reason = _line(vote.reason).replace("|", "\\|")
        rows.append(f"| {vote.voter} | {word} | {sure} | {vote.weight:g} | {reason} |")
    return "\n".join(rows)


def _findings(ballot: BallotState) -> str:
    found: list[tuple[str, Finding]] = [
        (voter, finding) for voter, some in ballot.findings.items() for finding in some
    ]
    if not found:
        return "No findings."
    found.sort(key=lambda one: (_ORDER.index(one[1].severity), one[1].file, one[1].line))
    rows = [
        f"- **{finding.severity}** `{finding.file}:{finding.line}` {_line(finding.message)}"
        + (f" ({finding.rule})" if finding.rule else "")
        + f", {voter}"
        for voter, finding in found
    ]
    return "\n".join(["## Findings", "", *rows])


def _bill(run: RunState) -> str:
    bill = run.bill
    cost = f"${bill.cost:.4f}" if bill.priced else "cost unknown"
    return f"{bill.input_tokens} tokens in, {bill.output_tokens} out, {cost}."
