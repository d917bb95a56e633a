"""What a DaemonConfig may ask for, and what of it is not built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fleettui.core.spec.fleet_rules import part
from fleettui.core.spec.known import PLATFORMS, RUNNING_PLATFORMS, closest
from fleettui.core.spec.problem import Fault, Loc

Data = dict[str, Any]
_ONE_HOST: Final = "a host of its own store is all there is: start one for each group of tenants"
_KNOWN: Final = tuple(name.lower() for name in PLATFORMS)
_FOLDERS: Final = ("agents", "fleets", "tenants", "flows", "triggers")
_REFUSED: Final = {
    "contexts": "contexts are no files of their own, write spec.context in each flow",
    "bindings": "bindings are not built, write spec.trigger and spec.agents in each flow",
    "settings": "settings are not built: logs go to the state folder, limits stand in the tenants",
}


def daemon_faults(data: Data) -> Iterator[Fault]:
    """Check a daemon's configuration as written; wrong shapes are left to the model."""
    spec = part(data, "spec")
    yield from _server(part(spec, "server"))
    yield from _platforms(part(spec, "platforms"))
    yield from _runtime(part(spec, "runtime"))
    for name in _FOLDERS:
        if isinstance(spec.get(name), list):
            message = f"'{name}' is a folder here, write `directory: ./{name}` below it"
            yield Fault(("spec", name), message)
    if isinstance(spec.get("triggers"), dict):
        message = "triggers are no files of their own, write spec.trigger in each flow; not used"
        yield Fault(("spec", "triggers"), message, "warning", "key")
    for name, message in _REFUSED.items():
        if name in spec:
            yield Fault(("spec", name), message, at="key")
    routing = part(spec, "routing")
    if routing.get("strict_mode") is True and routing.get("default_agent"):
        message = "strict_mode refuses what no flow takes: the default agent gets nothing"
        yield Fault(("spec", "routing", "default_agent"), message, "warning")


def _server(server: Data) -> Iterator[Fault]:
    loc: Loc = ("spec", "server")
    if server.get("cluster_mode") is True:
        yield Fault((*loc, "cluster_mode"), f"cluster_mode is not built, {_ONE_HOST}")
    for name in ("redis_url", "node_id"):
        if name in server:
            yield Fault((*loc, name), f"'{name}' is not built, {_ONE_HOST}", at="key")
    tls = server.get("tls")
    if isinstance(tls, dict) and tls.get("enabled", True) is not False:
        message = "tls is not built, listen on 127.0.0.1 and put a proxy that has it in front"
        yield Fault((*loc, "tls"), message, at="key")
    if server.get("cors") is True:
        message = "cors is not built: no page of another origin is answered; not used"
        yield Fault((*loc, "cors"), message, "warning")


def _platforms(platforms: Data) -> Iterator[Fault]:
    for name, settings in platforms.items():
        loc: Loc = ("spec", "platforms", name)
        folded = name.lower()
        if folded not in _KNOWN:
            near = closest(folded, _KNOWN)
            guess = f"did you mean '{near}'?" if near else f"known are {', '.join(_KNOWN)}"
            yield Fault(loc, f"unknown platform '{name}', {guess}", at="key")
        elif folded not in RUNNING_PLATFORMS and part(settings).get("enabled", True) is not False:
            message = f"platform {name} is not built yet: its flows route and don't run"
            yield Fault(loc, message, "warning", "key")


def _runtime(runtime: Data) -> Iterator[Fault]:
    loc: Loc = ("spec", "runtime")
    if runtime.get("distributed") is True:
        yield Fault((*loc, "distributed"), f"distributed is not built, {_ONE_HOST}")
    queue = runtime.get("task_queue")
    if isinstance(queue, str) and queue != "memory":
        message = f"task_queue '{queue}' is not built: the queue is kept in the store, remove it"
        yield Fault((*loc, "task_queue"), message)
