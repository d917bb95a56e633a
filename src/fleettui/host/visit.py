"""A visit of this terminal to a host: the checks before it, the pump, the words after it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from fleettui.core.errors import FleettuiError, HostGone, Refused
from fleettui.core.safe import sanitize
from fleettui.host.hello import Hello
from fleettui.host.paths import log_path
from fleettui.host.pump import Farewell, attach
from fleettui.host.reset import RawTerminal
from fleettui.host.spawn import PROGRAM, connect, connect_or_start

_PLAINLY = "use the commands that print: fleettui run, ps, inbox, log"
# A host that ends just as we come takes the connection with it; the next one is new.
_TRIES = 3


def visit(
    state: str,
    *,
    file: str = "",
    fleet: str = "",
    workspace: str = "",
    base: str = "",
    choose: str = "",
    tenant: str = "",
    rights_of: str = "",
    program: Sequence[str] = PROGRAM,
) -> int:
    """Show a fleet of the host of `state` on this terminal; gives the exit code.

    With a `file` the fleet is opened first, and a host started if there is none. Raises Refused
    where there is no terminal to show it on, and HostGone where there is no host.
    """
    terminal = _own_terminal()
    here = os.path.abspath(workspace or ".")
    hello = Hello(
        columns=80,
        rows=24,
        file=os.path.abspath(file) if file else "",
        fleet=fleet,
        workspace=here,
        base=base,
        choose=choose,
        tenant=tenant,
        rights_of=rights_of,
        environment=dict(os.environ),
    )
    for _ in range(_TRIES):
        stream = connect_or_start(state, program) if file else connect(state)
        if stream is None:
            raise HostGone(f"no host runs on {state}", "open a fleet: fleettui open FILE")
        farewell = attach(stream, hello, terminal, state)
        if farewell.told or terminal.has_painted:
            break
    return say(farewell, state)


def say(farewell: Farewell, state: str) -> int:
    """Print the last words of a visit, and give its exit code."""
    message = farewell.message
    if not farewell.told:
        message += f"; what it stored is there, open the fleet again (log: {log_path(state)})"
    if message:
        _write(2 if farewell.code else 1, message)
    return farewell.code


def complain(error: FleettuiError) -> int:
    """Print an error, its problems first, and give the exit code that stands for it."""
    problems = getattr(error, "problems", ())
    mend = f", {error.mend}" if error.mend else ""
    _write(2, "\n".join([*problems, f"fleettui: error: {error.message}{mend}"]))
    return 3 if problems else 1


def _write(descriptor: int, text: str) -> None:
    """Write to the shell we came from, whatever sys.stdout is meanwhile."""
    try:
        os.write(descriptor, f"{sanitize(text)}\n".encode("utf-8", "replace"))
    except OSError:
        # The terminal is gone.
        return


def _own_terminal() -> RawTerminal:
    """Take the terminal we were started in; raises Refused where it can't show a screen."""
    if not os.isatty(0) or not os.isatty(1):
        raise Refused("stdin and stdout are not a terminal", _PLAINLY)
    term = os.environ.get("TERM", "")
    if term in {"", "dumb", "unknown"}:
        raise Refused(f"a terminal of type {term or '(none)'} can't show a screen", _PLAINLY)
    return RawTerminal()
