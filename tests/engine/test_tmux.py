"""Interactive programs in real tmux sessions: typed to, ended by their own word, found again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.memory.store import MemoryStore
from fleettui.core.commands import MoveAgent, SendMessage, StartRun, StopFleet
from fleettui.core.model import Payload
from fleettui.core.sessions import session_socket
from fleettui.engine.session import Session
from fleettui.wiring import House
from tests.engine.kit import FunctionModel, make_world, opened, run_output, says, wait_for

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
NOBODY = FunctionModel(lambda *_: says("a model was asked"))
# A chat program: reads lines, answers with them, and says that it is done.
CHAT = """
import os, subprocess, sys
done = os.environ["FLEETTUI_DONE"]
subprocess.run([done, "--ready"])
for line in sys.stdin:
    line = line.strip()
    if line == "quit":
        sys.exit(0)
    if line == "die":
        sys.exit(3)
    if line == "hang":
        open("hanging", "w").close()
        continue
    if line == "where":
        line = os.environ.get("COLOUR", "none") + " " + " ".join(sorted(os.environ))
    open(os.environ["FLEETTUI_OUTPUT"], "w").write("got: " + line)
    words = ["--failed"] if line == "bad" else []
    if subprocess.run([done, *words]).returncode:
        open("refused", "w").close()
"""


def chat(**spec: Any) -> str:
    """Give a fleet file (JSON is YAML) of one interactive program."""
    one = {"type": "tmux", "command": [sys.executable, "-u", "chat.py"], **spec}
    one["environment"] = {"COLOUR": "blue"}
    return json.dumps(
        {
            "apiVersion": "aof.dev/v1", "kind": "AgentFleet", "metadata": {"name": "f"},
            "spec": {
                "agents": [{"name": "chat", "spec": one}], "coordination": {"mode": "peer"},
            },
        }
    )  # fmt: skip


def tmux(tmp_path: Path, *words: str) -> str:
    argv = ["tmux", "-S", session_socket(str(tmp_path), os.geteuid()), *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


@asynccontextmanager
async def talking(
    tmp_path: Path, store: MemoryStore | None = None, **spec: Any
) -> AsyncIterator[tuple[House, Session]]:
    (tmp_path / "ws").mkdir(exist_ok=True)
    (tmp_path / "ws" / "chat.py").write_text(CHAT)
    world = make_world(tmp_path, NOBODY, store=store or MemoryStore())
    async with opened(world, tmp_path, chat(**spec)) as both:
        yield both


@pytest.fixture(autouse=True)
def no_server_left(tmp_path: Path) -> Any:
    yield
    tmux(tmp_path, "kill-server")


async def ask(house: House, session: Session, text: str) -> Any:
    name = await session.send(StartRun("f", Payload(text)))
    state = house.engine.state("f")
    await wait_for(session, lambda: state.runs[name].status != "running")
    return state.runs[name]


async def test_prompts_are_typed_and_the_program_says_when_it_is_done(tmp_path: Path) -> None:
    async with talking(tmp_path) as (house, session):
        assert (await ask(house, session, "hello; $HOME")).status == "finished"
        assert "got: hello; $HOME" in await run_output(session)
        first = tmux(tmp_path, "display-message", "-p", "-t", "=f/chat:main", "#{pane_pid}")
        assert (await ask(house, session, "again")).status == "finished"
        assert "got: again" in await run_output(session)
        again = tmux(tmp_path, "display-message", "-p", "-t", "=f/chat:main", "#{pane_pid}")
        assert first == again
        windows = tmux(tmp_path, "list-windows", "-t", "=f/chat", "-F", "#{window_name}")
        assert windows.split() == ["main", "monitor"]


async def test_a_program_has_its_own_variables_and_none_of_ours(tmp_path: Path) -> None:
    os.environ["HOST_SECRET_OF_TEST"] = "sesame"
    try:
        async with talking(tmp_path) as (house, session):
            await ask(house, session, "where")
            output = await run_output(session)
    finally:
        del os.environ["HOST_SECRET_OF_TEST"]
    assert "blue" in output
    assert "HOST_SECRET_OF_TEST" not in output


async def test_exit_codes_and_failures_end_a_turn(tmp_path: Path) -> None:
    async with talking(tmp_path) as (house, session):
        run = await ask(house, session, "die")
        assert (run.status, "exited with 3" in run.reason) == ("failed", True)
        run = await ask(house, session, "bad")
        assert (run.status, "said it failed" in run.reason) == ("failed", True)
        assert (await ask(house, session, "quit")).status == "finished"
        assert (await ask(house, session, "back")).status == "finished"


async def test_control_characters_of_a_prompt_are_never_keys(tmp_path: Path) -> None:
    async with talking(tmp_path) as (house, session):
        assert (await ask(house, session, "a\x1b[201~\x03\x04b")).status == "finished"
        assert "\x03" not in await run_output(session)


async def test_a_silent_program_is_ended_after_its_time(tmp_path: Path) -> None:
    async with talking(tmp_path, timeout=3) as (house, session):
        run = await ask(house, session, "hang")
        assert "did not say it is done in 3 s" in run.reason
        assert tmux(tmp_path, "list-sessions") == ""


async def test_a_session_is_found_again_after_a_restart_and_its_turn_goes_on(
    tmp_path: Path,
) -> None:
    store = MemoryStore()
    async with talking(tmp_path, store) as (house, session):
        await session.send(StartRun("f", Payload("hang")))
        state = house.engine.state("f")
        typed = tmp_path / "runtimes" / "sessions" / "f" / "chat" / "typed"
        await wait_for(session, lambda: bool(state.agent("chat").turn))
        await until(lambda: typed.exists() and (tmp_path / "ws" / "hanging").exists())
        pane = tmux(tmp_path, "display-message", "-p", "-t", "=f/chat:main", "#{pane_pid}")
    assert tmux(tmp_path, "list-sessions") != ""
    async with talking(tmp_path, store) as (house, session):
        tmux(tmp_path, "send-keys", "-t", "=f/chat:main", "it goes on", "Enter")
        state = house.engine.state("f")
        await wait_for(session, lambda: state.running() is None)
        assert "got: it goes on" in await run_output(session)
        same = tmux(tmp_path, "display-message", "-p", "-t", "=f/chat:main", "#{pane_pid}")
        assert pane == same


async def test_a_session_ends_with_its_agent_and_its_fleet(tmp_path: Path) -> None:
    async with talking(tmp_path) as (house, session):
        await ask(house, session, "hello")
        await session.send(MoveAgent("f", "chat", "stop"))
        await until(lambda: tmux(tmp_path, "list-sessions") == "")
        await session.send(MoveAgent("f", "chat", "start"))
        await session.send(SendMessage("f", "chat", Payload("mail")))
        state = house.engine.state("f")
        await wait_for(
            session, lambda: any("mail" in one.output.head for one in state.turns.values())
        )
        keeper = int(tmux(tmp_path, "display-message", "-p", "-t", "=f/chat:main", "#{pane_pid}"))
        await session.send(StopFleet("f"))
        await until(lambda: not Path(f"/proc/{keeper}").exists())
        assert tmux(tmp_path, "list-sessions") == ""


async def test_a_program_that_was_killed_is_started_again_for_its_turn(tmp_path: Path) -> None:
    async with talking(tmp_path) as (house, session):
        await session.send(StartRun("f", Payload("hang")))
        await until((tmp_path / "ws" / "hanging").exists)
        pane = tmux(tmp_path, "display-message", "-p", "-t", "=f/chat:main", "#{pane_pid}")
        os.kill(int(pane), signal.SIGKILL)
        state = house.engine.state("f")
        turn = next(iter(state.turns.values()))
        (tmp_path / "ws" / "hanging").unlink()
        await wait_for(session, lambda: turn.status == "retrying")
        assert "signal" in turn.reason
        await until((tmp_path / "ws" / "hanging").exists)


async def until(condition: Any) -> None:
    """Wait for something outside the engine."""
    import asyncio

    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.05)
