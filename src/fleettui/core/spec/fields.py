"""Which fields may stand where in a file, read from the models."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel

from fleettui.core.spec.problem import Loc

_OTHER_WORDS = {
    "instructions": ("system_prompt", "system"),
    "environment": ("env",),
    "model_settings": ("model_config",),
}


def fields_beside(model: type[BaseModel], loc: Loc) -> tuple[str, ...]:
    """Name the fields known in the mapping that holds the last part of `loc`."""
    here: Any = model
    for step in loc[:-1]:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(step)) or next(
                (one for one in here.model_fields.values() if one.alias == step), None
            )
            here = _inner(field.annotation) if field else None
    if not (isinstance(here, type) and issubclass(here, BaseModel)):
        return ()
    names: list[str] = []
    for name, field in here.model_fields.items():
        names += [field.alias or name, *_OTHER_WORDS.get(name, ())]
    return tuple(names)


def without(data: Any, loc: Loc) -> Any:
    """Give `data` without what `loc` leads to; the rest is shared."""
    step, rest = loc[0], loc[1:]
    if isinstance(data, dict) and step in data:
        if not rest:
            return {key: value for key, value in data.items() if key != step}
        return {**data, step: without(data[step], rest)}
    if isinstance(data, list) and isinstance(step, int) and step < len(data) and rest:
        return [*data[:step], without(data[step], rest), *data[step + 1 :]]
    return data


def _inner(annotation: Any) -> Any:
    """Give the model inside an annotation such as `tuple[Model, ...]` or `Model | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        found = _inner(part)
        if found is not None:
            return found
    return None
