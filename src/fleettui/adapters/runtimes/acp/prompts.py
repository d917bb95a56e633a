"""The words an agent is given: its instructions, what was before, what is to be done now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fleettui.core.model import ChatMessage
from fleettui.ports import Assignment

_WHO: Final = {"user": "You were told", "assistant": "You answered", "tool": "It came back"}
_MOST_TOLD: Final = 60_000  # characters of what was before
_INTERRUPTED: Final = (
    "You were interrupted in the middle of this. Look at what is done already, do nothing twice, "
    "and go on to the end."
)


def opening(task: Assignment, *, fresh: bool, told: str) -> str:
    """Give the prompt of a turn; `fresh` is for a session that knows nothing yet.

    `told` are the instructions that were given in the session before.
    """
    parts: list[str] = []
    if task.instructions and task.instructions != told:
        parts.append(f"# Your instructions\n\n{task.instructions}")
    if fresh and task.earlier:
        parts.append(f"# What was before\n\n{_story(task.earlier)}")
    # What was said in this turn, but for what it is asked now.
    said = [one for one in task.said if one.role != "user" or one.content not in task.new]
    if said and (fresh or task.begun):
        parts.append(f"# What came of this task so far\n\n{_story(said)}")
    if task.begun:
        parts.append(_INTERRUPTED)
    if parts and task.new:
        parts.append("# What is to be done now")
    return "\n\n".join([*parts, *task.new])


def _story(messages: Sequence[ChatMessage]) -> str:
    told = [f"{_WHO.get(one.role, one.role)}:\n{one.content}" for one in messages if one.content]
    text = "\n\n".join(told)
    if len(text) <= _MOST_TOLD:
        return text
    return f"[the beginning is left out]\n{text[-_MOST_TOLD:]}"


def denied(denials: Sequence[str]) -> str:
    """Tell an agent why it was refused what it wanted."""
    listed = "\n\n".join(denials)
    return (
        f"You were not allowed to do this:\n\n{listed}\n\n"
        "Go on without it and come to an end: give your answer, or say why there is none."
    )
