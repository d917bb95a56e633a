"""`plan --resume` from the command line, where `run` has stopped the fleet that failed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptys import clean_environment

from fleettui.host.lock import owner

FLEET = """
apiVersion: aof.dev/v1
kind: AgentFleet
metadata: {name: line}
spec:
  agents:
    - {name: one, spec: {model: "scripted:script.yaml"}}
    - {name: two, spec: {model: "scripted:script.yaml"}}
  coordination: {mode: pipeline}
"""
BROKEN = "agents: {one: [{content: first}], two: [{error: {message: out of order}}]}"
WHOLE = "agents: {one: [{error: {message: not again}}], two: [{content: second}]}"


class Line:
    """A folder with the fleet and its script, and the program with its own state."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder, folder / "state"
        self.env = clean_environment(str(folder), FLEETTUI_STATE=str(self.state), PWD=str(folder))
        (folder / "line.yaml").write_text(FLEET)

    def script(self, text: str) -> None:
        (self.folder / "script.yaml").write_text(text)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "fleettui", *words],
            cwd=self.folder, env=self.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def fleettui(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path)
    yield line
    pid = owner(str(line.state))
    if pid and Path(f"/proc/{pid}").exists():
        os.kill(pid, signal.SIGKILL)


def test_a_failed_stage_is_resumed_though_run_stopped_the_fleet(line: Line) -> None:
    line.script(BROKEN)
    code, out, _ = line.fleettui("run", "line.yaml", "--task", "go", "--json")
    report = json.loads(out)
    assert (code, report["state"]) == (1, "failed")
    assert report["reason"] == "stage two failed: out of order"
    line.script(WHOLE)
    follower = line.start("events", "line", "--follow")
    code, _, err = line.fleettui("plan", report["run"], "--resume")
    assert (code, err) == (0, "resume: done\n")
    assert follower.stdout is not None
    ends = (
        one for one in map(json.loads, follower.stdout) if one["event"]["type"] == "RunFinished"
    )
    assert [next(ends)["event"]["status"] for _ in range(2)] == ["failed", "finished"]
    follower.kill()
    follower.communicate()
    _, out, _ = line.fleettui("runs", "--json")
    assert [turn["agent"] for turn in json.loads(out)[0]["turns"]] == ["one", "two", "two"]
