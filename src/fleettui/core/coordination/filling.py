"""Filling: the prompt of a step, with the item, the task and earlier outputs in their places."""

from __future__ import annotations

from fleettui.core.coordination.results import joined, outputs_of
from fleettui.core.coordination.work import Work, handed
from fleettui.core.model import Given, Payload
from fleettui.core.spec.words import fill, step_of_word, words_in
from fleettui.core.state.fleet import RunState


def filled_prompt(work: Work, text: str, item: str) -> tuple[Payload, list[Given]]:
    """Put the item, the task and earlier outputs into a text; what is large is handed on whole."""
    run, values, given = work.run, {"item": item, "task": _task(work.run)}, list[Given]()
    words = words_in(text)
    if run.task.blob and "task" in words:
        given.append(Given("The task", run.id))
    for word in words:
        step = step_of_word(word)
        if not step:
            continue
        parts = outputs_of(run, [one for one in run.parts.values() if one.name == step])
        values[word] = joined([one.output.head for one in parts]).strip() if parts else ""
        if any(one.output.blob for one in parts):
            values[word] = f"(the output of {step} is below)"
            given += handed(parts)
    filled = fill(text, values)
    return Payload(filled, len(filled.encode())), given


def _task(run: RunState) -> str:
    return "(the task is below)" if run.task.blob else run.task.head
