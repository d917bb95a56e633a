"""BuiltinReview: reviews changes by rules, through the same tools as any model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from fleettui.adapters.models.builtin.conversation import (
    Done,
    answered,
    prompt_of,
    roles_of,
)
from fleettui.adapters.models.builtin.diff import (
    FileDiff,
    Listed,
    cut_at,
    joined,
    read_diff,
    read_stat,
)
from fleettui.adapters.models.builtin.findings import RULE_SETS, find
from fleettui.adapters.models.builtin.reply import calling, saying
from fleettui.adapters.models.builtin.rules import Role
from fleettui.adapters.models.builtin.verdict import Reading, as_markdown, judge, options_in
from fleettui.core.model import Finding, ModelReply, ModelRequest

_AT_ONCE: Final = 1_200  # changed lines that one git_diff shows whole
_MOST_FILES: Final = 60
_MOST_PAGES: Final = 12
_MOST_FINDINGS: Final = 100
_OVERLAP: Final = 0.6  # pages asked ahead overlap: how many lines fit is known only afterwards
_GENERATED: Final = re.compile(
    r"(^|/)(node_modules|vendor|third_party|dist|build)/|\.min\.(js|css)$|\.(lock|snap|map|svg)$"
    r"|(^|/)(package-lock\.json|pnpm-lock\.yaml|go\.sum|yarn\.lock)$|_pb2\.pyi?$|\.pb\.go$"
)
_PYTHON: Final = (".py", ".pyi")


class BuiltinReview:
    """A reviewer that is no language model: its next step follows from the conversation alone."""

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> ModelReply:
        """Give the next step of the review: tool calls, or the vote."""
        reply = await asyncio.to_thread(_next_step, request)
        if on_text is not None and reply.content:
            on_text(reply.content)
        return reply


def _next_step(request: ModelRequest) -> ModelReply:
    done = answered(request)
    tools = {tool.name for tool in request.tools}
    if "git_diff" not in tools:
        return _abstain(request, "I have no tool git_diff, so I can't see the changes")
    stat = next((one for one in done if one.name == "git_diff" and one.arguments.get("stat")), None)
    if stat is None:
        return calling("Which files changed?", [("git_diff", {"stat": True})])
    listed = read_stat(stat.text)
    wanted, unread = _worth_reading(listed)
    if not wanted and not any(row.secret for row in listed):
        return _abstain(request, _nothing(stat.text, listed))
    diffs = [one for one in done if one.name == "git_diff" and not one.arguments.get("stat")]
    if wanted and not diffs:
        return calling("Reading the changes.", _readingcalling(wanted, tools, roles_of(request)))
    if pages := _missing_pages(diffs):
        return calling("Reading on.", pages)
    return _vote(request, listed, unread, done, tools)


def _worth_reading(listed: Sequence[Listed]) -> tuple[list[Listed], list[str]]:
    """Choose the files to read, the most changed first if there are many; name the others."""
    text = [row for row in listed if not row.binary and not row.secret and row.added + row.deleted]
    chosen = [row for row in text if not _GENERATED.search(row.path)] or text
    chosen.sort(key=lambda row: -row.added)
    left = {row.path for row in text} - {row.path for row in chosen[:_MOST_FILES]}
    return chosen[:_MOST_FILES], sorted(left)


def _readingcalling(
    wanted: Sequence[Listed], tools: set[str], roles: Sequence[Role]
) -> list[tuple[str, dict[str, Any]]]:
    total = sum(row.added + row.deleted for row in wanted)
    calls: list[tuple[str, dict[str, Any]]] = [("git_diff", {})]
    if total > _AT_ONCE or len(wanted) == _MOST_FILES:
        calls = [("git_diff", {"path": row.path}) for row in wanted]
    python = [row.path for row in wanted if row.path.endswith(_PYTHON) and row.added]
    if "lint" in tools and python:
        rules = [rule for role in roles for rule in RULE_SETS[role]]
        calls.append(("lint", {"paths": sorted(python), "rules": rules}))
    return calls


def _missing_pages(diffs: Sequence[Done]) -> list[tuple[str, dict[str, Any]]]:
    """Ask once for the rest of every answer that was cut."""
    if any("start_line" in one.arguments for one in diffs):
        return []
    calls: list[tuple[str, dict[str, Any]]] = []
    for one in diffs:
        if cut := cut_at(one.text):
            _first, last, total = cut
            step = max(int(last * _OVERLAP), 1)
            starts = [last + 1, *range(last + step, total, step)][:_MOST_PAGES]
            calls += [("git_diff", {**one.arguments, "start_line": start}) for start in starts]
    return calls


def _vote(
    request: ModelRequest,
    listed: Sequence[Listed],
    unread: Sequence[str],
    done: Sequence[Done],
    tools: set[str],
) -> ModelReply:
    roles = roles_of(request)
    files, cut = _files(done)
    lint = "\n".join(one.text for one in done if one.name == "lint")
    findings, outside = find(files, listed, lint, roles)
    notes = []
    if any(file.path.endswith(_PYTHON) for file in files):
        if "lint" not in tools:
            notes.append("Python was not linted: I have no tool lint")
        elif not lint.startswith("# ruff"):
            notes.append("Python was not linted: " + lint.split("\n")[0][:200])
    missing = sorted({*unread, *cut})
    reading = Reading(
        len(files), sum(len(file.added) for file in files), tuple(missing), tuple(notes)
    )
    judgement = judge(findings, reading, options_in(prompt_of(request)))
    shown = findings[:_MOST_FINDINGS]
    output = as_markdown(roles, judgement, shown, reading, outside)
    if len(findings) > len(shown):
        output += f"\n\n{len(findings) - len(shown)} more findings are not listed."
    return _submit(
        request, judgement.verdict, judgement.confidence, judgement.reason, shown, output
    )


def _files(done: Sequence[Done]) -> tuple[list[FileDiff], list[str]]:
    """Read all diffs, page by page; name those of which something is missing."""
    pages: dict[str, list[tuple[int, str]]] = {}
    for one in done:
        if one.name == "git_diff" and not one.arguments.get("stat"):
            start = int(one.arguments.get("start_line", 1))
            pages.setdefault(str(one.arguments.get("path", "")), []).append((start, one.text))
    files: list[FileDiff] = []
    cut: list[str] = []
    for path, some in pages.items():
        lines, whole = joined(some)
        read = read_diff(lines)
        files += read
        if not whole or (path and not read):
            cut.append(f"the rest of {path}" if read and path else path or "the rest of the diff")
    return files, cut


def _nothing(stat: str, listed: Sequence[Listed]) -> str:
    if listed:
        return f"nothing to review: only binary or empty files changed ({len(listed)})"
    told = [line.removeprefix("# ") for line in stat.split("\n") if line.strip()]
    return f"nothing to review: {' '.join(told[-1:]) or 'no changes'}"


def _abstain(request: ModelRequest, why: str) -> ModelReply:
    """Abstain: by the tool where the task offers it, else in words."""
    if "abstain" in prompt_of(request):
        return _submit(request, "abstain", 0.0, why, (), why)
    return saying(f"VOTE: abstain (0.0) {why}")


def _submit(
    request: ModelRequest,
    verdict: str,
    confidence: float,
    reason: str,
    findings: Sequence[Finding],
    output: str,
) -> ModelReply:
    tried = any(one.name == "submit_result" for one in answered(request))
    if tried or not any(tool.name == "submit_result" for tool in request.tools):
        return saying(f"{output}\n\nVOTE: {verdict} ({confidence}) {reason}")
    arguments = {
        "verdict": verdict,
        "confidence": confidence,
        "reason": reason,
        "findings": [msgspec.to_builtins(finding) for finding in findings],
        "output": output,
    }
    return calling("", [("submit_result", arguments)])
