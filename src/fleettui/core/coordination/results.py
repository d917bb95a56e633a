"""What the steps of a workflow came to, as conditions and lists see it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fleettui.core.coordination.listing import bullets
from fleettui.core.coordination.work import Work
from fleettui.core.model import Payload
from fleettui.core.spec.condition import Condition
from fleettui.core.spec.workflow import Step
from fleettui.core.state.fleet import FleetState, PartState, RunState

_FAILED = "failed, and the run goes on: "


class Unread(Exception):
    """An output is too large to be known here: the engine reads it."""


def without_success(why: str) -> str:
    """Say of a step that counts as done that it failed."""
    return why if why.startswith(_FAILED) else f"{_FAILED}{why}"


def succeeded(part: PartState) -> bool:
    return part.status == "done" and not part.why.startswith(_FAILED)


def is_met(work: Work, text: str) -> bool:
    """Evaluate a condition on the run so far; raises Unread where it needs a large output."""
    condition = Condition(text)
    looked_at = condition.steps()
    for part in work.run.parts.values() if looked_at or condition.wants_all() else ():
        step = part.name.partition("[")[0]
        if part.output.blob and (step in looked_at or condition.wants_all()):
            raise Unread
    return condition.holds(values_of(work.state, work.run, {}))


def values_of(state: FleetState, run: RunState, texts: Mapping[str, str]) -> dict[str, Any]:
    """Give what a condition can look at; `texts` are the whole outputs of parts by their id."""
    steps: dict[str, dict[str, Any]] = {}
    together: dict[str, Any] = {}
    items = _items(run)
    for part in run.parts.values():
        of = [texts.get(one.id, one.output.head) for one in items.get(part.id, (part,))]
        output = joined(of)
        action = state.actions.get(part.action)
        fields = _fields(output)
        together.update(fields)
        steps[part.name] = {
            "status": part.status,
            "ok": succeeded(part),
            "output": output,
            "why": part.why,
            "exit_code": action.exit_code if action else None,
            "result": fields,
        }
    return {"steps": steps, "state": together, "task": run.task.head}


def _fields(output: str) -> dict[str, Any]:
    """Give the members of an output that is a JSON object."""
    if output.lstrip()[:1] != "{":
        return {}
    try:
        found = json.loads(output)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def items_of(work: Work, step: Step) -> list[str]:
    """Give the items of a step that is done for each; raises Unread for a large output."""
    if not isinstance(step.for_each, str):
        return list(step.for_each or ())
    sources = sources_of(work.run, step.for_each)
    if any(source.blob for source in sources):
        raise Unread
    return [item for source in sources for item in read_items(source.head)]


def sources_of(run: RunState, source: str) -> list[Payload]:
    """Give the outputs that `steps.NAME.output` means, or the run's task for `task`."""
    name = source.strip().removeprefix("steps.").removesuffix(".output")
    found = [part for part in run.parts.values() if part.name == name]
    return [part.output for part in outputs_of(run, found)] if found else [run.task]


def joined(outputs: Sequence[str]) -> str:
    """Make one output of those of a step's items; one alone stays as it is."""
    return outputs[0] if len(outputs) == 1 else "\n".join(one.strip("\n") for one in outputs)


def read_items(text: str) -> list[str]:
    """Read a JSON list, bulleted lines, or else every line that is not empty."""
    if text.lstrip()[:1] == "[":
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, list):
            return [one if isinstance(one, str) else json.dumps(one) for one in found]
    return bullets(text) or [line.strip() for line in text.splitlines() if line.strip()]


def outputs_of(run: RunState, parts: Iterable[PartState]) -> list[PartState]:
    """Give the parts that have the outputs: of a step done for each item, its items."""
    items = _items(run)
    return [one for part in parts for one in items.get(part.id, [part])]


def _items(run: RunState) -> dict[str, list[PartState]]:
    """Give the items of every step that is done for each."""
    items: dict[str, list[PartState]] = {}
    for one in run.parts.values():
        if one.planned.parent:
            items.setdefault(one.planned.parent, []).append(one)
    return items
