"""The package agent-client-protocol, loaded when the first agent needs it; the extra `acp`."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any, NamedTuple

from fleettui.core.errors import MissingExtra


class Library(NamedTuple):
    """What is used of it: the connection, its errors, the shapes of what is sent."""

    connection: Any
    error: Any
    schema: Any
    serialize: Any
    version: int


async def load_library() -> Library:
    """Load it beside the event loop (it takes half a second); raises MissingExtra."""
    return await asyncio.to_thread(_load)


def _load() -> Library:
    try:
        package: Any = import_module("acp")
        connection: Any = import_module("acp.connection")
        schema: Any = import_module("acp.schema")
        utils: Any = import_module("acp.utils")
        return Library(
            connection.Connection, package.RequestError, schema, utils.serialize_params,
            int(package.PROTOCOL_VERSION),
        )  # fmt: skip
    except (ImportError, AttributeError):
        raise MissingExtra(
            "agents of type acp and claude-code need a package that is not installed",
            "pip install 'fleettui[acp]'",
        ) from None
