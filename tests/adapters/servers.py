"""Scripted providers on loopback: OpenAI-compatible and Anthropic servers in a thread.

    with ScriptedServer([Said("hello"), Broken(status=429)]) as server:
        environment = server.environment()          # OPENAI_API_KEY and OPENAI_API_BASE
        ... server.seen[0].body["messages"] ...

`replies` is a list (the last is repeated), or a callable that gets the request seen and gives a
reply. A dict is taken as the keyword arguments of Said, a str as its text.
"""

from __future__ import annotations

import json
import select
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from uuid import uuid4

KEY = "sk-scripted-0123456789abcdef"


@dataclass(frozen=True)
class Seen:
    """A request as the server got it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Said:
    """A good answer, or one that breaks off.

    `tool_calls` are dicts of name, arguments (dict, or text that may be broken) and id. `pieces`
    is how many parts the text of a stream is cut into. `cut` ends a stream after so many events,
    without its end; `hold` stops there until the client hangs up. `whole` answers in one piece
    even when a stream was asked for. `usage` None leaves it out, `finish` None too.
    """

    text: str = ""
    tool_calls: Sequence[dict[str, Any]] = ()
    usage: tuple[int, int] | None = (11, 7)
    finish: str | None = "stop"
    pieces: int = 3
    cut: int | None = None
    hold: int | None = None
    whole: bool = False


@dataclass(frozen=True)
class Broken:
    """An answer as bytes: an error, or nonsense. `hang` never answers; `drop` hangs up at once."""

    status: int = 500
    body: str | bytes | dict[str, Any] = ""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    hang: bool = False
    drop: bool = False


Reply = Said | Broken | dict[str, Any] | str
Dialect = Literal["openai", "anthropic"]


class ScriptedServer:
    """A provider on 127.0.0.1 that says what it was told to say."""

    def __init__(
        self,
        replies: Reply | Sequence[Reply] | Callable[[Seen], Reply] = "hello",
        dialect: Dialect = "openai",
    ) -> None:
        self.replies = replies
        self.dialect: Dialect = dialect
        self.seen: list[Seen] = []
        self.holding = threading.Event()
        self.hung_up = threading.Event()
        self.closing = threading.Event()
        self._lock = threading.Lock()
        handler = type("ScriptedHandler", (_Handler,), {"script": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(0.05,),
            daemon=True,
        )

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self, key: str = KEY) -> dict[str, str]:
        """Give the provider variables that lead here."""
        if self.dialect == "anthropic":
            return {"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": self.url}
        return {"OPENAI_API_KEY": key, "OPENAI_API_BASE": f"{self.url}/v1"}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_reply(self, seen: Seen) -> Said | Broken:
        """Choose the reply to a request."""
        with self._lock:
            place = len(self.seen)
            self.seen.append(seen)
        reply: Reply
        if callable(self.replies):
            reply = self.replies(seen)
        elif isinstance(self.replies, str | dict | Said | Broken):
            reply = self.replies
        else:
            reply = self.replies[min(place, len(self.replies) - 1)]
        if isinstance(reply, str):
            return Said(reply)
        return Said(**reply) if isinstance(reply, dict) else reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients of these tests hang up on purpose."""


class _Handler(BaseHTTPRequestHandler):
    script: ScriptedServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Keep the log of the tests quiet."""

    def do_POST(self) -> None:
        try:
            self._answer()
        except (BrokenPipeError, ConnectionResetError):
            # The client hung up while we were still writing, or with bytes of ours unread.
            self.script.hung_up.set()

    def _answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.path, headers, json.loads(raw))
        reply = self.script.next_reply(seen)
        self.close_connection = True
        if isinstance(reply, Broken):
            self._break(reply)
            return
        speak = SPEAKERS[self.script.dialect]
        if seen.body.get("stream") and not reply.whole:
            self._stream(reply, speak.events(reply))
        else:
            self._send(200, json.dumps(speak.whole(reply)).encode(), {})

    def _break(self, reply: Broken) -> None:
        if reply.drop:
            return
        if reply.hang:
            self._hold()
            return
        body = json.dumps(reply.body) if isinstance(reply.body, dict) else reply.body
        raw = body.encode() if isinstance(body, str) else body
        self._send(reply.status, raw, reply.headers, reply.content_type)

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str],
        kind: str = "application/json",
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, reply: Said, events: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for place, event in enumerate(events):
            if place == reply.cut:
                return
            if place == reply.hold:
                self._hold()
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _hold(self) -> None:
        """Stay until the client hangs up, or the server closes."""
        self.script.holding.set()
        while not self.script.closing.is_set():
            ready, _, _ = select.select([self.connection], [], [], 0.05)
            if ready and not self.connection.recv(1024):
                self.script.hung_up.set()
                return


def _cut(text: str, pieces: int) -> list[str]:
    size = max(-(-len(text) // max(pieces, 1)), 1)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _arguments(call: dict[str, Any]) -> str:
    given = call.get("arguments", {})
    return given if isinstance(given, str) else json.dumps(given)


def _event(data: dict[str, Any], name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


class _Openai:
    """Writes answers the way OpenAI does."""

    _HEAD = {"id": "chatcmpl-1", "created": 1, "model": "scripted"}  # noqa: RUF012 - never changed

    def whole(self, said: Said) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
        if said.tool_calls:
            message["tool_calls"] = [self._call(place, call) for place, call in
                                     enumerate(said.tool_calls)]  # fmt: skip
        choice = {"index": 0, "message": message, "finish_reason": self._finish(said)}
        return {**self._HEAD, "object": "chat.completion", "choices": [choice], **self._usage(said)}

    def events(self, said: Said) -> Iterator[bytes]:
        yield self._chunk({"role": "assistant", "content": ""})
        for piece in _cut(said.text, said.pieces):
            yield self._chunk({"content": piece})
        for place, call in enumerate(said.tool_calls):
            first: dict[str, Any] = {**self._call(place, call), "index": place}
            first["function"] = {"name": call["name"], "arguments": ""}
            yield self._chunk({"tool_calls": [first]})
        # All calls grow in turns, as they may: only the index says whose a piece is.
        rests = [_cut(_arguments(call), 3) for call in said.tool_calls]
        for step in range(max((len(rest) for rest in rests), default=0)):
            for place, rest in enumerate(rests):
                if step < len(rest):
                    part = {"index": place, "function": {"arguments": rest[step]}}
                    yield self._chunk({"tool_calls": [part]})
        if said.finish is not None:
            yield self._chunk({}, self._finish(said))
        if said.usage is not None:
            kind = "chat.completion.chunk"
            yield _event({**self._HEAD, "object": kind, "choices": [], **self._usage(said)})
        yield b"data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _event({**self._HEAD, "object": "chat.completion.chunk", "choices": [choice]})

    def _call(self, place: int, call: dict[str, Any]) -> dict[str, Any]:
        function = {"name": call["name"], "arguments": _arguments(call)}
        return {"id": call.get("id", f"call_{place}"), "type": "function", "function": function}

    def _finish(self, said: Said) -> str | None:
        return "tool_calls" if said.tool_calls and said.finish == "stop" else said.finish

    def _usage(self, said: Said) -> dict[str, Any]:
        if said.usage is None:
            return {}
        sent, answered = said.usage
        counts = {"prompt_tokens": sent, "completion_tokens": answered}
        return {"usage": {**counts, "total_tokens": sent + answered}}


class _Anthropic:
    """Writes answers the way Anthropic does."""

    def whole(self, said: Said) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": said.text}] if said.text else []
        for place, call in enumerate(said.tool_calls):
            content.append({**self._call(place, call), "input": json.loads(_arguments(call))})
        return {**self._head(said), "content": content, "stop_reason": self._finish(said)}

    def events(self, said: Said) -> Iterator[bytes]:
        head = {**self._head(said), "content": [], "stop_reason": None}
        yield self._named("message_start", message=head)
        yield self._named("ping")
        index = 0
        if said.text:
            yield self._named("content_block_start", index=0, content_block=_text_block())
            for piece in _cut(said.text, said.pieces):
                delta = {"type": "text_delta", "text": piece}
                yield self._named("content_block_delta", index=0, delta=delta)
            yield self._named("content_block_stop", index=0)
            index = 1
        for place, call in enumerate(said.tool_calls):
            at = index + place
            block: dict[str, Any] = {**self._call(place, call), "input": {}}
            yield self._named("content_block_start", index=at, content_block=block)
            for piece in _cut(_arguments(call), 3):
                delta = {"type": "input_json_delta", "partial_json": piece}
                yield self._named("content_block_delta", index=at, delta=delta)
            yield self._named("content_block_stop", index=at)
        if said.finish is not None:
            ended = {"stop_reason": self._finish(said), "stop_sequence": None}
            usage = {"output_tokens": said.usage[1]} if said.usage else {}
            yield self._named("message_delta", delta=ended, usage=usage)
            yield self._named("message_stop")

    def _named(self, name: str, **parts: Any) -> bytes:
        return _event({"type": name, **parts}, name)

    def _head(self, said: Said) -> dict[str, Any]:
        sent, answered = said.usage or (0, 0)
        usage = {"usage": {"input_tokens": sent, "output_tokens": answered}}
        kind = {
            "id": f"msg_{uuid4().hex}",
            "type": "message",
            "role": "assistant",
            "model": "scripted",
        }
        return {**kind, "stop_sequence": None, **usage}

    def _call(self, place: int, call: dict[str, Any]) -> dict[str, Any]:
        return {"type": "tool_use", "id": call.get("id", f"toolu_{place}"), "name": call["name"]}

    def _finish(self, said: Said) -> str | None:
        if said.tool_calls and said.finish == "stop":
            return "tool_use"
        return {"stop": "end_turn", "length": "max_tokens"}.get(said.finish or "", said.finish)


def _text_block() -> dict[str, Any]:
    return {"type": "text", "text": ""}


SPEAKERS: dict[str, _Openai | _Anthropic] = {"openai": _Openai(), "anthropic": _Anthropic()}
