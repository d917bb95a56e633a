"""Plugins: the runtimes and the middleware that are installed, found by their entry points."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from inspect import signature
from typing import Any

from fleettui.core.errors import Refused
from fleettui.engine.middleware import GROUP, Maker, Middleware
from fleettui.ports import Machine, Runtime

_log = logging.getLogger(__name__)
RUNTIMES = "fleettui.runtimes"


def load_runtimes(machine: Machine) -> Mapping[str, Runtime]:
    """Load every runtime that is installed; one that is broken is recorded and left out.

    One whose maker takes an argument gets the machine.
    """
    found: dict[str, Runtime] = {}
    for point in entry_points(group=RUNTIMES):
        try:
            make = point.load()
            found[point.name] = make(machine) if signature(make).parameters else make()
        except Exception:  # noqa: BLE001 another package's defect: fleets without it go on
            _log.exception("the runtime %s (%s) can't be loaded", point.name, point.value)
    return found


def load_middleware() -> Mapping[str, Maker]:
    """Name every middleware of messages that is installed; each is loaded when a fleet uses it."""
    return {point.name: _loaded_later(point) for point in entry_points(group=GROUP)}


def _loaded_later(point: EntryPoint) -> Maker:
    """Keep a package that is broken from harming fleets that do not use it."""

    def make(settings: Mapping[str, Any]) -> Middleware:
        try:
            maker: Maker = point.load()
        except Exception as error:
            what = f"the middleware '{point.name}' can't be loaded: {type(error).__name__}: {error}"
            raise Refused(what, f"mend the package that brings {point.value}") from error
        return maker(settings)

    return make
