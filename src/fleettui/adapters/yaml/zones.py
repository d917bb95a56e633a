"""Time zones that flows name: whether this machine knows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from fleettui.core.spec.fleet_rules import part
from fleettui.core.spec.known import closest
from fleettui.core.spec.problem import Fault

Data = dict[str, Any]


def zone_faults(data: Data) -> Iterator[Fault]:
    """Check the time zone of a flow."""
    zone = part(data, "spec", "trigger", "config").get("timezone")
    if not isinstance(zone, str) or not zone or "${" in zone:
        return
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError):
        # The nearest of a city's name: there are hundreds of zones.
        city = zone.rpartition("/")[2]
        cities = {one.rpartition("/")[2]: one for one in sorted(available_timezones())}
        near = cities.get(closest(city, sorted(cities, key=lambda one: one[:1] != city[:1])) or "")
        guess = f", did you mean '{near}'?" if near else ", write one such as Europe/Berlin"
        yield Fault(("spec", "trigger", "config", "timezone"), f"unknown time zone '{zone}'{guess}")
