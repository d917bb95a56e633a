"""What the steps of a workflow look at: results of steps that are there, and over by then."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from fleettui.core.spec.condition import FIELDS, Condition, UnreadableCondition
from fleettui.core.spec.known import closest
from fleettui.core.spec.problem import Fault, Loc
from fleettui.core.spec.words import step_of_word, words_in

Data = dict[str, Any]
# The text of these may have words in braces.
_TEXTS = ("task", "approval", "run")


def look_faults(
    steps: list[tuple[int, Data]], loc: Loc, names: Mapping[str, int]
) -> Iterator[Fault]:
    """Check every condition, list and text of the steps below `loc`."""
    waits = {step["name"]: needs_of(step)[1] for _, step in steps}
    # AOF's `next` and branches say in another way what a step waits for.
    strict = not any("next" in step or "branches" in step for _, step in steps)
    for at, step in steps:
        for where, looked_at, fault in _looks(step):
            here: Loc = (*loc, "steps", at, *where)
            if fault:
                yield Fault(here, fault)
                continue
            for name in sorted(looked_at):
                if name not in names:
                    yield Fault(here, no_step(name, names))
                elif strict and name not in _before(step["name"], waits):
                    message = f"step '{name}' may not be over by then: add it to 'needs'"
                    yield Fault(here, message)


def _looks(step: Data) -> Iterator[tuple[Loc, Collection[str], str]]:
    """Give each place of a step that looks at others: what it names, or what is wrong there."""
    when, source = step.get("when"), step.get("for_each")
    if isinstance(when, str) and when:
        try:
            condition = Condition(when)
        except UnreadableCondition as error:
            yield ("when",), (), str(error)
        else:
            yield ("when",), condition.steps(), _unknown_field(condition)
    if isinstance(source, str):
        found = source.strip()
        step_name = step_of_word(found) if found.startswith("steps.") else ""
        known = step_name or found == "task"
        wrong = "" if known else f"'{source}' is no list: give one, steps.NAME.output or task"
        yield ("for_each",), {step_name} - {""}, wrong
    for field in _TEXTS:
        texts = step.get(field)
        listed = texts if isinstance(texts, list) else [texts]
        for place, text in enumerate(listed):
            if isinstance(text, str):
                where: Loc = (field, place) if isinstance(texts, list) else (field,)
                yield where, {step_of_word(word) for word in words_in(text)} - {""}, ""


def _unknown_field(condition: Condition) -> str:
    for field in sorted(condition.fields() - set(FIELDS)):
        near = closest(field, FIELDS)
        guess = f"did you mean '{near}'?" if near else f"there are {', '.join(FIELDS)}"
        return f"a step has no '{field}', {guess}"
    return ""


def _before(name: str, waits: Mapping[str, list[str]]) -> set[str]:
    """Name every step that is over before this one begins."""
    found: set[str] = set()
    waiting = list(waits[name])
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += waits.get(one, ())
    return found


def needs_of(step: Data) -> tuple[str, list[str]]:
    """Give the word under which a step names its needs, and the needs."""
    word = next((one for one in ("needs", "depends_on", "dependsOn") if one in step), "needs")
    found = step.get(word, [])
    found = [found] if isinstance(found, str) else found
    return word, [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def no_step(name: str, names: Collection[str]) -> str:
    """Say that no step has a name, and which was meant perhaps."""
    near = closest(name, names)
    return f"no step is named '{name}'" + (f", did you mean '{near}'?" if near else "")
