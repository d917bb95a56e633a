"""Hands this terminal to an agent's tmux session, and takes it back."""

from __future__ import annotations

# signal itself would load enum.
import _signal  # type: ignore[import-not-found]
import os
import select

_ENDS = ("SIGTERM", "SIGHUP")


def hand_over(socket: str, session: str, signals: int) -> tuple[int, bytes]:
    """Attach to a session until its user comes back; gives tmux's exit code and signals seen.

    `signals` is a descriptor on which the numbers of our signals come; one that ends us ends the
    tmux client too, never the session. 127 where there is no tmux.
    """
    environment = {name: value for name, value in os.environ.items() if name != "TMUX"}
    target = ["-t", f"={session}"]
    try:
        # Without a server `attach-session` says so, and exits with 0.
        if not os.path.exists(socket) or not _has_session(socket, target, environment):
            return 1, b""
        argv = ["tmux", "-S", socket, "attach-session", *target]
        client = os.posix_spawnp("tmux", argv, environment)
    except OSError:
        return 127, b""
    seen = b""
    handle = os.pidfd_open(client)
    try:
        while True:
            readable, _, _ = select.select([handle, signals], [], [])
            if handle in readable:
                break
            numbers = os.read(signals, 512)
            seen += numbers
            if any(getattr(_signal, name) in numbers for name in _ENDS):
                os.kill(client, _signal.SIGTERM)
    finally:
        os.close(handle)
    return os.waitstatus_to_exitcode(os.waitpid(client, 0)[1]), seen


def _has_session(socket: str, target: list[str], environment: dict[str, str]) -> bool:
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        asking = os.posix_spawnp(
            "tmux",
            ["tmux", "-S", socket, "has-session", *target],
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)],
        )
    finally:
        os.close(null)
    return os.waitstatus_to_exitcode(os.waitpid(asking, 0)[1]) == 0
