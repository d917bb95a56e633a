"""Arguments in, one face out: the only reader of argv, and where host, engine and faces meet.

Every face loads only what it needs, so imports stand where their face begins.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from fleettui.cli.opening import VERBS, parse
from fleettui.core.errors import FleettuiError

_IDLE = 10.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one face and leave with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one face and give its exit code: the thin paths here, everything else through click."""
    name = arguments[0] if arguments else ""
    verb = VERBS.get(name)
    values = None if verb is None else parse(verb, arguments[1:])
    if values is None:
        _run_commands(arguments)
    try:
        match name:
            case "host":
                return be_host(values)
            case "open" if "foreground" in values:
                return open_in_foreground(values)
            case _:
                return show(values)
    except FleettuiError as error:
        from fleettui.host.visit import complain

        return complain(error)


def show(values: Mapping[str, str]) -> int:
    """Show a fleet on this terminal: `open` with a FILE, `attach` without."""
    from fleettui.host.paths import state_folder
    from fleettui.host.visit import visit

    return visit(
        state_folder(values.get("state", "")),
        file=values.get("FILE", ""),
        fleet=values.get("FLEET", ""),
        workspace=values.get("workspace", ""),
        base=values.get("base", ""),
        choose=values.get("fleet", ""),
        tenant=values.get("tenant", os.environ.get("FLEETTUI_TENANT", "")),
        rights_of=values.get("as", ""),
    )


def be_host(values: Mapping[str, str]) -> int:
    """Own a state folder and serve it, in a session of our own."""
    from fleettui.host.begin import begin
    from fleettui.host.paths import state_folder

    state = state_folder(values.get("state", ""))
    claimed = begin(state, int(values.get("ready-fd") or os.open(os.devnull, os.O_WRONLY)))
    if claimed is None:
        return 0
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from fleettui.hosting import serve_claimed

    serve_claimed(claimed, float(values.get("idle", _IDLE)))
    return 0


def open_in_foreground(values: Mapping[str, str]) -> int:
    """Host and terminal as one process: the host in a thread, the terminal's bytes in this one."""
    from fleettui.host.paths import state_folder
    from fleettui.hosting import serve_beside

    state = state_folder(values.get("state", ""))
    return serve_beside(state, lambda: show({**values, "state": state}))


def _run_commands(arguments: Sequence[str]) -> NoReturn:
    """Hand over to click, for everything that prints; it leaves by itself."""
    # We end soon: collecting garbage would cost more than it brings.
    gc.set_threshold(100_000)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from fleettui.cli.root import cli
    from fleettui.doors import SocketDoors

    doors = SocketDoors(_show_by_click, _serve_flows)
    cli.main(args=list(arguments), prog_name="fleettui", obj=doors)


def _serve_flows(state: str, config: str, flows: str) -> str:
    """Be a host that serves flows; gives why it could not."""
    from fleettui.hosting import serve_flows

    return serve_flows(state, config, flows)


def _show_by_click(verb: str, values: Mapping[str, str]) -> int:
    """Show a fleet for click, which read the arguments this time."""
    if verb == "open" and "foreground" in values:
        return open_in_foreground(values)
    return show(values)
