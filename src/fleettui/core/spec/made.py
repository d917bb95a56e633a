"""A fleet that was made by rule, read as strictly as one of a file."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from fleettui.core.errors import BadSpec
from fleettui.core.spec.explain import fault_of
from fleettui.core.spec.fields import fields_beside
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.spec.problem import path_text

Data = dict[str, Any]


def fleet_made(data: Data, origin: str) -> Data:
    """Give a fleet as plain JSON, spellings settled; raises BadSpec that names its `origin`."""
    try:
        fleet = FleetFile.model_validate(data)
    except ValidationError as error:
        faults = [
            fault_of(one, fields_beside(FleetFile, tuple(one["loc"])))
            for one in error.errors(include_url=False)
        ]
        told = [f"{path_text(one.loc)}: {one.message}" for one in faults]
        raise BadSpec(f"{origin} makes no fleet: {told[0]}", told, "mend its file") from None
    # What nobody says stays unsaid: a fleet without `consensus` asks for no vote.
    return fleet.model_dump(mode="json", exclude_unset=True)
