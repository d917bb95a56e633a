"""The worker as a process: what ends it, what it holds open, what can't break its frames."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from adapters.servers import Said, ScriptedServer
from fleettui.adapters.models.frames import Ask
from fleettui.adapters.models.names import route_of
from fleettui.adapters.models.remote import RemoteWorker
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ChatMessage


def ask_of(server: ScriptedServer, key: str = "sk-one", **changes: Any) -> Ask:
    environment = {**server.environment(key), **changes.pop("environment", {})}
    given: dict[str, Any] = {
        "id": 0,
        "route": route_of("openai:m", environment),
        "messages": (ChatMessage("user", "hi"),),
        "tools": (),
        "temperature": None,
        "max_tokens": None,
        "timeout": 20.0,
        "stream": True,
        "deltas": True,
    }
    return Ask(**{**given, **changes})


async def wait_until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.02)


async def test_nothing_is_started_before_the_first_call() -> None:
    worker = RemoteWorker()
    assert worker.pid is None
    await worker.close()


async def test_a_worker_is_slim_until_litellm_is_needed_and_runs_nicely() -> None:
    worker = RemoteWorker()
    with ScriptedServer("hi") as server:
        await worker.ask(ask_of(server), None)
    process = psutil.Process(worker.pid)
    libraries = {Path(part.path).name for part in process.memory_maps()}
    assert not any("tokenizers" in name or "litellm" in name for name in libraries)
    assert process.nice() == 10
    await worker.close()
    assert not process.is_running()


async def test_closing_fails_open_calls_and_ends_the_process() -> None:
    worker = RemoteWorker()
    with ScriptedServer(Said("one two", hold=2)) as server:
        call = asyncio.create_task(worker.ask(ask_of(server), None))
        await asyncio.to_thread(server.holding.wait, 20)
        process = psutil.Process(worker.pid)
        await worker.close()
        with pytest.raises(ModelFailed, match="ended"):
            await call
    assert not process.is_running()
    with pytest.raises(ModelFailed, match="closed"):
        await worker.ask(ask_of(server), None)


async def test_a_worker_ends_when_its_host_is_killed(tmp_path: Path) -> None:
    with ScriptedServer(Said("one two", hold=2)) as server:
        script = tmp_path / "host.py"
        script.write_text(
            "import asyncio\n"
            "from fleettui.adapters.models.router import ModelRouter\n"
            "from fleettui.core.model import ChatMessage, ModelRequest\n"
            f"environment = {server.environment()!r}\n"
            "async def main():\n"
            "    talk = (ChatMessage('user', 'hi'),)\n"
            "    ask = ModelRequest('t.1.0', 'openai:m', talk, environment=environment,"
            " stream=True)\n"
            "    await ModelRouter(load_yaml=str).complete(ask)\n"
            "asyncio.run(main())\n",
        )
        host = await asyncio.create_subprocess_exec(
            sys.executable,
            str(script),
            env={"PATH": os.environ["PATH"]},
        )
        assert await asyncio.to_thread(server.holding.wait, 20)
        workers = psutil.Process(host.pid).children()
        host.send_signal(signal.SIGKILL)
        await host.wait()
        assert len(workers) == 1
        await wait_until(lambda: not workers[0].is_running() or workers[0].status() == "zombie")
        assert await asyncio.to_thread(server.hung_up.wait, 10)


async def test_a_stuck_worker_is_killed_and_replaced() -> None:
    worker = RemoteWorker(grace=0.3)
    with ScriptedServer([Said("one"), Said("two")]) as server:
        await worker.ask(ask_of(server), None)
        stuck = worker.pid
        assert stuck is not None
        os.kill(stuck, signal.SIGSTOP)
        with pytest.raises(ModelFailed, match="did not answer within") as caught:
            await worker.ask(ask_of(server, timeout=0.2), None)
        assert caught.value.retryable
        assert (await worker.ask(ask_of(server), None)).content == "two"
        assert worker.pid != stuck
    await worker.close()


async def test_a_conversation_over_the_cap_is_refused_before_it_is_sent() -> None:
    worker = RemoteWorker()
    with ScriptedServer("hi") as server:
        huge = (ChatMessage("user", "x" * (33 << 20)),)
        with pytest.raises(ModelFailed, match="over the limit") as caught:
            await worker.ask(ask_of(server, messages=huge), None)
        assert not caught.value.retryable
        assert (await worker.ask(ask_of(server), None)).content == "hi"
    await worker.close()


async def test_a_listener_that_fails_fails_its_own_call_only() -> None:
    worker = RemoteWorker()

    def broken(_: str) -> None:
        raise ZeroDivisionError

    with ScriptedServer("hi") as server:
        with pytest.raises(ZeroDivisionError):
            await worker.ask(ask_of(server), broken)
        assert (await worker.ask(ask_of(server), None)).content == "hi"
    await worker.close()


async def test_what_libraries_print_goes_to_the_log_and_breaks_no_frame(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys; print('noise on stdout'); print('noise on stderr', file=sys.stderr)",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    log = tmp_path / "logs" / "worker.log"
    worker = RemoteWorker(log)
    with ScriptedServer("hi") as server:
        assert (await worker.ask(ask_of(server), None)).content == "hi"
    await worker.close()
    assert "noise on stdout" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


async def test_clients_of_many_keys_are_closed_when_nothing_is_asked() -> None:
    worker = RemoteWorker(arguments=("0.2",))
    with ScriptedServer("hi") as server:
        forced = {"FLEETTUI_MODEL_ADAPTER": "litellm"}
        await worker.ask(ask_of(server, environment=forced), None)
        process = psutil.Process(worker.pid)
        for number in range(15):
            await worker.ask(ask_of(server, f"sk-key-{number}", environment=forced), None)
        await wait_until(lambda: not process.net_connections(kind="tcp"))
        await wait_until(lambda: process.num_fds() < 25)
        assert (await worker.ask(ask_of(server, environment=forced), None)).content == "hi"
    await worker.close()
