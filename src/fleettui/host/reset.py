"""A terminal in raw mode, and the one way back to what it was."""

from __future__ import annotations

import os
import select
import termios
from typing import Any

# CAN and ST end whatever sequence was cut in the middle; the keyboard protocol is left before
# the alternate screen, since each screen has its own.
RESET = (
    b"\x18\x1b\\"
    b"\x1b[?2026l"
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l"
    b"\x1b[?2004l\x1b[?2048l\x1b[?1004l"
    b"\x1b[?7h\x1b[0m"
    b"\x1b[<u"
    b"\x1b[?1049l\x1b[?25h\x1b[0 q"
)
# How long a terminal that takes nothing (stopped with ^S, hung) is waited for, in seconds.
_PATIENCE = 1.0


class RawTerminal:
    """The terminal of this process, opened a second time so that only we see it non-blocking."""

    def __init__(self, stdin: int = 0) -> None:
        """Open the terminal behind `stdin`; raises OSError where there is none."""
        self._shared = False
        try:
            flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
            self.fd = os.open(os.ttyname(stdin), flags)
        except OSError:
            # A terminal without a name here (a container, another mount namespace).
            self.fd = os.dup(stdin)
            self._shared = True
            os.set_blocking(self.fd, False)
        self._before = termios.tcgetattr(self.fd)
        self.painted = False
        self.has_painted = False

    def enter(self) -> None:
        """Take the terminal's keys as they come: no echo, no lines, no signals, no flow control."""
        raw: list[Any] = [*self._before[:6], list(self._before[6])]
        raw[0] &= ~(
            termios.IXON
            | termios.IXOFF
            | termios.ICRNL
            | termios.INLCR
            | termios.IGNCR
            | termios.ISTRIP
            | termios.BRKINT
        )
        raw[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        raw[6][termios.VMIN] = 1
        raw[6][termios.VTIME] = 0
        termios.tcsetattr(self.fd, termios.TCSANOW, raw)
        if self._shared:
            os.set_blocking(self.fd, False)

    def leave(self) -> None:
        """Put everything back; harmless when called twice, or when the terminal is gone."""
        try:
            if self.painted:
                self.painted = False
                _write_all(self.fd, RESET)
            termios.tcflush(self.fd, termios.TCIFLUSH)
            termios.tcsetattr(self.fd, termios.TCSANOW, self._before)
            if self._shared:
                os.set_blocking(self.fd, True)
        except (OSError, termios.error):
            return

    def paint(self, data: bytes) -> int:
        """Write what it takes now of what is drawn; gives how many bytes that was."""
        self.painted = self.has_painted = True
        return os.write(self.fd, data)

    def size(self) -> tuple[int, int]:
        """Give columns and rows; 80 by 24 where the terminal does not know."""
        try:
            size = os.get_terminal_size(self.fd)
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24


def _write_all(fd: int, data: bytes) -> None:
    """Write, waiting no longer than our patience for a terminal that takes nothing."""
    while data:
        if not select.select([], [fd], [], _PATIENCE)[1]:
            return
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            continue
