"""Runs one program in its own process group, with bounded time and output."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fleettui.adapters.processes.keeping import (
    Keeping,
    LastWord,
    keeper_argv,
    over_limit,
    read_last_word,
)

KEPT: Final = 1_000_000
_HEAD: Final = KEPT // 4
_GRACE: Final = 5.0  # seconds between SIGTERM and SIGKILL (safety.md, T10)
_KEEPER: Final = 2.0  # seconds more for a keeper, which does the same to all it keeps
_LINGER: Final = 0.5  # seconds for the output of children that outlive the program


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that ended: what it wrote (beginning and end), and how many bytes in all.

    `over` says which limit it went over, empty for none.
    """

    exit_code: int
    output: bytes
    size: int
    errors: bytes = b""
    timed_out: bool = False
    over: str = ""

    @property
    def text(self) -> str:
        """The output as text; bytes that are no UTF-8 become replacement characters."""
        return self.output.decode(errors="replace")


class _Kept:
    """The first and last bytes of a stream, and their count."""

    def __init__(self, most: int) -> None:
        self.size = 0
        self._head, self._tail = bytearray(), bytearray()
        self._first = min(most, _HEAD) if most == KEPT else most
        self._last = most - self._first

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        room = self._first - len(self._head)
        self._head += chunk[: max(room, 0)]
        if self._last:
            self._tail += chunk[max(room, 0) :]
            if len(self._tail) > 2 * self._last:
                del self._tail[: -self._last]

    def whole(self) -> bytes:
        tail = bytes(self._tail[-self._last :]) if self._last else b""
        lost = self.size - len(self._head) - len(tail)
        if not lost:
            return bytes(self._head) + tail
        notice = f"\n[... {lost:,} of {self.size:,} bytes left out ...]\n" if self._last else ""
        return bytes(self._head) + notice.encode() + tail


async def run_program(
    argv: Sequence[str],
    *,
    cwd: str,
    env: Mapping[str, str],
    stdin: bytes | None = None,
    timeout: float = 60.0,  # noqa: ASYNC109 - the group must be killed here, not abandoned
    most: int = KEPT,
    merge: bool = False,
    keep: Sequence[int] = (),
    keeping: Keeping | None = None,
    launch: bool = False,
) -> Ended:
    """Run `argv` to its end; raises OSError when it can't be started.

    With a `keeping` a keeper stays beside it: it sets limits, and ends whatever the program
    starts in whatever session (`launch`: argv is what launch.py takes).

    `most` bounds the bytes kept, `merge` puts errors among the output as a terminal would, `keep`
    are descriptors it inherits.
    At the timeout and on cancellation the whole group gets SIGTERM and 5 s later SIGKILL.
    """
    words: list[int] = []
    if keeping is not None:
        words = list(os.pipe2(os.O_CLOEXEC))
        argv = keeper_argv(keeping, argv, status=words[1], launch=launch, seconds=timeout)
    try:
        return await _run(
            argv,
            cwd,
            env,
            stdin,
            timeout,
            most,
            merge=merge,
            keep=keep,
            words=words,
            keeping=keeping,
        )
    finally:
        for descriptor in words:
            os.close(descriptor)


async def _run(
    argv: Sequence[str],
    cwd: str,
    env: Mapping[str, str],
    stdin: bytes | None,
    timeout: float,  # noqa: ASYNC109 - as above
    most: int,
    *,
    merge: bool,
    keep: Sequence[int],
    words: Sequence[int],
    keeping: Keeping | None,
) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=cwd,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT if merge else asyncio.subprocess.PIPE,
        start_new_session=True,
        pass_fds=(*words[1:], *keep),
    )
    output, errors = _Kept(most), _Kept(64_000)
    streams = [
        asyncio.ensure_future(_drain(process.stdout, output)),
        asyncio.ensure_future(_drain(process.stderr, errors)),
        asyncio.ensure_future(_feed(process.stdin, stdin)),
    ]
    timed_out = False
    try:
        await asyncio.wait_for(_wait_exit(process), timeout)
        await asyncio.wait(streams, timeout=_LINGER)
    except TimeoutError:
        timed_out = True
    finally:
        await _end_group(process, _GRACE + _KEEPER if words else _GRACE)
        await _end_streams(streams)
        process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - else its pipes leak
    code = -1 if process.returncode is None else process.returncode
    over = ""
    if keeping is not None:
        word = _last_word(words[0])
        code = word.code if word else code
        over = over_limit(word, keeping.limits) if word else ""
    return Ended(code, output.whole(), output.size, errors.whole(), timed_out, over)


def _last_word(descriptor: int) -> LastWord | None:
    """Read what a keeper said; None where it was killed before it could."""
    os.set_blocking(descriptor, False)
    try:
        return read_last_word(os.read(descriptor, 4096))
    except BlockingIOError:
        return None


async def _drain(stream: asyncio.StreamReader | None, kept: _Kept) -> None:
    while stream is not None and (chunk := await stream.read(65_536)):
        kept.add(chunk)


async def _feed(stream: asyncio.StreamWriter | None, text: bytes | None) -> None:
    if stream is None:
        return
    try:
        stream.write(text or b"")
        await stream.drain()
    except (BrokenPipeError, ConnectionResetError):
        return
    finally:
        stream.close()


async def _wait_exit(process: asyncio.subprocess.Process) -> None:
    """Wait for the program alone: from Python 3.12 `wait` waits for its pipes too."""
    waiting = asyncio.ensure_future(process.wait())
    try:
        while process.returncode is None:
            await asyncio.wait({waiting}, timeout=0.1)
    finally:
        waiting.cancel()


async def _end_group(process: asyncio.subprocess.Process, grace: float) -> None:
    try:
        if process.returncode is None:
            _signal(process.pid, signal.SIGTERM)
            await asyncio.wait_for(_wait_exit(process), grace)
    except TimeoutError:
        pass
    finally:
        _signal(process.pid, signal.SIGKILL)
    await _wait_exit(process)


async def _end_streams(streams: Sequence[asyncio.Future[None]]) -> None:
    done, open_still = await asyncio.wait(streams, timeout=_LINGER)
    for stream in open_still:
        stream.cancel()
    await asyncio.gather(*done, *open_still, return_exceptions=True)


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return
