"""What must hold between flows of several files: an organization has one workspace."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fleettui.adapters.yaml.checked import Checked
from fleettui.adapters.yaml.document import Document
from fleettui.core.spec.flow_rules import workspace
from fleettui.core.spec.problem import Fault, Problem

_FILES_LIMIT = 200
_SIZE_LIMIT = 256 * 1024


def neighbour_problems(
    checked: Sequence[Checked], environment: Mapping[str, str]
) -> Iterator[Problem]:
    """Compare the flows of the checked files with each other and with those beside them."""
    flows = [one for file in checked for one in file.documents if one.kind == "AgentFlow"]
    bound = [(one, workspace(one.data)) for one in flows]
    if not any(found[0] for _, found in bound):
        return
    named = {os.path.realpath(file.path) for file in checked}
    others = [
        one
        for path in _beside(checked, named)
        for one in Checked(path, environment).documents
        if one.kind == "AgentFlow"
    ]
    everyone = bound + [(one, workspace(one.data)) for one in others]
    for flow, mine in bound:
        if mine[0] and any(_clash(mine, theirs) for one, theirs in everyone if one is not flow):
            yield _problem(flow, mine)


def _clash(mine: tuple[str, str, str], theirs: tuple[str, str, str]) -> bool:
    """Say whether two flows bind one organization to two workspaces of a platform."""
    if mine[0] != theirs[0] or (mine[1] and theirs[1] and mine[1] != theirs[1]):
        return False
    return mine[2] != theirs[2]


def _problem(flow: Document, mine: tuple[str, str, str]) -> Problem:
    platform = "Slack" if mine[1] in {"", "slack"} else mine[1]
    message = (
        f"organization {mine[0]} is already bound to another {platform} workspace, "
        "give each workspace its own organization"
    )
    flow.note(Fault(("spec", "context", "organization"), message))
    return flow.problems[-1]


def _beside(checked: Sequence[Checked], named: set[str]) -> Iterator[str]:
    """Name small YAML files that stand beside the flows and mention an organization."""
    folders = {
        Path(file.path).resolve().parent
        for file in checked
        if any(one.kind == "AgentFlow" for one in file.documents)
    }
    for folder in sorted(folders):
        for path in sorted(folder.glob("*.y*ml"))[:_FILES_LIMIT]:
            if str(path.resolve()) not in named and _mentions(path):
                yield str(path)


def _mentions(path: Path) -> bool:
    try:
        about = path.stat()
        small = stat.S_ISREG(about.st_mode) and about.st_size <= _SIZE_LIMIT
        return small and b"organization" in path.read_bytes()
    except OSError:
        return False
