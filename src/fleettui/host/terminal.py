"""A client's terminal as Textual sees it: the driver of one attached app."""

from __future__ import annotations

import asyncio
from typing import Any

from textual import events, messages
from textual.app import App
from textual.driver import Driver
from textual.geometry import Size
from textual.message import Message

from fleettui.core.errors import Refused
from fleettui.core.safe import one_line
from fleettui.host.frames import frame, pieces, read_size
from fleettui.host.line import KERNEL_BUFFER, Line
from fleettui.host.typed import Typed

# Over this many bytes pending, whole writes are dropped until the client has taken all.
STALE = KERNEL_BUFFER
# Writes that set something (a clipboard, a title) and are not drawn again pass up to here.
_MOST_PENDING = 4 * STALE
_SETS = "\x1b]"
_RESIZE_PAUSE = 0.03

# Alternate screen, mouse, hidden cursor, focus, keyboard protocol, synchronised output asked for,
# bracketed paste, no line wrap. CAN and ST first: a client that comes back from a stop may have
# been cut in the middle of a sequence.
_START = (
    "\x18\x1b\\\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h\x1b[?25l\x1b[?1004h"
    "\x1b[>25u\x1b[?2026$p\x1b[?2004h\x1b[?7l"
)
_SYNC_END = "\x1b[?2026l"


class Terminal(Driver):
    """Writes to a line, and takes keys, sizes, stops and continues from it.

    Subclassed once per connection (Textual makes drivers from a class): `line` and `first_size`
    are class attributes there. `is_stale` says that drawing is a waste now.
    """

    line: Line
    first_size: tuple[int, int]

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size or self.first_size)
        self.is_stale = False
        self._stopped = False
        self._typed = Typed(self._typed_message)
        self._resize: asyncio.TimerHandle | None = None
        self._closed = False

    # --- what Textual asks of a driver ---------------------------------------------------------

    def write(self, data: str) -> None:
        """Send what Textual drew, or drop it while the client is behind or stopped."""
        if self._closed or self._stopped:
            return
        passes = data.startswith(_SETS) and self.line.pending < _MOST_PENDING
        if self.is_stale and not passes:
            return
        if self.line.pending > STALE and not passes:
            self.is_stale = True
            return
        self.line.write(pieces(b"D", data.encode("utf-8", "replace")))

    def start_application_mode(self) -> None:
        """Put the client's terminal into the modes of an app, and take what it sends."""
        self.line.on_drained = self._caught_up
        self.write(_START)
        self._post_size()
        self.line.take(self._take)

    def disable_input(self) -> None:
        """Take no more keys."""
        self._typed.close()
        self._forget_resize()

    def stop_application_mode(self) -> None:
        """End: the client puts its terminal back itself, whatever the end was."""
        self.disable_input()

    def close(self) -> None:
        """Write no more."""
        self._closed = True
        self.disable_input()

    def open_url(self, url: str, new_tab: bool = True) -> None:  # noqa: ARG002 the shape is Textual's
        """Ask the client to open an address: its user's browser is there, not here."""
        self.line.write(frame(b"U", url.encode("utf-8", "replace")))

    def show_session(self, session: str) -> None:
        """Ask the client to show an agent's tmux session, and come back."""
        self.line.write(frame(b"T", session.encode("utf-8", "replace")))

    def send_message(self, message: Message) -> None:
        """Post to the app; we are in its loop."""
        self._app.post_message(message)

    # --- what the client sends ------------------------------------------------------------------

    def _take(self, kind: bytes, body: bytes) -> None:
        match kind:
            case b"D":
                self._typed.feed(body)
            case b"R":
                self._take_size(body)
            case b"S":
                self._stopped = True
            case b"C":
                self._stopped = False
                self.is_stale = False
                self._take_size(body)
                self.write(_START)
                self._repaint()
            case b"E":
                complain = getattr(self._app.screen, "complain", None)
                if complain is not None:
                    self._app.call_later(complain, one_line(body.decode("utf-8", "replace"), 200))
            case _:
                raise Refused(f"a terminal sends no {kind!r} frames")

    def _take_size(self, body: bytes) -> None:
        self._size = read_size(body)
        if self._resize is None and not self._closed:
            self._resize = self._loop.call_later(_RESIZE_PAUSE, self._post_size)

    def _post_size(self) -> None:
        self._resize = None
        assert self._size is not None
        size = Size(*self._size)
        self.send_message(events.Resize(size, size))

    def _typed_message(self, message: Message) -> None:
        """Give the app a key; ctrl+z stops the client, never the host."""
        if isinstance(message, events.Key) and message.key == "ctrl+z":
            self.line.write(frame(b"Z"))
            return
        self.process_message(message)

    def _caught_up(self) -> None:
        """Draw everything again once a client that was behind has taken all."""
        if self.is_stale and not self._stopped:
            self.is_stale = False
            self.write(_SYNC_END)
            self._repaint()

    def _repaint(self) -> None:
        if not self._closed and self._app.is_running:
            self._app.refresh(layout=True)

    def _forget_resize(self) -> None:
        if self._resize is not None:
            self._resize.cancel()
            self._resize = None


def hang_up(app: App[Any]) -> None:
    """Tell an app that its terminal is gone."""
    app.post_message(messages.ExitApp())
