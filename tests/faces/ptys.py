"""A program in a pseudo-terminal: type keys, wait for text on its screen, see how it left."""

from __future__ import annotations

import os
import re
import signal
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import pexpect
import pyte

KEYS = {"enter": "\r", "esc": "\x1b", "tab": "\t", "up": "\x1b[A", "down": "\x1b[B"}
# What of our environment a tested program may see: nothing that names a person or a provider.
_PASSED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV")
_PATIENCE = 60.0


def clean_environment(home: str, **more: str) -> dict[str, str]:
    """Give an environment with a home of its own and a usual terminal, and nothing private."""
    kept = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {
        **kept,
        "HOME": home,
        "XDG_STATE_HOME": f"{home}/.local/state",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "PYTHONDONTWRITEBYTECODE": "",
        **more,
    }


class KnownScreen(pyte.Screen):
    """pyte, deaf to what it does not know: keyboard protocol, private SGR."""

    def report_device_attributes(self, *args: Any, **kwargs: Any) -> None:
        """Answer nothing."""

    def select_graphic_rendition(self, *attrs: int, private: bool = False) -> None:
        if not private:
            super().select_graphic_rendition(*attrs)


class Pty:
    """One program on one terminal of a given size."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | None = None,
        columns: int = 120,
        rows: int = 36,
    ) -> None:
        self.raw = bytearray()
        self._screen = KnownScreen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.child = pexpect.spawn(
            argv[0],
            list(argv[1:]),
            env=dict(env),
            cwd=cwd,
            dimensions=(rows, columns),
            timeout=_PATIENCE,
            echo=True,
        )
        self.child.delaybeforesend = None
        self.modes = termios.tcgetattr(self.child.child_fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # --- what is on it ---------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """Give the screen as lines of text."""
        return "\n".join(self._screen.display)

    def pump(self, wait: float = 0.05) -> bool:
        """Take what the program wrote; False once it has closed the terminal."""
        try:
            data = self.child.read_nonblocking(1 << 16, timeout=wait)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += data
        # pyte knows no parameters that begin with > < =, nor DCS.
        self._stream.feed(re.sub(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p", b"", data))
        return True

    def wait_until(self, seen: Callable[[], bool], what: str = "that") -> None:
        """Wait for something to be true of the screen; fails with the screen after a minute."""
        deadline = time.monotonic() + _PATIENCE
        while not seen():
            if not self.pump() and not seen():
                raise AssertionError(f"the program ended before {what}:\n{self.text}")
            if time.monotonic() > deadline:
                raise AssertionError(f"never came: {what}; the screen is\n{self.text}")

    def wait_text(self, *texts: str) -> None:
        """Wait until every text is on the screen."""
        self.wait_until(lambda: all(text in self.text for text in texts), f"{texts!r}")

    def wait_raw(self, *pieces: bytes) -> None:
        """Wait until every piece was written, on the screen or not."""
        self.wait_until(lambda: all(piece in self.raw for piece in pieces), f"{pieces!r}")

    # --- what is done to it ----------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Type keys: one character, or a name of KEYS."""
        for key in keys:
            self.child.send(KEYS.get(key, key))

    def send(self, data: bytes) -> None:
        """Type bytes, taking what the program writes meanwhile."""
        view = memoryview(data)
        os.set_blocking(self.child.child_fd, False)
        while view:
            try:
                view = view[os.write(self.child.child_fd, view[:4096]) :]
            except BlockingIOError:
                self.pump(0.01)
        os.set_blocking(self.child.child_fd, True)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        self._screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def kill(self, number: int) -> None:
        """Send a signal to the program."""
        os.kill(self.child.pid, number)

    # --- how it ended ----------------------------------------------------------------------------

    def wait_exit(self) -> int:
        """Wait for the end; gives the exit code, or 128 and the signal that ended it."""
        while self.pump():
            pass
        self.child.wait()
        if self.child.signalstatus is not None:
            return 128 + int(self.child.signalstatus)
        return int(self.child.exitstatus)

    @property
    def is_restored(self) -> bool:
        """Say whether the terminal's line modes are what they were before."""
        return bool(termios.tcgetattr(self.child.child_fd) == self.modes)

    @property
    def is_reset(self) -> bool:
        """Say whether every mode that was switched on was switched off after that."""
        raw = bytes(self.raw)
        pairs = [(b"\x1b[?%dh" % mode, b"\x1b[?%dl" % mode) for mode in (1049, 1000, 1003, 2004)]
        pairs += [(b"\x1b[?25l", b"\x1b[?25h"), (b"\x1b[?7l", b"\x1b[?7h"), (b"\x1b[>", b"\x1b[<u")]
        return all(raw.rfind(off) > raw.rfind(on) for on, off in pairs)

    def close(self) -> None:
        """End the program if it has not ended."""
        if self.child.isalive():
            self.kill(signal.SIGKILL)
        self.child.close(force=True)
