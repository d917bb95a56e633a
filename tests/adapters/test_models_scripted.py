"""Models without a provider: scripts, recordings and their replay."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.servers import KEY, Broken, Reply, Said, ScriptedServer
from fleettui.adapters.models.router import ModelRouter
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ChatMessage, ModelReply, ModelRequest, ToolCall, Usage

SCRIPT = """
agents:
  reviewer:
    - content: I look.
      tool_calls: [{name: git_diff, arguments: {path: a.py}}]
      usage: {input_tokens: 5, output_tokens: 2, cost: 0.5}
    - content: "VOTE: approve (0.9) fine"
  "*":
    - error: {message: overloaded, retryable: true, times: 1}
      content: recovered
    - tool_calls: [{name: run, arguments: "{broken"}]
"""


@pytest.fixture
def router() -> ModelRouter:
    return ModelRouter(load_yaml=yaml.safe_load)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.yaml"
    path.write_text(SCRIPT)
    return path


def asked(model: str, agent: str = "reviewer", request_id: str = "t.1.0", **more: Any) -> Any:
    talk = more.pop("messages", (ChatMessage("user", "review"),))
    return ModelRequest(request_id, model, talk, agent=agent, **more)


async def test_the_step_of_the_turn_chooses_the_reply(router: ModelRouter, script: Path) -> None:
    model = f"scripted:{script}"
    first = await router.complete(asked(model, request_id="a.turn.1.0"))
    second = await router.complete(asked(model, request_id="a.turn.2.0"))
    assert first == ModelReply(
        "I look.",
        (ToolCall("scripted_1_0", "git_diff", {"path": "a.py"}),),
        Usage(5, 2, 0.5),
        "tool_calls",
    )
    assert second.content == "VOTE: approve (0.9) fine"


async def test_without_a_step_the_answers_so_far_are_counted(
    router: ModelRouter,
    script: Path,
) -> None:
    talk = (ChatMessage("user", "q"), ChatMessage("assistant", "a"), ChatMessage("user", "more"))
    reply = await router.complete(asked(f"scripted:{script}", request_id="x", messages=talk))
    assert reply.content.startswith("VOTE")


async def test_a_script_is_found_where_the_opener_stood(router: ModelRouter, script: Path) -> None:
    where = {"PWD": str(script.parent)}
    assert (await router.complete(asked("scripted:script.yaml", environment=where))).tool_calls


async def test_a_scripted_error_passes_after_its_times(router: ModelRouter, script: Path) -> None:
    model = f"scripted:{script}"
    with pytest.raises(ModelFailed, match="overloaded") as caught:
        await router.complete(asked(model, "anybody", "t.1.0"))
    assert caught.value.retryable
    assert (await router.complete(asked(model, "anybody", "t.1.1"))).content == "recovered"


async def test_broken_arguments_can_be_scripted(router: ModelRouter, script: Path) -> None:
    reply = await router.complete(asked(f"scripted:{script}", "anybody", "t.2.0"))
    assert "not valid JSON" in reply.tool_calls[0].problem


async def test_a_streamed_script_comes_in_words_and_loses_nothing(
    router: ModelRouter,
    script: Path,
) -> None:
    pieces: list[str] = []
    await router.complete(asked(f"scripted:{script}", request_id="t.2.0", stream=True),
                          pieces.append)  # fmt: skip
    assert "".join(pieces) == "VOTE: approve (0.9) fine"
    assert len(pieces) > 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agents: {other: []}", "nothing for the agent"),
        ("agents: {reviewer: []}", "holds 0 replies"),
        ("agents: {reviewer: [{contents: x}]}", "unknown field `contents`"),
        ("agents: [", "is wrong"),
        ("", "is wrong"),
    ],
)
async def test_a_script_that_can_not_answer_says_why(
    router: ModelRouter,
    tmp_path: Path,
    text: str,
    said: str,
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(ModelFailed, match=said) as caught:
        await router.complete(asked(f"scripted:{path}"))
    assert not caught.value.retryable


async def test_a_script_that_is_not_there_is_named(router: ModelRouter, tmp_path: Path) -> None:
    with pytest.raises(ModelFailed, match=r"gone\.yaml"):
        await router.complete(asked(f"scripted:{tmp_path}/gone.yaml"))


async def test_builtin_models_are_given_from_outside(script: Path) -> None:
    router = ModelRouter(yaml.safe_load, builtin={"review": ModelRouter(yaml.safe_load)})
    with pytest.raises(ModelFailed, match="built in are: builtin:review"):
        await router.complete(asked("builtin:other"))


async def test_a_recording_replays_without_its_provider(
    router: ModelRouter,
    tmp_path: Path,
) -> None:
    file = tmp_path / "run.jsonl"
    replies: list[Reply] = [
        Broken(503, "busy"),
        Said("hello", [{"name": "f", "arguments": {"a": 1}}]),
    ]
    with ScriptedServer(replies) as server:
        request = asked("openai:m", environment=server.environment(), record=str(file))
        with pytest.raises(ModelFailed):
            await router.complete(request)
        recorded = await router.complete(request)
    await router.close()
    replayed = asked("openai:m", environment=server.environment(), replay=str(file))
    with pytest.raises(ModelFailed, match="503") as caught:
        await router.complete(replayed)
    assert caught.value.retryable
    assert await router.complete(replayed) == recorded


async def test_a_recording_is_private_and_holds_no_key(
    router: ModelRouter,
    script: Path,
    tmp_path: Path,
) -> None:
    file = tmp_path / "run.jsonl"
    talk = (ChatMessage("user", f"my key is {KEY}, the word is hush-hush, https://a:b"),
            ChatMessage("user", "c@d"))  # fmt: skip
    request = asked(f"scripted:{script}", messages=talk, record=str(file),
                    environment={"MY_SECRET": "hush-hush"})  # fmt: skip
    reply = await router.complete(request)
    text = file.read_text()
    assert KEY not in text
    assert "hush-hush" not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = asked("anything", messages=talk, environment=request.environment, replay=str(file))
    assert await router.complete(again) == reply


async def test_a_difference_from_the_recording_is_named(
    router: ModelRouter,
    script: Path,
    tmp_path: Path,
) -> None:
    file = str(tmp_path / "run.jsonl")
    await router.complete(asked(f"scripted:{script}", record=file))
    other = (ChatMessage("user", "deploy"),)
    with pytest.raises(ModelFailed, match=r"message 1 \(user\) was 'review' and is 'deploy' now"):
        await router.complete(asked("m", messages=other, replay=file))
    with pytest.raises(ModelFailed, match="it holds calls of reviewer"):
        await router.complete(asked("m", "somebody", replay=file))
    later = (*other, ChatMessage("assistant", "x"), ChatMessage("user", "y"))
    with pytest.raises(ModelFailed, match="it holds only 1 of that agent"):
        await router.complete(asked("m", messages=later, replay=file))


async def test_a_file_that_is_no_recording_is_left_alone(router: ModelRouter, script: Path) -> None:
    with pytest.raises(ModelFailed, match="is not a recording"):
        await router.complete(asked(f"scripted:{script}", record=str(script)))
    with pytest.raises(ModelFailed, match="is not a recording"):
        await router.complete(asked("m", replay=str(script)))
    assert script.read_text() == SCRIPT
