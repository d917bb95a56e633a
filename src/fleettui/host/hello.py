"""The first frame of a terminal: what it is, what it wants to see, and its user's environment.

Who the user is never stands in it: that comes from the socket's peer credentials.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from fleettui import __version__
from fleettui.core.errors import Refused
from fleettui.host.frames import MOST_UP, frame, read_size

# Below the limit of a frame, so that the rest of the hello always fits.
_MOST_ENVIRONMENT = MOST_UP - (1 << 16)
_ENVIRONMENT = "$"


class Hello(NamedTuple):
    """What a terminal asks for: `file` opens a fleet, without it `fleet` (or the only one) shows.

    `workspace` and `file` are absolute; `base` is a git revision; `choose` names the fleet of a
    file that holds several; `columns` and `rows` are in cells. `tenant` narrows what is shown to
    one tenant, `rights_of` to what a member may see and do.
    """

    columns: int
    rows: int
    file: str = ""
    fleet: str = ""
    workspace: str = ""
    base: str = ""
    choose: str = ""
    tenant: str = ""
    rights_of: str = ""
    version: str = __version__
    environment: Mapping[str, str] = {}

    @property
    def term(self) -> str:
        """Name the terminal's type, as TERM has it."""
        return self.environment.get("TERM", "")


def hello_frame(hello: Hello) -> bytes:
    """Frame a hello; variables that do not fit into a frame together are left out, last first."""
    fields = [
        f"version={hello.version}",
        f"size={hello.columns} {hello.rows}",
        f"file={hello.file}",
        f"fleet={hello.fleet}",
        f"workspace={hello.workspace}",
        f"base={hello.base}",
        f"choose={hello.choose}",
        f"tenant={hello.tenant}",
        f"rights_of={hello.rights_of}",
    ]
    parts = [field.encode("utf-8", "surrogateescape") for field in fields]
    room = _MOST_ENVIRONMENT
    for name, value in hello.environment.items():
        part = f"{_ENVIRONMENT}{name}={value}".encode("utf-8", "surrogateescape")
        room -= len(part) + 1
        if room < 0:
            break
        parts.append(part)
    return frame(b"H", b"\0".join(parts))


def read_hello(body: bytes) -> Hello:
    """Read a hello; raises Refused for what is none, or comes from another version."""
    fields: dict[str, str] = {}
    environment: dict[str, str] = {}
    for part in body.decode("utf-8", "surrogateescape").split("\0"):
        name, mark, value = part.partition("=")
        if not mark:
            continue
        if name.startswith(_ENVIRONMENT):
            environment[name[1:]] = value
        else:
            fields[name] = value
    version = fields.get("version", "")
    if version != __version__:
        raise Refused(
            f"the running host is fleettui {__version__}, this command is {version or 'older'}",
            f"end the host with `kill {os.getpid()}` (its fleets are kept), then open again",
        )
    columns, rows = read_size(fields.get("size", "").encode())
    return Hello(
        columns=columns,
        rows=rows,
        file=fields.get("file", ""),
        fleet=fields.get("fleet", ""),
        workspace=fields.get("workspace", ""),
        base=fields.get("base", ""),
        choose=fields.get("choose", ""),
        tenant=fields.get("tenant", ""),
        rights_of=fields.get("rights_of", ""),
        version=version,
        environment=environment,
    )
