"""A server of the file with its variables replaced, ready to be started or reached."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from fleettui.adapters.tools.secrecy import holds_secret
from fleettui.core.errors import ToolFailed
from fleettui.core.model import ToolServer, Workplace
from fleettui.core.spec.variables import references, reveal

_SECONDS: Final = 60.0


class Settings(NamedTuple):
    """What a server needs to run; never stored, never shown."""

    name: str
    transport: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    url: str
    headers: Mapping[str, str]
    cwd: str
    timeout: float
    again: bool
    wanted: frozenset[str]
    secrets: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Settings({self.name}, {self.transport})"


def settings_of(server: ToolServer, workspace: str) -> Settings:
    """Replace the variables of a server; raises ToolFailed for one that is not set."""
    texts = (server.command, *server.args, server.url, *server.env.values())
    needed = {name for text in (*texts, *server.headers.values()) for name in references(text)}
    if missing := sorted(name for name in needed if name not in server.variables):
        raise ToolFailed(
            f"variable {missing[0]} is not set", f"set it, or write ${{{missing[0]}:-default}}"
        )

    def told(text: str) -> str:
        return reveal(text, server.variables)

    env = {name: told(text) for name, text in server.env.items()}
    secrets = {name: value for name, value in {**env, **server.variables}.items() if value}
    return Settings(
        server.name, server.transport, tuple(map(told, (server.command, *server.args))), env,
        told(server.url), {name: told(text) for name, text in server.headers.items()},
        workspace, server.timeout or _SECONDS, server.reconnect, frozenset(server.tools),
        {name: value for name, value in secrets.items() if holds_secret(name, value)},
    )  # fmt: skip


def identity(server: ToolServer, place: Workplace) -> str:
    """Name a server so that only agents of one fleet with the same settings share it."""
    whole = (place.tenant, place.fleet, place.workspace, server)
    return hashlib.sha256(msgspec.json.encode(whole)).hexdigest()


def shown_command(server: ToolServer) -> str:
    """Say what a server is, as the file writes it: no secret is in there."""
    return server.url or " ".join((server.command, *server.args))
