"""Fleet files as the engine wants them: read, checked, and with their agents resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fleettui.adapters.yaml.checked import Checked
from fleettui.adapters.yaml.document import MODELS, Document
from fleettui.adapters.yaml.files import yaml_files
from fleettui.adapters.yaml.neighbours import neighbour_problems
from fleettui.core.errors import BadSpec
from fleettui.core.spec.fields import without
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.spec.problem import Problem
from fleettui.core.spec.workflow_file import WorkflowFile, fleet_of_workflow
from fleettui.ports import LoadedFleet

_Model = TypeVar("_Model", bound=BaseModel)


def check_files(paths: Sequence[str], environment: Mapping[str, str]) -> tuple[Problem, ...]:
    """Check files, and every YAML file in folders; give all problems in order of place."""
    checked = [Checked(path, environment) for path in yaml_files(list(paths))]
    problems = [problem for file in checked for problem in file.problems]
    problems += neighbour_problems(checked, environment)
    order = {file.path: at for at, file in enumerate(checked)}
    last = len(order)
    ordered = dict.fromkeys(
        sorted(problems, key=lambda one: (order.get(one.file, last), *_place(one)))
    )
    return tuple(ordered)


class YamlSpecs:
    """Specs from YAML files."""

    def load_fleet(self, path: str, environment: Mapping[str, str], name: str = "") -> LoadedFleet:
        """Read and check one fleet of a file; raises BadSpec with every placed problem."""
        return fleet_in(Checked(path, environment), name)


def fleet_in(file: Checked, name: str = "") -> LoadedFleet:
    """Give one fleet of a file that is read; raises BadSpec with every placed problem."""
    problems = sorted(file.problems, key=_place)
    errors = [str(problem) for problem in problems if problem.severity == "error"]
    if errors:
        raise BadSpec(
            f"{file.path} has {len(errors)} error{'s' if len(errors) > 1 else ''}",
            errors,
            "mend the file and open it again",
        )
    document = _choose(file, name)
    data = file.resolved(document) if document.kind != "Workflow" else document.data
    spec = _normalised(data if document.kind != "Workflow" else fleet_of_workflow(data))
    warnings = tuple(str(problem) for problem in problems)
    return LoadedFleet(document.name(), spec, warnings)


def _choose(file: Checked, name: str) -> Document:
    fleets = [one for one in file.documents if MODELS.get(one.kind) in {FleetFile, WorkflowFile}]
    named = [one for one in fleets if not name or one.name() == name]
    if len(named) == 1 or (named and not name):
        return named[0]
    if not fleets:
        message = f"{file.path} has no document of kind AgentFleet"
        raise BadSpec(message, (f"{file.path}:1:1: error: no document of kind AgentFleet",))
    known = ", ".join(one.name() for one in fleets)
    reason = f"no fleet is named '{name}'" if not named else f"two fleets are named '{name}'"
    raise BadSpec(
        f"{file.path}: {reason}", (f"{file.path}:1:1: error: {reason}",), f"there are {known}"
    )


def _normalised(data: dict[str, Any]) -> dict[str, Any]:
    """Give the plain JSON of the fleet."""
    fleet = without_unknown(FleetFile, {**data, "kind": "AgentFleet"})
    # What the file does not say stays unsaid: a fleet without `consensus` asks for no vote.
    return fleet.model_dump(mode="json", exclude_unset=True)


def without_unknown(model: type[_Model], data: dict[str, Any]) -> _Model:
    """Read a checked document; unknown fields, warned about already, are left out."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            if one["type"] == "extra_forbidden":
                data = without(data, tuple(one["loc"]))
        return model.model_validate(data)


def _place(problem: Problem) -> tuple[int, int, str]:
    return problem.line, problem.column, problem.severity
