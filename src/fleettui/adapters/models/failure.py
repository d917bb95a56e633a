"""What a failed call means: from a status, a provider's words or an exception to a ModelFailed."""

from __future__ import annotations

import asyncio
import email.utils
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fleettui.adapters.models.route import Route
from fleettui.core.errors import ModelFailed

RETRYABLE: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
# Errors that arrive inside a stream have a type and no status.
STATUS_OF: Final[Mapping[str, int]] = {
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "invalid_request_error": 400,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "billing_error": 402,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_NO_MONEY: Final = (
    "insufficient_quota",
    "exceeded your current quota",
    "credit balance is too low",
)
_LONGEST: Final = 600


def from_status(
    route: Route,
    status: int,
    said: str,
    headers: Mapping[str, str] | None = None,
) -> ModelFailed:
    """Judge an HTTP error; `said` is whatever the provider wrote."""
    words = " ".join(said.split())[:_LONGEST]
    broke = any(sign in said.lower() for sign in _NO_MONEY)
    again = status in RETRYABLE and not broke
    return ModelFailed(
        f"{_whose(route)} answered {status}{': ' if words else ''}{words}",
        _mend(route, status, broke=broke),
        retryable=again,
        retry_after=retry_after(headers or {}) if again else None,
        status=status,
    )


def from_error_object(route: Route, error: Any, status: int = 0) -> ModelFailed:
    """Judge an error object of a provider: the JSON of an error answer, or of a broken stream."""
    if not isinstance(error, Mapping):
        return from_status(route, status or 500, str(error))
    kinds = [str(error.get(key) or "") for key in ("code", "type")]
    named = next((STATUS_OF[kind] for kind in kinds if kind in STATUS_OF), 0)
    numbered = next((int(kind) for kind in kinds if kind.isdigit() and 400 <= int(kind) < 600), 0)
    said = " ".join(part for part in (*kinds, str(error.get("message") or "")) if part)
    return from_status(route, status or numbered or named or 500, said)


def no_answer(route: Route, why: str, status: int | None = 200) -> ModelFailed:
    """Say that what came is not an answer of a model, though the status was good."""
    mend = f"if it stays so, check {route.base_variable}" if route.base_variable else ""
    return ModelFailed(
        f"{_whose(route)} sent no real answer: {why}",
        mend,
        retryable=True,
        status=status,
    )


def too_slow(route: Route, seconds: float) -> ModelFailed:
    """Say that the call took too long."""
    return ModelFailed(
        f"{_whose(route)} did not finish within {seconds:g} s",
        "give the agent more time, or use a faster model",
        retryable=True,
    )


def from_exception(route: Route, error: BaseException, said: str = "") -> ModelFailed:
    """Judge a failure of the transport by the first cause it is known by; `said` is its text."""
    chain = list(causes(error))
    said = " ".join((said or str(error)).split())[:_LONGEST] or type(error).__name__
    for cause in chain:
        match cause:
            case socket.gaierror():
                again = cause.errno == socket.EAI_AGAIN
                return _transport(route, f"its address was not found ({said})", again=again)
            case ssl.SSLCertVerificationError():
                return _transport(route, f"its certificate is not trusted ({said})", again=False)
            case ConnectionRefusedError():
                return _transport(route, f"it refused the connection ({said})", again=True)
            case TimeoutError() | asyncio.TimeoutError():
                return _transport(route, f"it did not answer in time ({said})", again=True)
            case ConnectionError() | EOFError():
                return _transport(route, f"the connection broke ({said})", again=True)
            case json.JSONDecodeError():
                return no_answer(route, f"it is not JSON ({said})", None)
            case ValueError():
                return _transport(route, f"the call can't be made ({said})", again=False)
    return _transport(route, f"the connection failed ({said})", again=True)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Give an exception and everything behind it, each once."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        behind = (cause.__cause__, cause.__context__, getattr(cause, "os_error", None))
        waiting += [one for one in behind if isinstance(one, BaseException)]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds a provider asks to wait, from seconds, milliseconds or a date."""
    low = {str(name).lower(): str(value).strip() for name, value in headers.items()}
    try:
        if milliseconds := low.get("retry-after-ms"):
            return max(float(milliseconds) / 1000, 0.0)
        written = low.get("retry-after", "")
        return max(float(written), 0.0) if written else None
    except ValueError:
        return _until(low.get("retry-after", ""))


def _until(date: str) -> float | None:
    try:
        when = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max((when - datetime.now(UTC)).total_seconds(), 0.0)


def _transport(route: Route, why: str, *, again: bool) -> ModelFailed:
    where = f"check {route.base_variable}" if route.base_variable else "check the network"
    return ModelFailed(f"{_whose(route)} can't be reached: {why}", where, retryable=again)


def _mend(route: Route, status: int, *, broke: bool) -> str:
    if broke or status == 402:
        return "the account has no credit left; add some, or use another model"
    if status in {401, 403}:
        return f"check {route.key_variable}" if route.key_variable else "check the key"
    if status == 404:
        return f"check the model's name{route.base_variable and f' and {route.base_variable}'}"
    if 300 <= status < 400:
        return f"put the address it points to into {route.base_variable or 'the settings'}"
    return ""


def _whose(route: Route) -> str:
    return f"{route.provider} ({route.model})"
