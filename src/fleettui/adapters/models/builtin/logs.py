"""builtin:logs: finds what went wrong in a folder of logs, by rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from fleettui.adapters.models.builtin.conversation import Done, answered
from fleettui.adapters.models.builtin.loglines import LogLine, in_one_year, read_line, read_lines
from fleettui.adapters.models.builtin.reply import calling, handed_to, saying, tools_of
from fleettui.adapters.models.builtin.timeline import conclusion, findings, says_findings
from fleettui.core.model import ModelReply, ModelRequest

_LOGS: Final = re.compile(r"\.(?:log|out|err|jsonl|ndjson)(?:\.\d+)?$|(?:^|/)(?:syslog|messages)$")
_PACKED: Final = re.compile(
    r"(?:\.(?:log|out|err|jsonl|ndjson)|syslog|messages)\S*\.(?:gz|xz|bz2|zst|zip)$"
)
_MOST_FILES, _MOST_PAGES, _MOST_NAMED = 40, 40, 5
_CUT: Final = re.compile(r"\[cut: lines ([\d,]+) to ([\d,]+) of ([\d,]+); go on")
_FOUND: Final = re.compile(r"^(?P<file>.+?):(?P<line>\d+):(?P<text>.*)$")
_UNREAD: Final = re.compile(r"is binary, [\d,]+ bytes|the rest can't be read here")
_LABEL: Final = "builtin:logs works by rules and is no language model."
# What is searched for in every log, also in those too many or too large to read.
_GRAVE: Final = (
    "fatal|panic|emerg|crit|out of memory|oom|error|severe|exception|traceback"
    "|deploy|roll(ed|ing)? ?out|restart|migrat|upgrad|started version|config"
)


def next_step(request: ModelRequest) -> ModelReply:
    """List the logs, search and read them, say what is in them; or conclude from findings."""
    handed = [text for text in handed_to(request).values() if says_findings(text)]
    if handed:
        return saying(f"{conclusion(handed)}\n\n{_LABEL}")
    tools = tools_of(request)
    if not {"list_files", "read_file"} <= tools:
        return saying(f"I need the tools list_files and read_file.\n\n{_LABEL}")
    done = answered(request)
    listed = next((one for one in done if one.name == "list_files"), None)
    if listed is None:
        return calling("Which logs are there?", [("list_files", {})])
    names = [name for name in listed.text.split("\n") if _LOGS.search(name)]
    if not names:
        packed = _not_read(listed, [], [], [])
        return saying(
            "\n\n".join(["There is no log here (*.log, *.out, *.err, *.jsonl).", *packed, _LABEL])
        )
    searches = [one for one in done if one.name == "search"]
    if not searches and "search" in tools:
        wanted = {"pattern": _GRAVE, "regex": True, "ignore_case": True}
        return calling("Where do they speak of trouble or of changes?", [("search", wanted)])
    found = [
        match for one in searches for line in one.text.split("\n") if (match := _FOUND.match(line))
    ]
    first = [match["file"] for match in found if _LOGS.search(match["file"])]
    chosen = list(dict.fromkeys((*first, *names)))[:_MOST_FILES]
    reads = [one for one in done if one.name == "read_file"]
    pages = _missing(chosen, reads)[: _MOST_PAGES - len(reads)]
    if pages:
        return calling("Reading the logs.", [("read_file", one) for one in pages])
    lines = {(line.file, line.number): line for line in _searched(found)}
    lines |= {(line.file, line.number): line for one in reads for line in _lines_of(one)}
    told = findings(
        in_one_year(list(lines.values())), len(names), changes="change" in request.agent
    )
    return saying(
        "\n\n".join([told, *_not_read(listed, names, chosen, [*searches, *reads]), _LABEL])
    )


def _missing(names: Sequence[str], reads: Sequence[Done]) -> list[dict[str, Any]]:
    """Give the reads that are still to be made: every file once, then the rest of a cut one."""
    read = {_place(one) for one in reads}
    wanted: list[dict[str, Any]] = [{"path": name} for name in names if (name, 1) not in read]
    for one in reads:
        cut = _CUT.search(one.text)
        if cut:
            path, start = _place(one)[0], int(cut[2].replace(",", "")) + 1
            if (path, start) not in read:
                wanted.append({"path": path, "start_line": start})
    return wanted


def _place(read: Done) -> tuple[str, int]:
    return str(read.arguments.get("path")), int(read.arguments.get("start_line", 1))


def _not_read(
    listed: Done, names: Sequence[str], chosen: Sequence[str], done: Sequence[Done]
) -> list[str]:
    """Say what of the logs was not read, so that nobody takes silence for health."""
    reads = [one for one in done if one.name == "read_file"]
    opened = {_place(one)[0] for one in reads}
    unread = [name for name in names if name not in opened]
    part = {_place(one)[0] for one in reads if _UNREAD.search(one.text)}
    part |= {str(one["path"]) for one in _missing(chosen, reads) if one["path"] in opened}
    packed = [name for name in listed.text.split("\n") if _PACKED.search(name)]
    searched = any(one.name == "search" for one in done)
    told = [
        *_named(
            "read only where the search found words of trouble" if searched else "not read", unread
        ),
        *_named(
            "not read to the end" if not searched else "read in part, searched whole", sorted(part)
        ),
        *_named("packed, not read", packed),
    ]
    cut = [one for one in (listed, *done) if one.name != "read_file" and _CUT.search(one.text)]
    told += [f"{one.name} gave only the beginning of its answer" for one in cut]
    return [f"Not read whole: {'; '.join(told)}."] if told else []


def _named(what: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return [f"{', '.join(names[:_MOST_NAMED])}{more} ({what})"]


def _searched(found: Sequence[re.Match[str]]) -> Iterator[LogLine]:
    for match in found:
        if _LOGS.search(match["file"]):
            yield from read_line(match["file"], int(match["line"]), match["text"])


def _lines_of(read: Done) -> list[LogLine]:
    path, start = _place(read)
    body = [line for line in read.text.split("\n") if not line.startswith("[cut: lines")]
    return list(read_lines(path, body, start))
