"""What comes from a client's keyboard: pastes cut out, the rest through Textual's parser."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import contextvars
from collections.abc import Callable

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.message import Message

_BEGIN = b"\x1b[200~"
_END = b"\x1b[201~"
# More than this of one paste is dropped.
MOST_PASTED = 4 << 20


class Typed:
    """Bytes in as they come, Textual's messages out."""

    def __init__(self, post: Callable[[Message], None]) -> None:
        self._post = post
        self._parser = XTermParser()
        # Textual caches key events, and an event holds the app that is current where it is made.
        self._context = contextvars.Context()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = b""
        self._paste: bytearray | None = None
        self._escape: asyncio.TimerHandle | None = None
        self._closed = False

    def feed(self, data: bytes) -> None:
        """Take what was typed or pasted."""
        if self._closed:
            return
        self._forget_escape()
        data = self._rest + data
        self._rest = b""
        while data:
            data = self._pasted(data) if self._paste is not None else self._keys(data)
        if self._rest or self._parser._timeout_time is not None:  # noqa: SLF001 see host.md, trap 9
            loop = asyncio.get_running_loop()
            self._escape = loop.call_later(constants.ESCAPE_DELAY, self._lone_escape)

    def close(self) -> None:
        """End the parser: a cache of Textual's would keep it, and the app behind it, alive."""
        if self._closed:
            return
        self._closed = True
        self._forget_escape()
        # The parser ends by raising, whatever it holds.
        with contextlib.suppress(Exception):
            list(self._parser.feed(""))

    def _keys(self, data: bytes) -> bytes:
        """Parse up to the next paste, and give what follows its beginning."""
        before, begin, after = data.partition(_BEGIN)
        if begin:
            self._paste = bytearray()
        else:
            kept = _cut_mark(before, _BEGIN)
            before, self._rest = before[: len(before) - kept], before[len(before) - kept :]
        self._parse(before)
        return after

    def _pasted(self, data: bytes) -> bytes:
        """Collect up to the end of the paste, and give what follows it."""
        assert self._paste is not None
        inside, end, after = data.partition(_END)
        if not end:
            kept = _cut_mark(inside, _END)
            inside, self._rest = inside[: len(inside) - kept], inside[len(inside) - kept :]
        self._paste += inside[: max(MOST_PASTED - len(self._paste), 0)]
        if end:
            text = self._paste.decode("utf-8", "replace").replace("\x00", "")
            self._paste = None
            self._post(events.Paste(text))
        return after

    def _parse(self, data: bytes) -> None:
        text = self._decode(data)
        if not text:
            return
        try:
            parsed = self._context.run(lambda: list(self._parser.feed(text)))
        except Exception:  # noqa: BLE001 numbers no terminal sends end Textual's parser for good
            self._parser = XTermParser()
            return
        for message in parsed:
            self._post(message)

    def _lone_escape(self) -> None:
        """Take an escape that nothing followed for the key it is."""
        self._escape = None
        if self._paste is not None:
            return
        rest, self._rest = self._rest, b""
        self._parse(rest)
        if self._parser._timeout_time is not None:  # noqa: SLF001 see host.md, trap 9
            self._parser._timeout_time = 0.0  # noqa: SLF001
            for message in self._context.run(lambda: list(self._parser.tick())):
                self._post(message)

    def _forget_escape(self) -> None:
        if self._escape is not None:
            self._escape.cancel()
            self._escape = None


def _cut_mark(data: bytes, mark: bytes) -> int:
    """Count the bytes at the end of `data` that may be the beginning of `mark`."""
    for length in range(min(len(mark) - 1, len(data)), 0, -1):
        if mark.startswith(data[-length:]):
            return length
    return 0
