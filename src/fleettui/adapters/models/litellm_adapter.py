"""The litellm adapter: every provider that litellm knows, under rules of our own.

litellm calls broken answers successes, retries twice by itself, takes keys from the environment
and prices what it does not know at nothing. So: every call is a stream (only there does it tell a
received finish reason from an invented one), with the key given, without retries, priced by us.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from fleettui.adapters.models.answer import Answer
from fleettui.adapters.models.failure import (
    causes,
    from_exception,
    from_status,
    no_answer,
    retry_after,
    too_slow,
)
from fleettui.adapters.models.frames import Ask
from fleettui.adapters.models.route import Route
from fleettui.adapters.models.slim.anthropic import most_tokens
from fleettui.adapters.models.slim.openai import message_of, tool_of
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelReply

# One process carries about this many live streams before all of them fall behind.
MOST_STREAMS: Final = 40
_HEADS: Final = re.compile(r"\A(?:(?:litellm\.)?\w+(?:Error|Exception)(?:: | - ))+")
_TAIL: Final = re.compile(
    r"\s*(?:Handle with `litellm|Original exception:|Traceback \().*\Z",
    re.DOTALL,
)


class LitellmAdapter:
    """Answers calls through litellm, which is imported for the first of them; never retries."""

    def __init__(self) -> None:
        self._litellm: Any = None
        self._loading = asyncio.Lock()
        self._streams = asyncio.Semaphore(MOST_STREAMS)

    async def answer(self, ask: Ask, on_text: Callable[[str], None]) -> ModelReply:
        """Make one call; its time counts from when litellm is there. Raises ModelFailed."""
        litellm = await self._load()
        answer = Answer(ask.route)
        try:
            async with asyncio.timeout(ask.timeout), self._streams:
                await _exchange(litellm, ask, answer, on_text)
        except TimeoutError:
            raise too_slow(ask.route, ask.timeout) from None
        except ModelFailed:
            raise
        except Exception as error:
            raise judge(ask.route, error) from error
        return answer.reply()

    async def rest(self) -> None:
        """Close the client that litellm keeps for every key it ever saw."""
        if self._litellm is not None:
            with contextlib.suppress(Exception):
                await self._litellm.close_litellm_async_clients()
            self._litellm.in_memory_llm_clients_cache.flush_cache()

    async def close(self) -> None:
        """Close everything."""
        await self.rest()

    async def _load(self) -> Any:
        async with self._loading:
            if self._litellm is None:
                litellm: Any = await asyncio.to_thread(importlib.import_module, "litellm")
                litellm.suppress_debug_info = True
                litellm.num_retries = 0
                litellm.telemetry = False
                gc.freeze()
                self._litellm = litellm
        return self._litellm


async def _exchange(litellm: Any, ask: Ask, answer: Answer, on_text: Callable[[str], None]) -> None:
    stream = await litellm.acompletion(**arguments(ask))
    try:
        async for chunk in stream:
            if text := _read_chunk(answer, chunk):
                on_text(text)
        answer.finish = str(stream.received_finish_reason or "")
        answer.sent, answer.answered, answer.cached = _tokens(stream)
    finally:
        await _hang_up(stream)


def arguments(ask: Ask) -> dict[str, Any]:
    """Write litellm's arguments for a call."""
    route = ask.route
    given: dict[str, Any] = {
        "model": route.litellm_model,
        "messages": [message_of(message) for message in ask.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "timeout": ask.timeout,
        "max_retries": 0,
        "num_retries": 0,
        "drop_params": True,
        # With tools it would import its proxy's gateway, which needs the package mcp.
        "_skip_mcp_handler": True,
        **route.settings,
    }
    most = ask.max_tokens or (most_tokens(route.model) if "claude" in route.model else None)
    wishes = {
        "tools": [tool_of(tool) for tool in ask.tools] or None,
        "temperature": ask.temperature,
        "max_tokens": most,
        "api_key": route.key or None,
        "api_base": route.base or None,
    }
    return given | {name: value for name, value in wishes.items() if value is not None}


def judge(route: Route, error: Exception) -> ModelFailed:
    """Find out what litellm's exception means; its own class and status often mislead."""
    chain = list(causes(error))
    status = _real_status(chain)
    if status is None:
        wrong = next((one for one in chain if isinstance(one, IndexError | KeyError)), None)
        if wrong is not None:
            return no_answer(route, f"its parts are not where they belong ({wrong!r})")
        if not any(isinstance(one, OSError | ValueError) for one in chain):
            return _by_class(route, error)
        return from_exception(route, error, plain(error))
    said = plain(error)
    codes = [str(body.get("code") or body.get("type") or "") for body in _bodies(chain)]
    headers: Mapping[str, str] = getattr(error, "litellm_response_headers", None) or {}
    failure = from_status(route, status, " ".join([*codes, said]))
    if failure.retryable:
        failure.retry_after = retry_after(headers)
    return failure


def plain(error: BaseException) -> str:
    """Give what an exception of litellm says, without the names of classes before and after it."""
    return _TAIL.sub("", _HEADS.sub("", str(error).strip()))


def _real_status(chain: list[BaseException]) -> int | None:
    """Give the status that a server really sent: behind it stands a response."""
    for one in chain:
        response = getattr(one, "response", None)
        if type(one).__module__.startswith(("httpx", "openai", "aiohttp")) or _is_masked(one):
            status = getattr(response, "status_code", None)
            if isinstance(status, int) and status >= 300:
                return status
    return None


def _is_masked(error: BaseException) -> bool:
    return type(error).__name__ in {"MaskedHTTPStatusError", "HTTPStatusError"}


def _by_class(route: Route, error: Exception) -> ModelFailed:
    """Judge an error that litellm raised on its own, before or without an answer."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status != 500:
        return from_status(route, status, plain(error))
    return from_exception(route, error, plain(error))


def _bodies(chain: list[BaseException]) -> list[Mapping[str, Any]]:
    found = [getattr(one, "body", None) for one in chain]
    return [body for body in found if isinstance(body, Mapping)][:1]


def _read_chunk(answer: Answer, chunk: Any) -> str:
    if not chunk.choices:
        return ""
    delta = chunk.choices[0].delta
    for place, call in enumerate(delta.tool_calls or ()):
        index = place if call.index is None else call.index
        function = call.function
        answer.add_call(index, call.id or "", function.name or "", function.arguments or "")
    return answer.add_text(str(delta.content or ""))


def _tokens(stream: Any) -> tuple[int, int, int]:
    """Give the tokens that the provider counted; zeros where litellm would only guess."""
    for chunk in reversed(stream.chunks):
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            details = getattr(usage, "prompt_tokens_details", None)
            cached = getattr(details, "cached_tokens", None) or 0
            return usage.prompt_tokens or 0, usage.completion_tokens or 0, cached
    return 0, 0, 0


async def _hang_up(stream: Any) -> None:
    """Close the connection under a stream that was not read to its end."""
    for part in (stream, getattr(stream, "completion_stream", None)):
        close = getattr(part, "aclose", None)
        if close is not None:
            with contextlib.suppress(Exception):
                await close()
                return
