"""Which stored secrets a file grants an agent: names, globs, and the variables they become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from fleettui.core.secrets import (
    GLOB,
    NAME,
    PREFIX,
    VARIABLE,
    is_glob,
    is_listed,
    is_reserved,
    variable_of,
)
from fleettui.core.spec.problem import Fault, Loc
from fleettui.core.spec.variables import named

_HOW = "write names, globs, or NAME: VARIABLE"


def _by_name(value: Any) -> Any:
    """Turn a list of names and of mappings into one mapping, an empty variable for the usual."""
    if isinstance(value, dict):
        return {name: "" if variable is None else variable for name, variable in value.items()}
    if not isinstance(value, (list, tuple)):
        raise PydanticCustomError("secrets", "expected a list of names of secrets")
    found: dict[Any, Any] = {}
    for entry in value:
        match entry:
            case str():
                found.setdefault(entry, "")
            case dict() if all(isinstance(part, str) for part in entry.values()):
                found |= entry
            case _:
                raise PydanticCustomError("secrets", _HOW)
    return found


SecretNames = Annotated[
    dict[str, str],
    BeforeValidator(
        _by_name, json_schema_input_type=list[str | dict[str, str]] | dict[str, str | None]
    ),
]


def granted_faults(spec: dict[str, Any], loc: Loc) -> Iterator[Fault]:
    """Check the list of an agent, and that its texts name no secret that is not in it."""
    listed: dict[str, str] = {}
    taken: dict[str, str] = {}
    environment = spec.get("environment", spec.get("env"))
    for name, variable, here in _entries(spec.get("secrets"), (*loc, "secrets")):
        listed[name] = variable
        fault = _fault(name, variable)
        if fault:
            yield Fault(here, fault)
            continue
        if is_glob(name):
            continue
        own = variable or variable_of(name)
        if own in taken:
            yield Fault(here, f"'{name}' and '{taken[own]}' would both become {own}, name another")
        taken[own] = name
        if isinstance(environment, dict) and own in environment:
            yield Fault(here, f"'{name}' becomes {own}, which environment sets too, take one out")
    for name, here in _named(spec, loc):
        if not is_listed(name, listed):
            yield Fault(here, f"the secret '{name}' is not in this agent's secrets, add it there")


def _entries(written: Any, loc: Loc) -> Iterator[tuple[str, str, Loc]]:
    """Give name, variable and place of every entry that can be read as one."""
    if isinstance(written, dict):
        for name, variable in written.items():
            yield str(name), variable if isinstance(variable, str) else "", (*loc, name)
    for at, entry in enumerate(written if isinstance(written, list) else []):
        if isinstance(entry, str):
            yield entry, "", (*loc, at)
        elif isinstance(entry, dict):
            for name, variable in entry.items():
                yield str(name), variable if isinstance(variable, str) else "", (*loc, at, name)


def _fault(name: str, variable: str) -> str:
    if not (GLOB if is_glob(name) else NAME).match(name):
        return f"'{name}' is no name of a secret, use letters, digits, '-', '_', '.' and globs"
    if variable and is_glob(name):
        return f"'{name}' may be several secrets, which can't all become {variable}"
    if variable and not VARIABLE.match(variable):
        return f"'{variable}' is no name of a variable, use letters, digits and '_'"
    own = variable or ("" if is_glob(name) else variable_of(name))
    if own and is_reserved(own):
        return f"{own} says how programs run, it can't be a secret"
    return ""


def _named(spec: dict[str, Any], loc: Loc) -> Iterator[tuple[str, Loc]]:
    """Give every `${secret:NAME}` in what an agent's programs and servers are given."""
    for field in ("environment", "env", "mcp_servers"):
        yield from _within(spec.get(field), (*loc, field))


def _within(part: Any, loc: Loc) -> Iterator[tuple[str, Loc]]:
    if isinstance(part, str):
        for name in named(part):
            if name.startswith(PREFIX):
                yield name.removeprefix(PREFIX), loc
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from _within(value, (*loc, key))
    elif isinstance(part, list):
        for at, value in enumerate(part):
            yield from _within(value, (*loc, at))
