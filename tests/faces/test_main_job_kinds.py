"""The seeds' worker pool and the monitor that recovers an agent, by the command line alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ptys import Pty, clean_environment

from fleettui.adapters.processes.descent import descendants
from fleettui.host.lock import owner

PATIENCE = 40.0


def fleet(agents: list[dict[str, Any]], **spec: Any) -> str:
    return json.dumps(
        {
            "apiVersion": "aof.dev/v1",
            "kind": "AgentFleet",
            "metadata": {"name": "pool"},
            "spec": {"agents": agents, **spec},
        }
    )


class Desk:
    """A folder with a fleet file, a home and a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder, str(folder / "state")
        self.env = clean_environment(str(folder))

    def fleettui(self, *words: str) -> Any:
        argv = [sys.executable, "-m", "fleettui", "--state", self.state, *words, "--json"]
        done = subprocess.run(
            argv, env=self.env, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "fleettui", "--state", self.state, *words]
        null = subprocess.DEVNULL
        return subprocess.Popen(
            argv, env=self.env, cwd=self.folder, stdin=null, stdout=null, stderr=null
        )

    def end(self) -> None:
        pid = owner(self.state)
        if pid and Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.end()


def wait_for(condition: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < until
        time.sleep(0.1)
    return found


def test_a_pool_of_workers_takes_a_batch(desk: Desk) -> None:
    """The worker of seed 002: a queue of files, processed in parallel, batch by batch."""
    files = [f"file{number}.txt" for number in range(6)]
    for name in files:
        (desk.folder / name).write_text(f"{name}\n")
    worker = {
        "type": "worker",
        "run": ["wc", "-c", "{items}"],
        "capabilities": ["file-processing", "data-transformation", "batch-operations"],
        "maxConcurrentTasks": 10,
        "batch_size": 2,
        "resourceLimits": {"memory": "2GB", "cpu": "4", "timeout": 600000},
        "environment": {"BATCH_SIZE": "100", "OUTPUT_FORMAT": "json"},
    }
    text = fleet(
        [{"name": "worker-batch", "spec": worker}],
        coordination={"mode": "swarm", "split": "lines"},
    )
    (desk.folder / "pool.yaml").write_text(text)
    report = desk.fleettui("run", "pool.yaml", "--task", "\n".join(files))
    assert report["state"] == "finished"
    assert report["output"].count("total") == 3
    rows = desk.fleettui("ps")
    assert (rows[0]["type"], rows[0]["model_calls"], rows[0]["cost"]) == ("worker", 0, 0.0)


def test_a_monitor_recovers_an_agent_and_says_so(desk: Desk) -> None:
    """The monitor of seed 002: a failed agent is restarted by rule, and the alert is over."""
    coder = {"type": "worker", "run": ["cat", "missing", "{path}"]}
    rule = {"name": "revive", "agent": "coder", "do": "restart", "dwell": 0.1, "cooldown": 1}
    pid = {"name": "service", "process": {"pid_file": "service.pid"}, "severity": "critical"}
    eyes = {"type": "monitor", "interval": 0.2, "watch": [rule, pid]}
    text = fleet(
        [{"name": "coder", "spec": coder}, {"name": "eyes", "spec": eyes}],
        coordination={"mode": "swarm", "split": "lines"},
    )
    (desk.folder / "watch.yaml").write_text(text)
    argv = [sys.executable, "-m", "fleettui", "open", "watch.yaml", "--state", desk.state]
    with Pty(argv, env=desk.env, cwd=str(desk.folder)) as terminal:
        terminal.wait_text("ALERT", "service.pid")
        terminal.press("t")
        terminal.wait_text("task for the fleet")
        terminal.press("a")
        terminal.press("enter")
        terminal.wait_text("FAIL")
    row = wait_for(lambda: [one for one in desk.fleettui("alerts") if one["rule"] == "service"])[0]
    assert (row["severity"], row["agent"], row["subject"]) == ("critical", "eyes", "service.pid")
    log = wait_for(
        lambda: [one for one in desk.fleettui("log", "eyes") if "restart coder" in one["text"]]
    )
    assert log
    assert {one["id"]: one["status"] for one in desk.fleettui("ps")}["coder"] == "idle"


def test_a_killed_host_ends_its_programs_and_asks_about_what_it_did(desk: Desk) -> None:
    (desk.folder / "daemon.sh").write_text(
        "setsid sleep 1000 &\necho $! > daemon\nexec sleep 1001\n"
    )
    worker = {"type": "worker", "run": ["sh", "daemon.sh"]}
    text = fleet([{"name": "w", "spec": worker}], coordination={"mode": "swarm", "split": "lines"})
    (desk.folder / "fleet.yaml").write_text(text)
    running = desk.start("run", "fleet.yaml", "--task", "a")
    try:
        row = wait_for(lambda: owner(desk.state) and desk.fleettui("inbox"))[0]
        desk.fleettui("approve", row["id"])
        daemon = desk.folder / "daemon"
        wait_for(lambda: daemon.exists() and daemon.read_text())
        host = owner(desk.state)
        assert host
        below = descendants(host)
        assert int(daemon.read_text()) in below
        os.kill(host, signal.SIGKILL)
        wait_for(lambda: not any(_lives(one) for one in below))
    finally:
        running.kill()
        running.wait()
    row = wait_for(lambda: desk.fleettui("inbox"))[0]
    assert row["kind"] == "unknown"
    assert (desk.folder / "daemon").read_text() == f"{int(daemon.read_text())}\n"


def _lives(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}
