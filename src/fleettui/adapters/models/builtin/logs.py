"""builtin:logs: finds what went wrong in a folder of logs, by rules."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from fleettui.adapters.models.builtin.conversation import Done, answered
from fleettui.adapters.models.builtin.loglines import LEVELS, LogLine, clock, read_lines
from fleettui.adapters.models.builtin.reply import calling, handed_to, saying, tools_of
from fleettui.core.model import ModelReply, ModelRequest

_LOGS: Final = re.compile(r"\.(?:log|out|err|jsonl|ndjson)(?:\.\d+)?$|(?:^|/)(?:syslog|messages)$")
_MOST_FILES, _MOST_PAGES, _MOST_KINDS = 40, 40, 12
_CUT: Final = re.compile(r"\[cut: lines ([\d,]+) to ([\d,]+) of ([\d,]+); go on")
_LABEL: Final = "builtin:logs works by rules and is no language model."
_DATA: Final = re.compile(r"```json\n(.*?)\n```", re.DOTALL)


def next_step(request: ModelRequest) -> ModelReply:
    """List the logs, read them, say what is in them; with others' findings at hand, conclude."""
    findings = [text for text in handed_to(request).values() if _DATA.search(text)]
    if findings:
        return saying(_conclusion(findings))
    if not {"list_files", "read_file"} <= tools_of(request):
        return saying(f"I need the tools list_files and read_file.\n\n{_LABEL}")
    done = answered(request)
    listed = next((one for one in done if one.name == "list_files"), None)
    if listed is None:
        return calling("Which logs are there?", [("list_files", {})])
    names = [name for name in listed.text.split("\n") if _LOGS.search(name)][:_MOST_FILES]
    if not names:
        return saying(f"There is no log here (*.log, *.out, *.err, *.jsonl).\n\n{_LABEL}")
    reads = [one for one in done if one.name == "read_file"]
    wanted = _missing(names, reads)
    if wanted and len(reads) < _MOST_PAGES:
        return calling("Reading the logs.", [("read_file", one) for one in wanted])
    return saying(_findings(request.agent, names, reads))


def _missing(names: Sequence[str], reads: Sequence[Done]) -> list[dict[str, Any]]:
    """Give the reads that are still to be made: every file once, then the rest of a cut one."""
    read = {
        (str(one.arguments.get("path")), int(one.arguments.get("start_line", 1))) for one in reads
    }
    wanted: list[dict[str, Any]] = [{"path": name} for name in names if (name, 1) not in read]
    for one in reads:
        cut = _CUT.search(one.text)
        if cut:
            place = (str(one.arguments.get("path")), int(cut[2].replace(",", "")) + 1)
            if place not in read:
                wanted.append({"path": place[0], "start_line": place[1]})
    return wanted


def _findings(agent: str, names: Sequence[str], reads: Sequence[Done]) -> str:
    """Say what kinds of events there are, and hand the first of each on as JSON."""
    changes_only = "change" in agent
    lines = [line for one in reads for line in _lines_of(one)]
    kept = [line for line in lines if line.change == changes_only or not changes_only]
    kept = [line for line in kept if changes_only or line.level != "info"]
    by_kind: dict[str, list[LogLine]] = {}
    for line in kept:
        by_kind.setdefault(line.kind, []).append(line)
    ranked = sorted(by_kind.values(), key=lambda some: (LEVELS.index(some[0].level), -len(some)))
    what = "changes" if changes_only else "errors and warnings"
    told = [f"{len(kept)} {what} of {len(by_kind)} kinds in {len(names)} logs."]
    for some in ranked[:_MOST_KINDS]:
        first = some[0]
        told.append(
            f"- {len(some)}x {first.level} since {clock(first.at)} {first.place}: {first.text}"
        )
    data = [
        {
            "at": some[0].at, "place": some[0].place, "level": some[0].level, "count": len(some),
            "change": some[0].change, "text": some[0].text,
        }
        for some in ranked[:_MOST_KINDS]
    ]  # fmt: skip
    return "\n".join([*told, "", _LABEL, "", f"```json\n{json.dumps(data)}\n```"])


def _lines_of(read: Done) -> list[LogLine]:
    path, start = str(read.arguments.get("path")), int(read.arguments.get("start_line", 1))
    body = [line for line in read.text.split("\n") if not line.startswith("[cut: lines")]
    return list(read_lines(path, body, start))


def _conclusion(findings: Sequence[str]) -> str:
    """Put what was found in the order of time; the first grave kind is the likely cause."""
    events: list[dict[str, Any]] = []
    for text in findings:
        for block in _DATA.findall(text):
            try:
                events += [one for one in json.loads(block) if isinstance(one, dict)]
            except ValueError:
                continue
    if not events:
        return f"Nothing in the logs is worse than information: no cause found.\n\n{_LABEL}"
    unique = {(one["place"], one["text"]): one for one in events}
    timed = sorted(unique.values(), key=lambda one: (one["at"] is None, one["at"] or 0.0))
    grave = [one for one in timed if one["level"] in {"fatal", "error"}]
    cause = grave[0] if grave else timed[0]
    before = [one for one in timed if one["change"] and (one["at"] or 0) <= (cause["at"] or 0)]
    counts = Counter({one["level"]: 0 for one in timed})
    for one in timed:
        counts[one["level"]] += one["count"]
    told = [f"**Likely cause**: {cause['text']} ({cause['place']}, {clock(cause['at'])})"]
    if before:
        last = before[-1]
        told.append(f"**Before it**: {last['text']} ({last['place']}, {clock(last['at'])})")
    told += ["", "Timeline:", ""]
    told += [
        f"- {clock(one['at'])} {one['level']} {one['place']} {one['count']}x {one['text']}"
        for one in timed
    ]
    total = ", ".join(f"{count} {level}" for level, count in counts.items() if count)
    return "\n".join(
        [*told, "", f"In all: {total}. The first grave event is taken as the cause.", "", _LABEL]
    )
