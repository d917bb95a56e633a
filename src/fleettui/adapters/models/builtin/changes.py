"""builtin:changes: release notes from the git log, by rules, in the stages of a pipeline."""

from __future__ import annotations

import re
from typing import Final

from fleettui.adapters.models.builtin.conversation import answered
from fleettui.adapters.models.builtin.reply import calling, handed_to, saying, tools_of
from fleettui.core.model import ModelReply, ModelRequest

_LABEL: Final = "builtin:changes works by rules and is no language model."
# As git_log writes them: id, date, author, subject.
_COMMIT: Final = re.compile(
    r"^(?P<id>[0-9a-f]{7,40}) (?P<date>\d{4}-\d\d-\d\d) (?P<author>.*?): (?P<subject>.+)$"
)
_GROUPS: Final = (
    ("Breaking changes", re.compile(r"^\w+(?:\(.*\))?!:|BREAKING", re.IGNORECASE)),
    ("New", re.compile(r"^(?:feat|add|new|introduce|support|allow|build)\b", re.IGNORECASE)),
    (
        "Mended",
        re.compile(
            r"^(?:fix|mend|bug|repair|correct|hold|avoid|prevent|security|revert)\b", re.IGNORECASE
        ),
    ),
    ("Faster", re.compile(r"^(?:perf|speed|faster)\b", re.IGNORECASE)),
    ("Papers", re.compile(r"^(?:docs?|readme|document)\b", re.IGNORECASE)),
    (
        "Inside",
        re.compile(r"^(?:chore|ci|build|test|refactor|style|move|split|merge)\b", re.IGNORECASE),
    ),
)
_MOST: Final = 200
_MERGE: Final = re.compile(r"^Merge (?:branch|pull request|remote-tracking|tag|commit)\b")
_ITEM: Final = re.compile(r"^- (?P<id>[0-9a-f]{7,40}) (?P<subject>.+)$", re.MULTILINE)


def next_step(request: ModelRequest) -> ModelReply:
    """Collect commits, group what was collected, or check what was grouped."""
    handed = "\n".join(handed_to(request).values())
    if "# Release notes" in handed:
        return saying(_checked(handed))
    if _ITEM.search(handed):
        return saying(_grouped(handed))
    if handed:
        return saying(handed)
    if "git_log" not in tools_of(request):
        return saying(f"I need the tool git_log.\n\n{_LABEL}")
    log = next((one for one in answered(request) if one.name == "git_log"), None)
    if log is None:
        return calling("What happened lately?", [("git_log", {"n": _MOST})])
    found = [match for line in log.text.split("\n") if (match := _COMMIT.match(line.strip()))]
    if not found:
        why = (log.text.splitlines() or [""])[0]
        return saying(f"There are no commits to write about. {why}\n\n{_LABEL}")
    items = [f"- {match['id']} {match['subject']}" for match in found]
    many = "1 commit" if len(items) == 1 else f"{len(items)} commits"
    more = f"; there may be older ones, {_MOST} were asked for" if len(items) >= _MOST else ""
    head = f"{many} from {found[-1]['date']} to {found[0]['date']}{more}"
    return saying("\n".join([head, "", *items, "", _LABEL]))


def _grouped(text: str) -> str:
    groups: dict[str, list[str]] = {name: [] for name in (*dict(_GROUPS), "Other")}
    seen: set[str] = set()
    for match in _ITEM.finditer(text):
        words = match["subject"].strip()
        name = next((name for name, pattern in _GROUPS if pattern.search(words)), "Other")
        if words.casefold() not in seen and not _MERGE.match(words):
            seen.add(words.casefold())
            groups[name].append(f"- {words} ({match['id'][:7]})")
    body = [f"## {name}\n\n" + "\n".join(lines) for name, lines in groups.items() if lines]
    # A title of two marks would end the section it is handed on in.
    return "\n\n".join(["# Release notes", *body, _LABEL]).replace("## ", "### ")


def _checked(text: str) -> str:
    """Check that every line names its commit; a validator says so."""
    notes = text[text.index("# Release notes") :] if "# Release notes" in text else text
    bare = [line for line in notes.split("\n") if line.startswith("- ") and "(" not in line]
    if bare:
        return f"SEND BACK: {len(bare)} lines name no commit, such as: {bare[0]}"
    return notes
