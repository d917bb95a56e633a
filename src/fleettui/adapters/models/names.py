"""From a model as a fleet file writes it, and its opener's environment, to a Route."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

from fleettui.adapters.models.providers import ALIASES, FAMILIES, PROVIDERS, Provider
from fleettui.adapters.models.route import Adapter, Route
from fleettui.core.errors import ModelFailed

FORCE = "FLEETTUI_MODEL_ADAPTER"
_HOW = "write provider:model, for example anthropic:claude-sonnet-4-5"


def route_of(model: str, environment: Mapping[str, str]) -> Route:
    """Find the way to `model`; raises ModelFailed (never retryable) naming what is missing."""
    forced, text = _forced(model.strip(), environment)
    name, served = _split(text, environment)
    provider = PROVIDERS.get(name) or _unlisted(name)
    key_variable, key = _first(provider.keys, environment)
    base_variable, base = _first(provider.bases, environment)
    _refuse_missing(name, served, provider, key, environment)
    adapter = _adapter(provider, name, base, forced)
    return Route(
        adapter=adapter,
        provider=name,
        model=served,
        litellm_model=f"{provider.litellm}/{served}",
        dialect=provider.dialect,
        key=key,
        key_variable=key_variable,
        base=_address(base, base_variable) or (provider.base if adapter == "slim" else ""),
        base_variable=base_variable,
        settings=_settings(provider, environment),
    )


def _forced(model: str, environment: Mapping[str, str]) -> tuple[Adapter | None, str]:
    for prefix in ("litellm:", "litellm/", "slim:", "slim/"):
        if model.startswith(prefix):
            return cast("Adapter", prefix[:-1]), model[len(prefix) :]
    wish = environment.get(FORCE, "").strip().lower()
    if wish not in {"", "slim", "litellm"}:
        raise ModelFailed(f"{FORCE} is {wish!r}", "set it to slim or litellm, or unset it")
    return cast("Adapter | None", wish or None), model


def _split(text: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Separate the provider from the model it serves (which may hold colons and slashes)."""
    found = re.match(r"([A-Za-z][A-Za-z0-9_.-]*)([:/])(.+)\Z", text, re.DOTALL)
    if found and not (found[2] == ":" and _family(found[1])):
        name = found[1].lower()
        name = name if name in PROVIDERS else name.replace("-", "_")
        return ALIASES.get(name, name), found[3]
    if not text or found:
        family = _family(text)
        if family:
            return family, text
        raise ModelFailed(f"{text!r} names no model", _HOW)
    if family := _family(text):
        return family, text
    if _first(PROVIDERS["openai"].bases, environment)[1]:
        return "openai", text
    raise ModelFailed(f"nobody is known to serve the model {text!r}", _HOW)


def _family(text: str) -> str:
    return next((name for start, name in FAMILIES.items() if text.lower().startswith(start)), "")


def _unlisted(name: str) -> Provider:
    """Treat a provider the table does not know by the custom that all of them follow."""
    known = name.upper().replace("-", "_").replace(".", "_")
    return Provider(name, (f"{known}_API_KEY",), (f"{known}_API_BASE",), "openai")


def _first(variables: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, str]:
    for variable in variables:
        if value := environment.get(variable, "").strip():
            return variable, value
    return (variables[0] if variables else ""), ""


def _refuse_missing(
    name: str,
    served: str,
    provider: Provider,
    key: str,
    environment: Mapping[str, str],
) -> None:
    missing = [one for one in provider.required if not environment.get(one, "").strip()]
    if provider.keys and not key:
        missing.insert(0, " or ".join(provider.keys))
    if not missing:
        return
    verb = "is" if len(missing) == 1 else "are"
    known = "" if name in PROVIDERS else (
        f"; for a server that speaks OpenAI's language write openai:{name}/{served}"
        " and set OPENAI_API_BASE"
    )  # fmt: skip
    raise ModelFailed(
        f"{' and '.join(missing)} {verb} not set, which {name}:{served} needs",
        f"set it where you open the fleet, and open it again{known}",
    )


def _adapter(provider: Provider, name: str, base: str, forced: Adapter | None) -> Adapter:
    able = bool(provider.dialect) and bool(base or provider.base)
    if forced == "slim" and not able:
        raise ModelFailed(
            f"the slim adapter can't speak with {name}",
            f"unset {FORCE}, or set it to litellm",
        )
    if forced:
        return forced
    return "slim" if able and (provider.slim or base) else "litellm"


def _address(base: str, variable: str) -> str:
    if not base:
        return ""
    if "://" not in base:
        base = f"http://{base}"
    try:
        parts = urlsplit(base)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise ModelFailed(f"{variable} is not an address", "write it like http://localhost:8000/v1")
    return base.rstrip("/")


def _settings(provider: Provider, environment: Mapping[str, str]) -> dict[str, str]:
    table = {**provider.required, **provider.settings}
    return {
        argument: environment[variable].strip()
        for variable, argument in table.items()
        if argument and environment.get(variable, "").strip()
    }
