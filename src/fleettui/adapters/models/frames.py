"""The frames between the host and a model worker: four bytes of length, then one msgpack struct."""

from __future__ import annotations

import asyncio

import msgspec

from fleettui.adapters.models.route import Route
from fleettui.core.errors import FleettuiError
from fleettui.core.model import ChatMessage, ModelReply, ToolSpec

LENGTH = 4
MOST = 32 << 20


class FrameTooLarge(FleettuiError):
    """A frame is larger than either side takes."""


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Host to worker: answer this conversation. `deltas` asks for the text as it comes."""

    id: int
    route: Route
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...]
    temperature: float | None
    max_tokens: int | None
    timeout: float
    stream: bool
    deltas: bool


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Host to worker: nobody waits for this answer any more."""

    id: int


class Delta(msgspec.Struct, frozen=True, tag=True):
    """Worker to host: the next piece of the text."""

    id: int
    text: str


class Final(msgspec.Struct, frozen=True, tag=True):
    """Worker to host: the whole answer."""

    id: int
    reply: ModelReply


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Worker to host: the call failed; every text is redacted already."""

    id: int
    message: str
    mend: str = ""
    retryable: bool = False
    retry_after: float | None = None
    status: int | None = None


Down = Ask | Cancel
Up = Delta | Final | Failed

_ENCODER = msgspec.msgpack.Encoder()
DOWN: msgspec.msgpack.Decoder[Down] = msgspec.msgpack.Decoder(Down)
UP: msgspec.msgpack.Decoder[Up] = msgspec.msgpack.Decoder(Up)


def pack(frame: Down | Up, most: int = MOST) -> bytes:
    """Encode a frame behind its length; raises FrameTooLarge."""
    body = _ENCODER.encode(frame)
    if len(body) > most:
        raise FrameTooLarge(f"a frame of {len(body)} bytes is over the limit of {most}")
    return len(body).to_bytes(LENGTH, "big") + body


async def read_body(reader: asyncio.StreamReader, most: int = MOST) -> bytes | None:
    """Read the next frame's body, None at the end of the stream; raises FrameTooLarge.

    A frame that was cut by the end of the stream is the end of the stream.
    """
    try:
        size = int.from_bytes(await reader.readexactly(LENGTH), "big")
        if size > most:
            raise FrameTooLarge(f"a frame of {size} bytes is over the limit of {most}")
        return await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
