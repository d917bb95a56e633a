"""Which fields may stand where in a file, read from the models."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from pydantic import BaseModel

from fleettui.core.spec.problem import Loc

_OTHER_WORDS = {
    "instructions": ("system_prompt", "system"),
    "environment": ("env",),
    "model_settings": ("model_config",),
    "max_concurrent_tasks": ("maxConcurrentTasks",),
    "resource_limits": ("resourceLimits",),
}


def fields_beside(model: type[BaseModel], loc: Loc) -> tuple[str, ...]:
    """Name the fields known in the mapping that holds the last part of `loc`."""
    here: Any = model
    for step in loc[:-1]:
        here = _step(here, step)
    here = _inner(here)
    if here is None:
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


def _step(annotation: Any, step: str | int) -> Any:
    """Give the annotation of what `step` leads to: a field, or an entry of a list or mapping."""
    model = annotation if _is_model(annotation) else None
    container = next((one for one in _parts(annotation) if get_origin(one) in {dict, tuple}), None)
    if container is not None:
        return get_args(container)[1 if get_origin(container) is dict else 0]
    model = model or _inner(annotation)
    if model is None:
        return None
    fields = model.model_fields
    found = fields.get(str(step)) or next(
        (one for one in fields.values() if one.alias == step), None
    )
    return found.annotation if found else None


def _parts(annotation: Any) -> tuple[Any, ...]:
    """Give the alternatives of an annotation such as `Model | None`."""
    whole = get_origin(annotation) in {dict, tuple} or _is_model(annotation)
    return (annotation,) if whole else (annotation, *get_args(annotation))


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _inner(annotation: Any) -> type[BaseModel] | None:
    """Give the model inside an annotation such as `Model | None`."""
    return next((one for one in _parts(annotation) if _is_model(one)), None)
