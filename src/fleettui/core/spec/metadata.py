"""What every document says about itself: version, name and labels."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from fleettui.core.spec.known import API_VERSION, OLDER_VERSIONS
from fleettui.core.spec.shape import Name, Shape, Texts


class Metadata(Shape):
    """Name, labels and annotations."""

    name: Name = Field(description="Its name: a-z, 0-9 and '-', at most 63 characters.")
    description: str | None = Field(default=None, description="A sentence for people.")
    labels: Texts = Field(default_factory=dict, description="Text by name, to filter by.")
    annotations: Texts = Field(default_factory=dict, description="Text by name, for people.")


def _supported(value: object) -> object:
    if not isinstance(value, str) or value == API_VERSION or value in OLDER_VERSIONS:
        return value
    raise PydanticCustomError(
        "api_version",
        "unsupported apiVersion {found} (supported: {known})",
        {"found": repr(value), "known": API_VERSION},
    )


ApiVersion = Annotated[str, BeforeValidator(_supported, json_schema_input_type=str)]
