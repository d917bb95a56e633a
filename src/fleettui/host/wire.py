"""The door in JSON: requests, answers and errors as they stand in Q and A frames.

Up:   {"id": 1, "send": <command>} | {"id": 2, "read": <query>}
      | {"id": 3, "watch": {"fleet": "", "stream": false}} | {"id": 4, "unwatch": 3}
      | {"id": 5, "host": "about" | "stop"}; any of them with "tenant" and "rights_of"
Down: {"id": 1, "ok": ...} | {"id": 1, "error": {"kind", "message", "mend", "problems"}}
      | {"id": 3, "events": [...]} | {"id": 3, "streamed": [...]} | {"id": 3, "reread": true}
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from fleettui.client import Streamed
from fleettui.core import errors
from fleettui.core.commands import OperatorCommand
from fleettui.core.errors import BadSpec, FleettuiError, QuotaReached
from fleettui.core.events import Recorded
from fleettui.core.views.queries import AnyQuery


class Watching(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to watch: a fleet or all, with or without the text of models that answer."""

    fleet: str = ""
    stream: bool = False


class Request(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One request; one of `send` to `host` is set.

    `tenant` narrows it to one tenant, `rights_of` to what a member may see and do: see Membership.
    """

    id: int
    send: OperatorCommand | None = None
    read: AnyQuery | None = None
    watch: Watching | None = None
    unwatch: int | None = None
    host: Literal["about", "stop"] | None = None
    tenant: str = ""
    rights_of: str = ""


class Trouble(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error of core.errors: the name of its class and what it carries."""

    kind: str
    message: str
    mend: str = ""
    problems: tuple[str, ...] = ()
    quota: str = ""
    again_at: float = 0.0


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer; `ok` is decoded by whoever knows what was asked."""

    id: int
    ok: msgspec.Raw = msgspec.Raw()
    error: Trouble | None = None
    events: tuple[Recorded, ...] = ()
    streamed: tuple[Streamed, ...] = ()
    reread: bool = False


class About(msgspec.Struct, frozen=True):
    """A running host: `since` in seconds since the epoch, `faces` how many terminals it shows.

    `operator` is who asks, as the host sees them.
    """

    operator: str
    version: str
    pid: int
    state: str
    since: float
    faces: int


_KINDS: Final = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, FleettuiError)
}
encode: Final = msgspec.json.Encoder().encode


def error_to_wire(error: FleettuiError) -> Trouble:
    """Give the wire's form of an error."""
    problems = error.problems if isinstance(error, BadSpec) else ()
    trouble = Trouble(type(error).__name__, error.message, error.mend, problems)
    if isinstance(error, QuotaReached):
        return replace(trouble, quota=error.quota, again_at=error.again_at)
    return trouble


def error_from_wire(trouble: Trouble) -> FleettuiError:
    """Make the error of the same class again; FleettuiError for a class we do not know."""
    kind = _KINDS.get(trouble.kind, FleettuiError)
    if issubclass(kind, BadSpec):
        return kind(trouble.message, trouble.problems, trouble.mend)
    error = kind(trouble.message, trouble.mend)
    if isinstance(error, QuotaReached):
        error.quota, error.again_at = trouble.quota, trouble.again_at
    return error


def ok_body(request: int, value: Any) -> bytes:
    """Encode the answer to a request."""
    return encode({"id": request, "ok": value})


def error_body(request: int, error: FleettuiError) -> bytes:
    """Encode the refusal of a request."""
    return encode({"id": request, "error": error_to_wire(error)})
