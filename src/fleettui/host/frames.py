"""The frames on the host's socket: one byte of type, four of length, then the body.

Up: H hello, D bytes typed, R size, S stopped, C continued with size, E what went wrong here,
Q a request to the door. Down: D bytes to paint, X end (exit code and message), U open this
address, T show this tmux session, Z stop yourself, A an answer of the door. The first frame of a
connection says what it is: H or Q.

No import here: the thin client reads this file before anything is on the screen.
"""

from __future__ import annotations

from fleettui.core.errors import Refused

HEADER = 5
MOST_UP = 1 << 20
# What one D frame carries at most; a screen larger than that is several frames.
PIECE = 1 << 15


def frame(kind: bytes, body: bytes = b"") -> bytes:
    """Put a body of any length behind its header."""
    return kind + len(body).to_bytes(4, "big") + body


def pieces(kind: bytes, body: bytes) -> bytes:
    """Frame a body in as many frames as it takes."""
    if len(body) <= PIECE:
        return frame(kind, body)
    return b"".join(
        frame(kind, body[start : start + PIECE]) for start in range(0, len(body), PIECE)
    )


def size_frame(kind: bytes, columns: int, rows: int) -> bytes:
    """Frame the size of a terminal, in cells."""
    return frame(kind, b"%d %d" % (columns, rows))


def read_size(body: bytes) -> tuple[int, int]:
    """Give columns and rows, held between 1x1 and 1000x500; raises Refused for other bodies."""
    columns, _, rows = body[:32].partition(b" ")
    if not columns.isdigit() or not rows.isdigit():
        raise Refused("a size frame is not two numbers", "the client is not a fleettui client")
    return min(max(int(columns), 1), 1000), min(max(int(rows), 1), 500)


def end_frame(code: int, message: str = "") -> bytes:
    """Frame the end of a terminal's visit: the exit code of its client, and its last words."""
    return frame(b"X", b"%d %s" % (code, message.encode("utf-8", "replace")))


def read_end(body: bytes) -> tuple[int, str]:
    """Give the exit code and the message of an X frame."""
    code, _, message = body.partition(b" ")
    return int(code) if code.isdigit() else 1, message.decode("utf-8", "replace")


class FrameReader:
    """Bytes in as they come, whole frames out; a frame over `most` bytes raises Refused."""

    def __init__(self, most: int = MOST_UP) -> None:
        self.most = most
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Give the frames that `data` completes, in order, as (kind, body)."""
        rest = self._rest
        rest += data
        frames = []
        start = 0
        while len(rest) - start >= HEADER:
            length = int.from_bytes(rest[start + 1 : start + HEADER], "big")
            if length > self.most:
                raise Refused(
                    f"a frame of {length} bytes is over the limit of {self.most}",
                    "send less at once",
                )
            end = start + HEADER + length
            if len(rest) < end:
                break
            frames.append((bytes(rest[start : start + 1]), bytes(rest[start + HEADER : end])))
            start = end
        del rest[:start]
        return frames
