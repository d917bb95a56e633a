"""One recorded exchange with a model, and the digest that tells whether a request is the same."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from fleettui.adapters.models.redact import redact
from fleettui.core.model import ChatMessage, ModelReply, ModelRequest

VERSION = 1
_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")


class Heading(msgspec.Struct, frozen=True):
    """The first line of a recording."""

    fleettui_recording: int


class Failure(msgspec.Struct, frozen=True):
    """How a call failed."""

    message: str
    mend: str = ""
    retryable: bool = False
    retry_after: float | None = None
    status: int | None = None


class Ordered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of its own: what an agent did next."""

    order: str


class Exchange(msgspec.Struct, frozen=True, omit_defaults=True):
    """A further line: who asked what as which call of its conversation, and what came of it.

    `ordinal` counts the assistant messages that were there already; `digest` is over `messages`.
    `cut` says that the call was cancelled before anything came of it; `id` is the request's.
    """

    agent: str
    ordinal: int
    digest: str
    model: str
    messages: tuple[ChatMessage, ...]
    reply: ModelReply | None = None
    failure: Failure | None = None
    id: str = ""
    cut: bool = False


def ordinal_of(request: ModelRequest) -> int:
    """Count the answers that the conversation holds already."""
    return sum(message.role == "assistant" for message in request.messages)


def shown_messages(request: ModelRequest) -> tuple[ChatMessage, ...]:
    """Give the messages without keys, those of the environment and any that look like one."""
    clean = _clean(msgspec.to_builtins(request.messages), secrets_of(request))
    return msgspec.convert(clean, tuple[ChatMessage, ...])


def redacted(exchange: Exchange, secrets: tuple[str, ...]) -> bytes:
    """Write an exchange as a line of JSON without keys."""
    return msgspec.json.encode(_clean(msgspec.to_builtins(exchange), secrets)) + b"\n"


def _clean(part: Any, secrets: tuple[str, ...]) -> Any:
    """Redact each text by itself: a pattern may not reach from one into the next."""
    match part:
        case str():
            return redact(part, secrets)
        case dict():
            return {name: _clean(inner, secrets) for name, inner in part.items()}
        case list() | tuple():
            return [_clean(inner, secrets) for inner in part]
        case _:
            return part


def digest_of(messages: tuple[ChatMessage, ...]) -> str:
    """Give the SHA-256 of messages, the same on every machine."""
    return hashlib.sha256(msgspec.json.encode(messages)).hexdigest()


def secrets_of(request: ModelRequest) -> tuple[str, ...]:
    """Give the values of the environment that are secret by their names."""
    return tuple(value for name, value in request.environment.items() if _secret(name))


def _secret(name: str) -> bool:
    return any(
        word in name.upper() for word in ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")
    )
