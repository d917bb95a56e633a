"""Real Redis and PostgreSQL servers on free ports, which end with the test or with its process."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PASSWORD = "pw-7f3a/%@x"  # what an address must write as %XX
QUOTED = "pw-7f3a%2F%25%40x"
_PR_SET_PDEATHSIG = 1


@dataclass
class Server:
    """A server process; `url` holds a password."""

    argv: Sequence[str]
    url: str
    ready: str
    user: str | None = None
    stop_by: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        self.process = subprocess.Popen(
            self.argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            user=self.user,
            group=pwd.getpwnam(self.user).pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 the child only calls prctl
            cwd="/",
        )
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line)
            if self.ready in line:
                return
        self.kill()
        raise AssertionError(f"{self.argv[0]} did not start:\n{''.join(said)}")

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.process is None:
            return
        self.process.send_signal(self.stop_by)
        with self.process:
            self.process.wait(20)
        self.process = None


def redis_program() -> str | None:
    return shutil.which("redis-server")


def postgres_programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


@contextmanager
def redis_server(folder: Path) -> Iterator[Server]:
    """Give a running Redis that asks for a password and keeps nothing on the disk."""
    program = redis_program()
    assert program is not None
    port = _free_port()
    argv = [
        program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
        "--dir", str(folder), "--requirepass", PASSWORD,
    ]  # fmt: skip
    server = Server(
        argv, f"redis://:{QUOTED}@127.0.0.1:{port}/0", "Ready to accept", stop_by=signal.SIGKILL
    )
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Give a running PostgreSQL with a database of its own, as another user than root."""
    programs = postgres_programs()
    assert programs is not None
    user = _other_user()
    folder = Path(tempfile.mkdtemp(prefix="fleettui-pg-"))
    try:
        word = folder / "password"
        word.write_text(PASSWORD)
        if user:
            for path in (folder, word):
                os.chown(path, pwd.getpwnam(user).pw_uid, -1)
        subprocess.run(
            [
                programs / "initdb", "-D", folder / "data", "-U", "fleet", "--auth=scram-sha-256",
                f"--pwfile={word}", "--locale=C", "--encoding=UTF8", "--no-sync",
            ],
            user=user,
            extra_groups=[] if user else None,
            cwd="/",
            check=True,
            capture_output=True,
        )  # fmt: skip
        port = _free_port()
        argv = [
            str(programs / "postgres"), "-D", str(folder / "data"), "-F", "-p", str(port),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
        ]  # fmt: skip
        url = f"postgresql://fleet:{QUOTED}@127.0.0.1:{port}/postgres"
        server = Server(argv, url, "ready to accept connections", user, signal.SIGQUIT)
        server.start()
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder)


def _other_user() -> str | None:
    """Name somebody else than root, as whom PostgreSQL agrees to run."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
