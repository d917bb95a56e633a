"""What a call costs: our own table first, then litellm's, read without importing litellm."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from fleettui.adapters.models.route import Route

OURS = Path(__file__).with_name("prices.json")
THEIRS = "model_prices_and_context_window_backup.json"
_MILLION = 1_000_000


class Price(NamedTuple):
    """US dollars a token: sent, sent again from the provider's cache, answered."""

    sent: float
    cached: float
    answered: float


class _Ours(msgspec.Struct, frozen=True):
    """A line of prices.json, in US dollars a million tokens."""

    input: float
    output: float


class _Theirs(msgspec.Struct, frozen=True):
    input_cost_per_token: float | str | None = None
    output_cost_per_token: float | str | None = None
    cache_read_input_token_cost: float | str | None = None
    litellm_provider: str = ""


def cost(route: Route, sent: int, answered: int, cached: int = 0) -> float | None:
    """Price a call in US dollars; None where the price is unknown, or no tokens were counted."""
    price = price_of(route)
    if price is None or not sent + answered:
        return None
    cached = min(cached, sent)
    return (sent - cached) * price.sent + cached * price.cached + answered * price.answered


def price_of(route: Route) -> Price | None:
    """Look a price up; a price of 0 counts only where our own table lists it."""
    name = f"{route.provider}/{route.model}"
    if listed := _ours().get(name):
        each = listed.input / _MILLION
        return Price(each, each, listed.output / _MILLION)
    bare = _theirs().get(route.model)
    if bare is not None and bare.litellm_provider != route.provider:
        bare = None  # a model of the same name that somebody else serves
    return _read(_theirs().get(name)) or _read(bare)


def _read(entry: _Theirs | None) -> Price | None:
    if entry is None:
        return None
    sent, answered = entry.input_cost_per_token, entry.output_cost_per_token
    if not isinstance(sent, float | int) or not isinstance(answered, float | int):
        return None
    if sent <= 0 and answered <= 0:
        return None
    again = entry.cache_read_input_token_cost
    return Price(sent, again if isinstance(again, float | int) and again > 0 else sent, answered)


@functools.cache
def _ours() -> Mapping[str, _Ours]:
    return msgspec.json.decode(OURS.read_bytes(), type=dict[str, _Ours])


@functools.cache
def _theirs() -> Mapping[str, _Theirs]:
    """Read litellm's table from its file: 20 ms instead of an import of 2 s."""
    found = importlib.util.find_spec("litellm")
    if found is None or not found.submodule_search_locations:
        return {}
    try:
        body = Path(found.submodule_search_locations[0], THEIRS).read_bytes()
        return msgspec.json.decode(body, type=dict[str, _Theirs])
    except (OSError, msgspec.MsgspecError):
        return {}
