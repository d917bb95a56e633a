"""One session with a server through the MCP package, which is loaded with this file only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import httpx2
import mcp_types as types
from mcp.client import Client
from mcp.client._transport import TransportStreams
from mcp.client.session import IncomingMessage
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from fleettui import __version__
from fleettui.adapters.tools.mcp.answered import told
from fleettui.adapters.tools.mcp.settings import Settings
from fleettui.adapters.tools.mcp.stdio import MOST_LINE, stdio_streams
from fleettui.core.errors import OutcomeUnknown
from fleettui.core.model import ToolResult

_MOST_PAGES: Final = 20
_UNANSWERED: Final = frozenset({types.CONNECTION_CLOSED, types.REQUEST_TIMEOUT})
_CONNECT_SECONDS: Final = 30.0


class Connection:
    """A server that answered: its tools, and calls of them."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings

    async def list_tools(self) -> list[Mapping[str, Any]]:
        """Ask for all tools, page by page."""
        found: list[Mapping[str, Any]] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await self._client.list_tools(cursor=cursor)
            found += [_about(tool) for tool in page.tools]
            cursor = page.next_cursor
            if cursor is None:
                break
        return found

    async def call(
        self, tool: str, arguments: dict[str, Any], say: Callable[[str], None]
    ) -> ToolResult:
        """Call a tool; raises OutcomeUnknown where it was sent and not answered."""
        request = types.CallToolRequest(
            params=types.CallToolRequestParams(name=tool, arguments=arguments)
        )

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            of = f" of {total:g}" if total is not None else ""
            say(f"{progress:g}{of} {message or ''}".strip())

        try:
            # Not call_tool: that runs the server's own patterns over what it answered.
            result = await self._client.session.send_request(
                request, types.CallToolResult, self._settings.timeout, progress_callback=on_progress
            )
        except MCPError as error:
            if error.code in _UNANSWERED:
                why = f"MCP server {self._settings.name} was asked for {tool} and did not answer"
                raise OutcomeUnknown(f"{why}: {error.message[:300]}") from None
            return self._refusal(error.message)
        except ValueError:
            return self._refusal("its answer is no result of a tool; it may have been done")
        blocks = (block.model_dump(mode="json", by_alias=True) for block in result.content)
        return told(
            blocks, result.structured_content,
            failed=bool(result.is_error), secrets=self._settings.secrets,
        )  # fmt: skip

    def _refusal(self, text: str) -> ToolResult:
        block = {"type": "text", "text": f"MCP server {self._settings.name}: {text}"}
        return told([block], None, failed=True, secrets=self._settings.secrets)


@asynccontextmanager
async def connect(
    settings: Settings,
    env: Mapping[str, str],
    on_changed: Callable[[], None],
    on_ended: Callable[[], None],
) -> AsyncIterator[Connection]:
    """Start or reach a server, greet it, and hold the session; raises whatever goes wrong."""

    async def on_message(message: IncomingMessage) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            on_changed()

    async with AsyncExitStack() as stack:
        async with asyncio.timeout(min(settings.timeout, _CONNECT_SECONDS)):
            client = await stack.enter_async_context(
                Client(
                    _streams(settings, env, on_ended),
                    client_info=types.Implementation(name="fleettui", version=__version__),
                    message_handler=on_message,
                    cache=None,
                )
            )
        listening = asyncio.ensure_future(_listen(client, on_changed))
        stack.callback(listening.cancel)
        yield Connection(client, settings)


async def _listen(client: Client, on_changed: Callable[[], None]) -> None:
    """Hear of changed tools from servers of the newer protocol, which tell only who listens."""
    if client.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        return
    try:
        async with client.listen(tools_list_changed=True) as changes:
            async for _ in changes:
                on_changed()
    except (MCPError, RuntimeError, TimeoutError):
        return  # it tells nobody; its tools are listed again when it is started again


@asynccontextmanager
async def _streams(
    settings: Settings, env: Mapping[str, str], on_ended: Callable[[], None]
) -> AsyncGenerator[TransportStreams, None]:
    match settings.transport:
        case "stdio":
            async with stdio_streams(settings, env, on_ended) as streams:
                yield streams
        case "sse":

            def make(headers: Any = None, timeout: Any = None, auth: Any = None) -> Any:
                return _http_client(headers, timeout, auth)

            async with sse_client(
                settings.url, dict(settings.headers), httpx_client_factory=make
            ) as streams:
                yield streams
        case _:
            async with (
                _http_client(settings.headers) as client,
                streamable_http_client(
                    settings.url, http_client=client, max_sse_event_size=MOST_LINE
                ) as streams,
            ):
                yield streams


def _http_client(headers: Any, timeout: Any = None, auth: Any = None) -> httpx2.AsyncClient:
    """Make a client that takes nothing of the environment and no answer without end."""
    return httpx2.AsyncClient(
        headers=dict(headers or {}),
        timeout=timeout or httpx2.Timeout(_CONNECT_SECONDS, read=300.0),
        auth=auth,
        trust_env=False,
        transport=_Bounded(trust_env=False),
    )


class _Bounded(httpx2.AsyncHTTPTransport):
    """Ends an answer that is no stream of events once it is too long."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        kind = response.headers.get("content-type", "")
        if not kind.startswith("text/event-stream"):
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = _Counted(response.stream)
        return response


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._stream:
            size += len(part)
            if size > MOST_LINE:
                raise httpx2.ReadError(f"it answered with more than {MOST_LINE:,} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


def _about(tool: types.Tool) -> Mapping[str, Any]:
    hints = tool.annotations
    return {
        "name": tool.name,
        "description": tool.description or tool.title or "",
        "schema": tool.input_schema,
        "destructive": hints.destructive_hint if hints else None,
    }
