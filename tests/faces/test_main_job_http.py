"""The main job without a screen: over HTTP through either adapter, and what can go wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ptys import clean_environment

from adapters.servers import KEY, Broken, Said, ScriptedServer, Seen
from fleettui.host.lock import owner

FLEET = Path(__file__).parents[2] / "fleets" / "code-review.yaml"


class Shop:
    """A repository with a change, and the program with its own home and state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "repository"
        self.repository.mkdir()
        self.state = folder / "state"
        self.env = clean_environment(str(folder), FLEETTUI_STATE=str(self.state))
        self.git("init", "--quiet")
        self.git("config", "user.name", "Tester")
        self.git("config", "user.email", "tester@example.invalid")
        (self.repository / "a.py").write_text("x = 1\n")
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "first")
        (self.repository / "a.py").write_text("x = 1\ny = 2\n")

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.repository,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    def fleettui(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fleettui", *words],
            cwd=self.repository,
            env=self.env | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def run(self, *words: str, **more: str) -> tuple[int, dict[str, Any], str]:
        done = self.fleettui("run", str(FLEET), "--json", *words, **more)
        assert done.stdout.isascii()
        return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr

    def inbox(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.fleettui("inbox", "--json").stdout)
        return found

    def end(self) -> None:
        pid = owner(str(self.state))
        if pid and Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.end()


def review(seen: Seen) -> Said:
    """Read the diff first, then submit a result."""
    answers = [one for one in seen.body["messages"] if one["role"] in {"tool", "assistant"}]
    if not answers:
        return Said("Reading.", [{"id": "c1", "name": "git_diff", "arguments": {}}])
    result = {
        "verdict": "approve",
        "confidence": 0.9,
        "reason": "it is small",
        "findings": [{"file": "a.py", "line": 2, "severity": "low", "message": "name it"}],
    }
    return Said("", [{"id": "c2", "name": "submit_result", "arguments": result}])


@pytest.mark.parametrize("adapter", ["slim", "litellm"])
def test_a_model_over_http_reviews_votes_and_its_report_waits_to_be_attached(
    shop: Shop, adapter: str
) -> None:
    with ScriptedServer(review) as server:
        settings = {
            **server.environment(),
            "FLEETTUI_MODEL": "openai/some-model",
            "FLEETTUI_MODEL_ADAPTER": adapter,
        }
        code, report, _ = shop.run("--base", "HEAD", **settings)
    assert (code, report["state"], report["verdict"]["verdict"]) == (0, "finished", "approve")
    assert list(report)[:11] == [
        "run", "fleet", "mode", "state", "verdict", "votes", "turns", "output", "report",
        "pending", "usage",
    ]  # fmt: skip
    assert {vote["state"] for vote in report["votes"]} == {"cast"}
    assert report["usage"]["input_tokens"] > 0
    assert report["usage"]["cost"] is None, "an unknown price is not free"
    diff = [one for one in server.seen[-1].body["messages"] if one["role"] == "tool"]
    assert "y = 2" in str(diff)
    (waiting,) = shop.inbox()
    assert waiting["action"]["argv"][:2] == ["git", "notes"]
    assert [one["id"] for one in report["pending"]] == [waiting["id"]]
    assert shop.fleettui("approve", waiting["id"]).returncode == 0
    assert shop.inbox() == []
    for file in shop.state.rglob("*"):
        if file.is_file():
            assert KEY.encode() not in file.read_bytes(), f"the key is in {file}"
            assert file.stat().st_mode & 0o077 == 0, file


def test_a_missing_key_names_the_variable_in_every_agents_row(shop: Shop) -> None:
    code, report, _ = shop.run(FLEETTUI_MODEL="openai/some-model")
    assert (code, report["state"]) == (1, "failed")
    assert all("OPENAI_API_KEY" in turn["reason"] for turn in report["turns"])


def test_a_server_that_stumbles_is_asked_again(shop: Shop) -> None:
    stumbled: list[int] = []

    def first_time_down(seen: Seen) -> Said | Broken:
        if len(stumbled) < 2:
            stumbled.append(1)
            return Broken(status=503)
        return review(seen)

    with ScriptedServer(first_time_down) as server:
        settings = {**server.environment(), "FLEETTUI_MODEL": "openai/some-model"}
        code, report, _ = shop.run(**settings)
    assert (code, report["verdict"]["verdict"]) == (0, "approve")


def test_a_recording_runs_again_without_a_provider(shop: Shop, tmp_path: Path) -> None:
    tape = str(tmp_path / "tape.jsonl")
    with ScriptedServer(review) as server:
        settings = {**server.environment(), "FLEETTUI_MODEL": "openai/some-model"}
        _, first, _ = shop.run("--record", tape, "--on-approval", "deny", **settings)
    other = {**settings, "FLEETTUI_STATE": str(tmp_path / "other")}
    code, again, _ = shop.run("--replay", tape, "--on-approval", "deny", **other)
    assert code == 0
    assert again["verdict"] == first["verdict"]
    assert again["findings"] == first["findings"]


def test_denied_on_the_spot_nothing_is_left_waiting(shop: Shop) -> None:
    code, report, _ = shop.run("--on-approval", "deny")
    assert (code, report["pending"]) == (0, [])
    assert shop.git("notes", "--ref=fleettui", "list") == ""


def test_an_invalid_file_is_refused_with_its_places(shop: Shop, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(FLEET.read_text().replace("mode: peer", "mode: per"))
    done = shop.fleettui("run", str(bad))
    assert done.returncode == 3
    assert f"{bad}:" in done.stderr
    assert "peer" in done.stderr


def test_outside_a_repository_the_reviewers_say_so(shop: Shop, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    code, report, _ = shop.run("--workspace", str(empty))
    assert code == 4
    assert {vote["state"] for vote in report["votes"]} == {"abstained"}
    assert "repository" in str([vote["reason"] for vote in report["votes"]])


def test_a_killed_host_gives_the_fleet_back(shop: Shop) -> None:
    shop.run()
    before = shop.inbox()
    pid = owner(str(shop.state))
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert shop.inbox() == before
    assert shop.fleettui("approve", before[0]["id"]).returncode == 0
