"""`fleettui serve` as a program: real HTTP, real signals, real deaths."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib import error, request

import pytest

FLOWS = """
apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: ask}
spec:
  trigger: {type: Manual, config: {channels: [ops]}}
  agents: [{name: parrot, model: 'scripted:%s', instructions: answer}]
---
apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: hook}
spec:
  trigger: {type: Webhook, config: {path: /deploy, secret: '${HOOK_SECRET}'}}
  agents: [{name: parrot, model: 'scripted:%s', instructions: answer}]
"""
SCRIPT = "agents: {'*': [{content: 'the answer', delay: %s}]}\n"
CONFIG = """
apiVersion: aof.dev/v1
kind: DaemonConfig
metadata: {name: test}
spec: {server: {port: 0}}
"""
CANARY = "canary-0123456789"


class Deployment:
    """A folder of flows, a state folder, and the program over both."""

    def __init__(self, home: Path, delay: float = 0.0) -> None:
        self.home, self.state = home, home / "state"
        (home / "flows").mkdir()
        script = home / "script.yaml"
        script.write_text(SCRIPT % delay)
        (home / "flows" / "all.yaml").write_text(FLOWS % (script, script))
        (home / "daemon.yaml").write_text(CONFIG)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "HOOK_SECRET": CANARY,
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "fleettui", *words, "--state", str(self.state)]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), cwd=self.home, env=self.environment, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def serving(self) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Serve until the context ends; gives the program and where webhooks go."""
        words = self.command("serve", "--config", "daemon.yaml")
        program = subprocess.Popen(
            words, cwd=self.home, env=self.environment, stderr=subprocess.PIPE, text=True
        )
        try:
            assert program.stderr is not None
            told: list[str] = []
            for line in program.stderr:
                told.append(line)
                if "ready: " in line:
                    break
            else:
                pytest.fail("".join(told))
            yield program, told[-1].rsplit(" ", 1)[1].strip()
        finally:
            if program.poll() is None:
                program.kill()
            program.wait(20)
            program.stderr.close()

    def post(self, at: str, path: str, body: bytes, secret: str = CANARY) -> int:
        code = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={code}"}
        asked = request.Request(f"http://{at}{path}", data=body, headers=headers, method="POST")
        try:
            with request.urlopen(asked, timeout=20) as answer:
                return int(answer.status)
        except error.HTTPError as refused:
            with refused:
                return refused.code


def until(deployment: Deployment, status: str, name: str) -> dict[str, Any]:
    """Ask the program until a request is where it should be."""
    deadline = time.monotonic() + 30
    while (row := deployment.json("requests", "show", name))["status"] != status:
        assert time.monotonic() < deadline, row
    return row


def test_flows_are_served_by_hand_and_over_http_and_a_signal_ends_it_well(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    with deployment.serving() as (program, at):
        done = deployment.run("flow", "run", "ask", "how many", "--wait")
        assert (done.returncode, done.stdout) == (0, "the answer\n")
        row = deployment.json("flow", "send", "--channel", "#ops", "--user", "U1", "hi", "--wait")
        assert (row["flow"], row["output"], row["status"]) == ("ask", "the answer", "finished")
        lost = deployment.run("flow", "send", "--channel", "other", "hi")
        assert lost.returncode == 1
        assert "nobody takes it" in lost.stderr
        assert deployment.post(at, "/deploy", b"{}") == 200
        assert deployment.post(at, "/deploy", b"{}") == 200
        assert deployment.post(at, "/nowhere", b"{}") == 202
        assert deployment.post(at, "/deploy", b"{}", "wrong") == 401
        assert until(deployment, "finished", "r3")["platform"] == "webhook"
        assert len(deployment.json("requests", "ls")) == 3
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 0
    stored = b"".join(path.read_bytes() for path in deployment.state.rglob("*") if path.is_file())
    assert CANARY.encode() not in stored


def test_a_host_that_is_killed_goes_on_and_runs_nothing_twice(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path, delay=6)
    with deployment.serving() as (program, at):
        assert deployment.post(at, "/deploy", b"once") == 200
        deployment.run("flow", "run", "ask", "twice?")
        until(deployment, "running", "r1")
        program.kill()
        program.wait(20)
    with deployment.serving() as (_, at):
        # The sender did not hear of it, and sends again.
        assert deployment.post(at, "/deploy", b"once") == 200
        for name in ("r1", "r2"):
            row = until(deployment, "finished", name)
            assert (row["output"], row["tries"]) == ("the answer", 1)
        assert len(deployment.json("requests", "ls")) == 2
        assert len(deployment.json("runs")) == 2


def test_what_can_not_be_served_is_refused_with_its_place(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    (tmp_path / "bad.yaml").write_text(CONFIG.replace("port: 0", "port: many"))
    done = deployment.run("serve", "--config", "bad.yaml")
    assert done.returncode == 3
    assert "bad.yaml:5:23: error: spec.server.port" in done.stderr
    assert "Traceback" not in done.stderr
    with deployment.serving() as (_, at):
        second = deployment.run("serve", "--config", "daemon.yaml")
        assert (second.returncode, "is the host of" in second.stderr) == (1, True)
        port = at.rpartition(":")[2]
        (tmp_path / "taken.yaml").write_text(CONFIG.replace("port: 0", f"port: {port}"))
        other = Deployment.__new__(Deployment)
        other.__dict__ |= {**deployment.__dict__, "state": tmp_path / "other"}
        third = other.run("serve", "--config", "taken.yaml")
        assert third.returncode == 1
        assert "webhooks can't be listened for" in third.stderr
        assert "Traceback" not in third.stderr


async def test_a_broken_file_is_told_and_its_last_good_version_served(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    file = tmp_path / "flows" / "all.yaml"
    with deployment.serving() as (program, _):
        file.write_text(file.read_text().replace("kind: AgentFlow", "kind: AgentFlo"))
        assert program.stderr is not None
        async with asyncio.timeout(30):
            lines = iter(program.stderr.readline, "")
            told = await asyncio.to_thread(
                lambda: next(line for line in lines if "last good version" in line)
            )
        assert "all.yaml" in told
        done = await asyncio.to_thread(deployment.run, "flow", "run", "ask", "still", "--wait")
        assert done.stdout == "the answer\n"
