"""The files that the steps of a workflow open as fleets of their own: there, and not this one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fleettui.core.spec.fleet_rules import part
from fleettui.core.spec.problem import Fault, Loc


def subfleet_faults(path: str, data: dict[str, Any]) -> Iterator[Fault]:
    """Look for the file of every step with `fleet` in a document of the file at `path`."""
    spec = part(data, "spec")
    own, folder = Path(path).resolve(), Path(path).parent
    for holder, loc in ((spec, ("spec",)), (part(spec, "workflow"), ("spec", "workflow"))):
        steps = holder.get("steps")
        for at, step in enumerate(steps if isinstance(steps, list) else ()):
            named = step.get("fleet") if isinstance(step, dict) else None
            if isinstance(named, str) and named:
                yield from _file_fault(folder / named, own, named, (*loc, "steps", at, "fleet"))


def _file_fault(file: Path, own: Path, named: str, loc: Loc) -> Iterator[Fault]:
    try:
        if file.resolve() == own:
            yield Fault(loc, f"'{named}' is this file itself, name another fleet's")
        elif not file.is_file():
            yield Fault(loc, f"file not found: {named}")
    except (OSError, ValueError):
        yield Fault(loc, f"'{named}' is not a path")
