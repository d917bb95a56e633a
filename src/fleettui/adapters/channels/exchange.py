"""A request over HTTP and its answer, for those who know nothing of the listener."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple


class HttpRequest(NamedTuple):
    """A request: the path as sent, without its query; headers in order, each as often as sent."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class HttpAnswer(NamedTuple):
    """An answer without a body; `retry_after` in seconds, 0 to leave it out."""

    status: int
    retry_after: int = 0


Answer = Callable[[HttpRequest], Awaitable[HttpAnswer]]
