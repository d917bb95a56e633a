"""A replay of a recording gives the same events, byte for byte apart from time and file names."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleettui.adapters.models.record import Recorder
from fleettui.adapters.models.replay import Replay
from fleettui.core.commands import StartRun
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelReply, ModelRequest, Payload
from fleettui.core.views.queries import ReadEvents
from tests.engine.kit import fleet_of, make_world, opened, says, submits, wait_for
from tests.engine.repositories import git, repository
from tests.engine.test_modes_crash import MODES
from tests.engine.test_workflow import echo, flow

# What may differ: when it was, and where the recording is.
TIMES = {"ends_at", "due", "retry_at", "expires_at"}
FILES = {"record", "replay"}
# A report says from when to when its run went.
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass
class Answers:
    """A model whose answers come in an order drawn from a seed."""

    reply: Callable[[ModelRequest], Any]
    draw: random.Random

    async def complete(self, request: ModelRequest, on_text: Any = None) -> ModelReply:
        await wait(self.draw)
        answer = self.reply(request)
        if isinstance(answer, ModelFailed):
            raise answer
        return answer


class Shuffled:
    """Records or replays as asked, over answers that come in any order."""

    def __init__(self, reply: Callable[[ModelRequest], Any], seed: int) -> None:
        self._draw = random.Random(seed)
        self._inner = Answers(reply, self._draw)
        self._replays: dict[str, Replay] = {}

    async def complete(self, request: ModelRequest, on_text: Any = None) -> ModelReply:
        if not request.replay:
            return await Recorder(self._inner, Path(request.record)).complete(request, on_text)
        await wait(self._draw)
        model = self._replays.setdefault(request.replay, Replay(Path(request.replay)))
        return await model.complete(request, on_text)


async def wait(draw: random.Random) -> None:
    """Let others go first a number of times."""
    for _ in range(draw.randrange(40)):
        await asyncio.sleep(0)


def plain(events: Any) -> list[Any]:
    """Give events without what may differ."""
    return [
        (one.seq, one.stream, one.actor, _timeless(msgspec.to_builtins(one.event)))
        for one in events
    ]


def _timeless(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _timeless(inner) for name, inner in part.items() if name not in TIMES | FILES}
    if isinstance(part, str):
        return MOMENT.sub("(then)", part)
    return [_timeless(one) for one in part] if isinstance(part, list) else part


def assert_same_events(recorded: Any, replayed: Any) -> None:
    """Compare two streams of events, the first difference first."""
    for one, other in zip(plain(recorded), plain(replayed), strict=False):
        assert other == one
    assert len(recorded) == len(replayed)


async def events_of(folder: Path, text: str, task: str, model: Shuffled, **more: str) -> Any:
    """Run a task in a fleet of its own; give all events up to the end of the run."""
    # The same paths, so that nothing but time and the recording's name may differ.
    for file in folder.glob("ws/*"):
        if file.is_file():
            file.unlink()
    for name in ("mark",):
        (folder / "ws").mkdir(exist_ok=True)
        program = folder / "ws" / name
        program.write_text("#!/bin/sh\necho out of $1\n")
        program.chmod(0o700)
    async with opened(make_world(folder, model), folder, text) as (house, session):
        state = house.engine.state("f")
        run = await session.send(StartRun("f", Payload(task), **more))
        await wait_for(session, lambda: bool(state.runs[run].report))
        assert state.runs[run].status in {"finished", "failed"}, state.runs[run].reason
        return await session.read(ReadEvents("f", 0, 100_000))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", list(MODES))
async def test_a_replay_of_every_mode_gives_the_same_events(
    tmp_path: Path, name: str, seed: int
) -> None:
    text, task, reply = MODES[name]
    file = str(tmp_path / "run.jsonl")
    recorded = await events_of(tmp_path, text, task, Shuffled(reply, seed), record=file)
    replayed = await events_of(tmp_path, text, task, Shuffled(reply, seed + 99), replay=file)
    assert_same_events(recorded, replayed)


@pytest.mark.parametrize("seed", range(3))
async def test_a_replay_with_failures_and_tools_gives_the_same_events(
    tmp_path: Path, seed: int
) -> None:
    def reply(request: ModelRequest) -> Any:
        if request.agent == "b":
            return ModelFailed("the key is wrong")
        return submits("approve", 0.9, request.agent)

    names: dict[str, Any] = {name: {} for name in "abcde"}
    text = fleet_of(names, mode="peer", consensus={"algorithm": "majority"})
    file = str(tmp_path / "run.jsonl")
    recorded = await events_of(tmp_path, text, "go", Shuffled(reply, seed), record=file)
    replayed = await events_of(tmp_path, text, "go", Shuffled(reply, seed + 99), replay=file)
    assert_same_events(recorded, replayed)


async def test_a_replay_of_a_workflow_gives_the_same_events(tmp_path: Path) -> None:
    steps = [echo(f"s{number}") for number in range(4)]
    agents = [
        {"name": f"a{n}", "agent": "a", "task": f"say {n}", "needs": [f"s{n}"]} for n in range(4)
    ]
    text = flow(*steps, *agents)
    file = str(tmp_path / "run.jsonl")
    say = lambda request: says("fine")  # noqa: E731 a model of one line
    recorded = await events_of(tmp_path, text, "go", Shuffled(say, 1), record=file)
    replayed = await events_of(tmp_path, text, "go", Shuffled(say, 2), replay=file)
    assert_same_events(recorded, replayed)


@pytest.mark.parametrize("workspace", ["shared", "worktree"])
async def test_a_replay_in_a_repository_gives_the_same_events(
    tmp_path: Path, workspace: str
) -> None:
    def reply(request: ModelRequest) -> Any:
        return submits("approve", 0.9, request.agent)

    names: dict[str, Any] = {name: {"spec": {"workspace": workspace}} for name in "abc"}
    text = fleet_of(names, mode="peer", consensus={"algorithm": "majority"})
    repository(tmp_path / "ws", mark="a mark\n")
    file = str(tmp_path / "run.jsonl")
    recorded = await events_of(tmp_path, text, "go", Shuffled(reply, 1), record=file)
    for branch in git(tmp_path / "ws", "branch", "--list", "fleettui/*").split():
        if branch.startswith("fleettui/"):
            git(tmp_path / "ws", "update-ref", "-d", f"refs/heads/{branch}")
    shutil.rmtree(tmp_path / "state")
    replayed = await events_of(tmp_path, text, "go", Shuffled(reply, 2), replay=file)
    assert_same_events(recorded, replayed)
