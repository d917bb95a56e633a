"""The thin client: bytes between a terminal and the host, and nothing else.

It imports neither textual nor asyncio nor json, since it stands between a key and a first paint.
"""

from __future__ import annotations

# signal itself would load enum, and has no stub under this name.
import _signal  # type: ignore[import-not-found]
import _socket
import os
import select
from typing import NamedTuple

from fleettui.host.frames import FrameReader, frame, pieces, read_end, size_frame
from fleettui.host.hello import Hello, hello_frame
from fleettui.host.reset import RawTerminal

_FULL = 1 << 16
_CTRL_C = b"\x03"
_SIGNALS = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGWINCH", "SIGTSTP", "SIGCONT")


class Farewell(NamedTuple):
    """How a visit ended: the exit code, what to tell, and whether the host said it."""

    code: int
    message: str = ""
    told: bool = True


def attach(
    stream: _socket.socket, hello: Hello, terminal: RawTerminal, state: str = ""
) -> Farewell:
    """Show the host's screen until it ends, the host goes, or a signal ends this process.

    `state` is the host's folder, where the sessions of interactive agents are.

    The terminal is as it was before when this returns or raises.
    """
    pump = _Pump(stream, terminal, state)
    columns, rows = terminal.size()
    pump.up += hello_frame(hello._replace(columns=columns, rows=rows))
    with_signals = _Signals()
    try:
        terminal.enter()
        return pump.run(with_signals.fd)
    finally:
        terminal.leave()
        with_signals.restore()
        stream.close()


class _Signals:
    """Signals as bytes on a pipe, so that one select waits for everything."""

    def __init__(self) -> None:
        self.fd, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before = {}
        for name in _SIGNALS:
            number = getattr(_signal, name)
            self._before[number] = _signal.signal(number, _noted)
        self._wakeup = _signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def restore(self) -> None:
        """Hand the signals back to whoever had them."""
        _signal.set_wakeup_fd(self._wakeup)
        for number, before in self._before.items():
            _signal.signal(number, before)
        os.close(self.fd)
        os.close(self._writer)


def _noted(*_: object) -> None:
    """Do nothing: the wakeup descriptor has the signal's number."""


class _Pump:
    """What waits in each direction, and the loop that moves it."""

    def __init__(self, stream: _socket.socket, terminal: RawTerminal, state: str) -> None:
        self._state = state
        self._session = ""
        self.up = bytearray()
        self._down = bytearray()
        self._stream = stream
        self._terminal = terminal
        self._frames = FrameReader(most=1 << 24)
        self._farewell: Farewell | None = None
        stream.setblocking(False)

    def run(self, signals: int) -> Farewell:
        """Move bytes until there is a farewell."""
        host, tty = self._stream.fileno(), self._terminal.fd
        while self._farewell is None:
            if self._session:
                self._show_session(signals)
                continue
            readers = [signals]
            if len(self._down) < _FULL:
                readers.append(host)
            if len(self.up) < _FULL:
                readers.append(tty)
            writers = [fd for fd, waits in ((host, self.up), (tty, self._down)) if waits]
            readable, writable, _ = select.select(readers, writers, [])
            if signals in readable:
                self._take_signals(signals)
            if host in writable:
                self._give_to_host()
            if host in readable:
                self._take_from_host()
            if tty in writable:
                self._paint()
            if tty in readable and self._farewell is None:
                self._take_from_terminal()
        return self._farewell

    def _give_to_host(self) -> None:
        try:
            del self.up[: self._stream.send(bytes(self.up[:_FULL]))]
        except BlockingIOError:
            return
        except OSError:
            # It is gone; what it said last may still be there to read.
            self.up.clear()

    def _paint(self) -> None:
        try:
            del self._down[: self._terminal.paint(bytes(self._down[:_FULL]))]
        except BlockingIOError:
            return
        except OSError:
            self._end(Farewell(129, "the terminal went away"))

    def _take_from_host(self) -> None:
        try:
            data = self._stream.recv(_FULL)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end(Farewell(1, "the host ended", told=False))
            return
        for kind, body in self._frames.feed(data):
            match kind:
                case b"D":
                    self._down += body
                case b"X":
                    self._end(Farewell(*read_end(body)))
                case b"U":
                    _open_address(body)
                case b"T":
                    self._session = body.decode("utf-8", "replace")
                case b"Z":
                    self._stop()

    def _take_from_terminal(self) -> None:
        try:
            data = os.read(self._terminal.fd, _FULL)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end(Farewell(129, "the terminal went away"))
        elif not self._terminal.has_painted and _CTRL_C in data:
            # Nothing is on the screen yet: the host is starting, or stuck.
            self._end(Farewell(130))
        else:
            self.up += pieces(b"D", data)

    def _take_signals(self, signals: int) -> None:
        try:
            numbers = os.read(signals, 512)
        except BlockingIOError:
            return
        if _signal.SIGTSTP in numbers:
            self._stop()
        elif _signal.SIGCONT in numbers:
            # Somebody stopped us with SIGSTOP: what the terminal looks like now, nobody knows.
            self._go_on()
        elif _signal.SIGWINCH in numbers:
            self.up += size_frame(b"R", *self._terminal.size())
        self._end_by(numbers)

    def _end_by(self, numbers: bytes) -> None:
        for number in (_signal.SIGTERM, _signal.SIGHUP, _signal.SIGINT, _signal.SIGQUIT):
            if number in numbers:
                self._end(Farewell(128 + number))

    def _stop(self) -> None:
        """Give the terminal back and stop, as any program does on ctrl+z; then go on."""
        self.up += size_frame(b"S", *self._terminal.size())
        self._give_to_host()
        self._down.clear()
        self._terminal.leave()
        os.kill(os.getpid(), _signal.SIGSTOP)
        self._go_on()

    def _show_session(self, signals: int) -> None:
        """Give the terminal to an agent's session until its user comes back."""
        # Needed by few, and not before the first screen.
        from fleettui.core.sessions import session_socket  # noqa: PLC0415
        from fleettui.host.hand_over import hand_over  # noqa: PLC0415

        session, self._session = self._session, ""
        self.up += size_frame(b"S", *self._terminal.size())
        self._give_to_host()
        self._down.clear()
        self._terminal.leave()
        code, seen = hand_over(session_socket(self._state, os.geteuid()), session, signals)
        self._go_on()
        if code == 127:
            self.up += frame(b"E", b"tmux is not installed here: apt-get install tmux")
        elif code:
            self.up += frame(b"E", f"{session} has no session now".encode())
        self._end_by(seen)

    def _go_on(self) -> None:
        self._terminal.enter()
        self.up += size_frame(b"C", *self._terminal.size())

    def _end(self, farewell: Farewell) -> None:
        if self._farewell is None or farewell.told:
            self._farewell = farewell


def _open_address(body: bytes) -> None:
    """Open a web page in the desktop's browser, if this terminal has a desktop."""
    address = body.decode("utf-8", "replace")
    has_desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not has_desktop or not address.startswith(("http://", "https://")):
        return
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.posix_spawnp(
            "xdg-open",
            ["xdg-open", address],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)],
        )
    except OSError:
        return
    finally:
        os.close(null)
