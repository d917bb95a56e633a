"""Keeps one server running: its tools while it does, why not while it doesn't, and tries again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from fleettui.adapters.tools.mcp.listed import Listed, listed_tools
from fleettui.adapters.tools.mcp.settings import Settings
from fleettui.adapters.tools.secrecy import plain_text
from fleettui.core.errors import OutcomeUnknown, ToolFailed
from fleettui.core.model import ToolResult
from fleettui.core.redaction import without

EXTRA: Final = "the package mcp is not installed; pip install 'fleettui[mcp]'"
_LONGEST_WAIT: Final = 60.0
# A server that ran this long (seconds) has earned a quick start.
_STEADY: Final = 60.0
_CONNECTION: Final = "fleettui.adapters.tools.mcp.connection"


class Keeper:
    """One server; `why` says what is wrong with it, empty while all is well."""

    def __init__(self, settings: Settings, env: Mapping[str, str]) -> None:
        self.settings, self._env = settings, env
        self.tools: Mapping[str, Listed] = {}
        self.why = ""
        self.starts = 0
        self._connection: Any = None
        self._settled = asyncio.Event()
        self._stirred = asyncio.Event()
        self._ended = False
        self._task = asyncio.create_task(self._run(), name=f"mcp {settings.name}")

    async def wait_settled(self) -> None:
        """Wait until the server was reached, or could not be, for the first time."""
        await self._settled.wait()

    async def call(
        self, tool: Listed, arguments: dict[str, Any], say: Callable[[str], None]
    ) -> ToolResult:
        """Call a tool; raises ToolFailed where nothing was sent, OutcomeUnknown without answer."""
        connection = self._connection
        if connection is None:
            raise self.not_running()
        try:
            answer: ToolResult = await connection.call(tool.original, arguments, say)
        except (ToolFailed, OutcomeUnknown, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 a server may break the session in any way
            why = f"MCP server {self.settings.name} was asked for {tool.original}"
            raise OutcomeUnknown(f"{why}: {self._plain(error)}") from None
        return answer

    def not_running(self) -> ToolFailed:
        """Say why a call can't be sent."""
        why = self.why or "it starts"
        return ToolFailed(f"MCP server {self.settings.name} is not running: {why}", "try later")

    async def close(self) -> None:
        """End the session, and the server with its whole process group."""
        self._task.cancel()
        self._lose("it was ended")
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        loop, wait = asyncio.get_running_loop(), 1.0
        try:
            connecting = await asyncio.to_thread(import_module, _CONNECTION)
        except ImportError:
            self._lose(EXTRA)
            return
        while True:
            began = loop.time()
            try:
                await self._serve(connecting.connect)
                why = "it ended"
            except Exception as error:  # noqa: BLE001 it is shown, and the server started again
                why = self._plain(error)
            if not self.settings.again:
                self._lose(why)
                return
            wait = 1.0 if loop.time() - began > _STEADY else wait
            self._lose(why)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _serve(self, connect: Any) -> None:
        self.starts += 1
        self._ended = False
        opened = connect(self.settings, self._env, self._stirred.set, self._end)
        async with opened as connection:
            try:
                await self._list(connection)
                self._connection, self.why = connection, ""
                self._settled.set()
                while True:
                    await self._stirred.wait()
                    self._stirred.clear()
                    if self._ended:
                        return
                    await self._list(connection)
            finally:
                self._connection = None

    def _end(self) -> None:
        self._ended = True
        self._stirred.set()

    async def _list(self, connection: Any) -> None:
        async with asyncio.timeout(self.settings.timeout):
            found = await connection.list_tools()
        self.tools = listed_tools(self.settings.name, found, self.settings.wanted)

    def _lose(self, why: str) -> None:
        self.tools, self.why, self._connection = {}, why, None
        self._settled.set()

    def _plain(self, error: BaseException) -> str:
        """Say in a line what went wrong, down in whatever group of errors it came."""
        found = list(_leaves(error))
        own = [one for one in found if isinstance(one, ToolFailed)]
        first = (own or found)[0]
        text = str(first) or type(first).__name__
        if isinstance(first, TimeoutError):
            text = "it did not answer in time"
        line = text.strip().splitlines()[0][:300]
        return plain_text(without(line, self.settings.secrets))


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for one in error.exceptions for leaf in _leaves(one)]
    return [error]
