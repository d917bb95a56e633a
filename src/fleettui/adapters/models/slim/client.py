"""The slim adapter: one HTTP session, one POST a call, streams read as they come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import aiohttp

from fleettui.adapters.models.answer import Answer
from fleettui.adapters.models.failure import (
    from_error_object,
    from_exception,
    from_status,
    no_answer,
    too_slow,
)
from fleettui.adapters.models.frames import Ask
from fleettui.adapters.models.route import Dialect
from fleettui.adapters.models.slim import anthropic, openai
from fleettui.adapters.models.slim.sse import Events
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelReply

MOST_BODY: Final = 16 << 20
MOST_ERROR: Final = 64 << 10
CONNECT_SECONDS: Final = 15
# Connections that nobody uses are closed after this long.
IDLE_SECONDS: Final = 20


class Language(Protocol):
    """What a module of this folder that speaks a dialect offers."""

    def address(self, base: str) -> str: ...
    def headers(self, key: str) -> dict[str, str]: ...
    def body(self, ask: Ask) -> dict[str, Any]: ...
    def read_event(self, answer: Answer, event: Mapping[str, Any]) -> str: ...
    def read_whole(self, answer: Answer, whole: Mapping[str, Any]) -> None: ...


LANGUAGES: Final[Mapping[Dialect, Language]] = {"openai": openai, "anthropic": anthropic}


class SlimAdapter:
    """Answers calls over aiohttp; never retries."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def answer(self, ask: Ask, on_text: Callable[[str], None]) -> ModelReply:
        """Make one call; raises ModelFailed."""
        language = LANGUAGES[ask.route.dialect]
        answer = Answer(ask.route)
        try:
            async with asyncio.timeout(ask.timeout):
                await self._exchange(ask, language, answer, on_text)
        except TimeoutError:
            raise too_slow(ask.route, ask.timeout) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise from_exception(ask.route, error) from error
        except (AttributeError, TypeError, KeyError, IndexError) as error:
            raise no_answer(ask.route, f"its parts are not where they belong ({error})") from error
        return answer.reply()

    async def rest(self) -> None:
        """Close what idles; the connector does it by itself after IDLE_SECONDS."""

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(
        self,
        ask: Ask,
        language: Language,
        answer: Answer,
        on_text: Callable[[str], None],
    ) -> None:
        # aiohttp's own message on a bad header repeats the key.
        if any(not char.isprintable() for char in ask.route.key):
            raise ModelFailed(
                f"{ask.route.key_variable} holds a character that no key has",
                "set it again, without line breaks",
            )
        async with self._open().post(
            language.address(ask.route.base),
            headers=language.headers(ask.route.key),
            json=language.body(ask),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        ) as response:
            if response.status != 200:
                raise await _refusal(ask, response)
            if response.content_type == "text/event-stream":
                await _read_stream(language, answer, response, on_text)
            else:
                language.read_whole(answer, await _read_json(ask, response))
                on_text("".join(answer.text))

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS)
            self._session = aiohttp.ClientSession(
                connector=connector,
                trust_env=True,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _read_stream(
    language: Language,
    answer: Answer,
    response: aiohttp.ClientResponse,
    on_text: Callable[[str], None],
) -> None:
    events = Events()
    async for piece in response.content.iter_any():
        for data in events.feed(piece):
            if _read_data(language, answer, data, on_text):
                return
    for data in events.end():
        _read_data(language, answer, data, on_text)


def _read_data(
    language: Language,
    answer: Answer,
    data: str,
    on_text: Callable[[str], None],
) -> bool:
    """Read the data of one event; answers whether it says that the stream is over."""
    if data.strip() == "[DONE]":
        return True
    try:
        event = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise no_answer(answer.route, f"its stream is not JSON ({error})") from error
    if isinstance(event, dict) and (text := language.read_event(answer, event)):
        on_text(text)
    return False


async def _read_json(ask: Ask, response: aiohttp.ClientResponse) -> dict[str, Any]:
    body = await _read_body(response, MOST_BODY)
    if len(body) > MOST_BODY:
        raise no_answer(ask.route, "it is too long to be an answer")
    if not body.strip():
        raise no_answer(ask.route, "it is empty")
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError) as error:
        kind = response.content_type or "something"
        raise no_answer(ask.route, f"it is {kind} and not JSON ({error})") from error
    if not isinstance(whole, dict):
        raise no_answer(ask.route, "it is JSON, but no object")
    return whole


async def _refusal(ask: Ask, response: aiohttp.ClientResponse) -> ModelFailed:
    body = (await _read_body(response, MOST_ERROR))[:MOST_ERROR].decode("utf-8", "replace")
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        read = None
    failure: ModelFailed
    if isinstance(read, dict) and isinstance(read.get("error"), dict):
        failure = from_error_object(ask.route, read["error"], response.status)
    else:
        failure = from_status(ask.route, response.status, body)
    if failure.retryable:
        failure.retry_after = from_status(
            ask.route,
            response.status,
            "",
            response.headers,
        ).retry_after
    return failure


async def _read_body(response: aiohttp.ClientResponse, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > most:
            break
    return b"".join(pieces)
