"""A stand-in fleet with a real host around it: `demo_host.py open|attach|beside|host`."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
PROGRAM = (sys.executable, "-P", str(HERE))


def _option(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else ""


def main() -> int:
    from fleettui.core.errors import FleettuiError
    from fleettui.host.visit import complain, visit

    verb, state = sys.argv[1], _option("--state")
    if verb == "host":
        return be_host(state, int(_option("--ready-fd")))

    def show() -> int:
        return visit(
            state,
            file="" if verb == "attach" else sys.argv[2],
            fleet=_option("--fleet"),
            program=PROGRAM,
        )

    try:
        return beside(state, show) if verb == "beside" else show()
    except FleettuiError as error:
        return complain(error)


def beside(state: str, show: Callable[[], int]) -> int:
    from fleettui.host.foreground import in_foreground
    from fleettui.host.reception import Reception

    return in_foreground(state, lambda: build(state), Reception(load_show), show)


def be_host(state: str, ready_fd: int) -> int:
    from fleettui.host.begin import begin

    claimed = begin(state, ready_fd)
    if claimed is None:
        return 0
    from fleettui.host.journal import open_journal
    from fleettui.host.reception import Reception
    from fleettui.host.serve import run_host

    open_journal(state)
    idle = float(os.environ.get("FLEETTUI_IDLE", "10"))
    run_host(claimed, idle, lambda: build(state), Reception(load_show))
    return 0


@asynccontextmanager
async def build(state: str) -> AsyncIterator[Any]:
    if Path(state, "broken").exists():
        from fleettui.core.errors import StoreNewer

        raise StoreNewer("the store is from a newer fleettui", "update this one")
    yield import_module("demo_fleet").DemoHouse()


def load_show() -> Any:
    from fleettui.host.screen import Showing, Streams

    def make_app(visit: Any) -> Any:
        return import_module("demo_app").DemoApp(visit)

    def words(result: object, fleet: str) -> str:
        return f"detached; the fleet goes on: fleettui attach {fleet}" if result else ""

    return Showing(make_app, words, Streams(sys.stdout, sys.stderr))


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    sys.exit(main())
