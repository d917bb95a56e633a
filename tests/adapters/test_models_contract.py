"""One contract for both adapters of the model worker, against the same scripted servers."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import yaml

from adapters.servers import KEY, Broken, Dialect, Reply, Said, ScriptedServer
from fleettui.adapters.models.router import ModelRouter
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ChatMessage, ModelReply, ModelRequest, ToolCall, ToolSpec

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK = (ChatMessage("system", "be brief"), ChatMessage("user", "hi"))
READ = ToolSpec("read_file", "Reads.", {"type": "object", "properties": {"path": {}}})


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def router(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ModelRouter]:
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    router = ModelRouter(load_yaml=yaml.safe_load, log_path=log)
    yield router
    await router.close()


@pytest.fixture(params=["slim", "litellm"])
def adapter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["openai", "anthropic"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    chosen: Dialect = request.param
    return chosen


def request_to(server: ScriptedServer, adapter: str, **changes: Any) -> ModelRequest:
    given: dict[str, Any] = {
        "id": "turn.1.0",
        "model": f"{server.dialect}:some-model",
        "messages": TALK,
        "timeout": 20.0,
        "stream": True,
        "environment": {**server.environment(), "FLEETTUI_MODEL_ADAPTER": adapter},
    }
    return ModelRequest(**{**given, **changes})


async def failure_of(
    router: ModelRouter,
    adapter: str,
    reply: Reply,
    dialect: Dialect,
    **changes: Any,
) -> ModelFailed:
    with ScriptedServer(reply, dialect) as server:
        with pytest.raises(ModelFailed) as caught:
            await router.complete(request_to(server, adapter, **changes))
        assert len(server.seen) == 1, "the worker never retries"
    assert KEY not in str(caught.value)
    return caught.value


async def test_a_text_comes_whole_with_its_tokens(
    router: ModelRouter,
    adapter: str,
    dialect: Dialect,
) -> None:
    with ScriptedServer("hello world", dialect) as server:
        reply = await router.complete(request_to(server, adapter, stream=False))
    assert reply == ModelReply("hello world", usage=reply.usage)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (11, 7)
    assert reply.usage.cost is None, "the price of some-model is unknown, not nothing"


async def test_a_stream_is_handed_on_piece_by_piece_and_loses_nothing(
    router: ModelRouter,
    adapter: str,
    dialect: Dialect,
) -> None:
    text = "ein längerer Text, 長い文章 \U0001f680 " * 40
    pieces: list[str] = []
    with ScriptedServer(Said(text, pieces=50), dialect) as server:
        reply = await router.complete(request_to(server, adapter), pieces.append)
        assert server.seen[0].body["stream"] is True
    assert reply.content == text == "".join(pieces)


async def test_tool_calls_are_assembled_by_index(
    router: ModelRouter,
    adapter: str,
    dialect: Dialect,
) -> None:
    calls = [
        {"name": "read_file", "arguments": {"path": "a.py"}, "id": "one"},
        {"name": "read_file", "arguments": {"path": "b.py"}, "id": "two"},
    ]
    with ScriptedServer(Said("I look.", calls), dialect) as server:
        reply = await router.complete(request_to(server, adapter, tools=(READ,)))
    assert reply == ModelReply(
        "I look.",
        (
            ToolCall("one", "read_file", {"path": "a.py"}),
            ToolCall("two", "read_file", {"path": "b.py"}),
        ),
        reply.usage,
        "tool_calls",
    )


@pytest.mark.parametrize("broken", ['{"path": ', "[1]", "nonsense", '{"n": NaN}'])
async def test_broken_arguments_are_a_problem_of_that_call_alone(
    router: ModelRouter,
    adapter: str,
    broken: str,
) -> None:
    calls: list[dict[str, Any]] = [
        {"name": "read_file", "arguments": broken},
        {"name": "read_file", "arguments": {}},
    ]
    with ScriptedServer(Said("", calls)) as server:
        reply = await router.complete(request_to(server, adapter, tools=(READ,)))
    assert [bool(call.problem) for call in reply.tool_calls] == [True, False]
    assert reply.tool_calls[0].arguments == {}


async def test_a_conversation_with_tools_reaches_the_provider_whole(
    router: ModelRouter,
    adapter: str,
    dialect: Dialect,
) -> None:
    asked = ToolCall("c1", "read_file", {"path": "a.py"})
    talk = (
        *TALK,
        ChatMessage("assistant", "", (asked,)),
        ChatMessage("tool", "print(1)", tool_call_id="c1"),
    )
    with ScriptedServer("done", dialect) as server:
        await router.complete(request_to(server, adapter, messages=talk, tools=(READ,)))
        body = server.seen[0].body
    text = str(body["messages"])
    assert "print(1)" in text
    assert "c1" in text
    assert "a.py" in text
    assert body["tools"]


async def test_the_key_of_the_request_is_sent_and_no_other(
    router: ModelRouter,
    adapter: str,
    dialect: Dialect,
) -> None:
    with ScriptedServer("ok", dialect) as server:
        await router.complete(request_to(server, adapter))
        headers = server.seen[0].headers
    sent = headers.get("x-api-key") or headers["authorization"].removeprefix("Bearer ")
    assert sent == KEY


@pytest.mark.parametrize(
    ("reply", "status", "retryable", "retry_after"),
    [
        (Broken(500, {"error": {"message": f"boom {KEY}"}}), 500, True, None),
        (Broken(503, "busy", content_type="text/plain"), 503, True, None),
        (Broken(429, {"error": {"message": "slow"}}, {"Retry-After": "4"}), 429, True, 4.0),
        (Broken(401, {"error": {"message": f"bad key {KEY}"}}), 401, False, None),
        (Broken(403, {"error": {"message": "no"}}), 403, False, None),
        (Broken(404, {"error": {"message": "no such model"}}), 404, False, None),
        (Broken(400, {"error": {"message": "bad request"}}), 400, False, None),
        (
            Broken(429, {"error": {"message": "pay", "code": "insufficient_quota"}}),
            429, False, None,
        ),
    ],
)  # fmt: skip
async def test_an_error_is_judged_by_what_the_server_really_sent(
    router: ModelRouter,
    adapter: str,
    dialect: Dialect,
    reply: Broken,
    status: int,
    retryable: bool,
    retry_after: float | None,
) -> None:
    failure = await failure_of(router, adapter, reply, dialect)
    judged = (failure.status, failure.retryable, failure.retry_after)
    assert judged == (status, retryable, retry_after)
    if status == 401:
        assert f"{dialect.upper()}_API_KEY" in failure.mend


@pytest.mark.parametrize(
    "reply",
    [
        Said("half an answ", cut=2),
        Said("no end", finish=None),
        Broken(200, "<html>portal</html>", content_type="text/html"),
        Broken(200, ""),
        Broken(200, '{"choices": ['),
        Broken(200, {"choices": []}),
        Broken(200, {"content": [], "stop_reason": None}),
        Broken(200, b"data: {broken\n\n", content_type="text/event-stream"),
        Broken(200, b"data: [DONE]\n\n", content_type="text/event-stream"),
        Broken(drop=True),
    ],
)
async def test_what_did_not_end_with_a_finish_reason_is_no_success(
    router: ModelRouter,
    adapter: str,
    dialect: Dialect,
    reply: Reply,
) -> None:
    failure = await failure_of(router, adapter, reply, dialect)
    assert failure.retryable


async def test_a_refused_connection_may_be_tried_again(router: ModelRouter, adapter: str) -> None:
    with ScriptedServer() as server:
        gone = request_to(server, adapter)
    with pytest.raises(ModelFailed, match="refused the connection") as caught:
        await router.complete(gone)
    assert caught.value.retryable
    assert caught.value.status is None


async def test_a_name_that_nobody_has_is_not_tried_again(router: ModelRouter, adapter: str) -> None:
    environment = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_API_BASE": "http://no-such-host.invalid/v1",
        "FLEETTUI_MODEL_ADAPTER": adapter,
    }
    lost = ModelRequest("t.1.0", "openai:m", TALK, environment=environment, timeout=20)
    with pytest.raises(ModelFailed, match="can't be reached"):
        await router.complete(lost)


async def test_a_call_that_takes_too_long_ends_at_its_own_timeout(
    router: ModelRouter,
    adapter: str,
    dialect: Dialect,
) -> None:
    failure = await failure_of(router, adapter, Broken(hang=True), dialect, timeout=0.3)
    assert failure.retryable
    assert "0.3 s" in failure.message


async def test_a_stream_that_stands_still_ends_at_its_own_timeout(
    router: ModelRouter,
    adapter: str,
) -> None:
    failure = await failure_of(router, adapter, Said("a b c", hold=2), "openai", timeout=0.3)
    assert "did not finish" in failure.message


async def test_cancelling_hangs_up_on_the_provider(
    router: ModelRouter,
    adapter: str,
    dialect: Dialect,
) -> None:
    with ScriptedServer(Said("one two three", hold=4), dialect) as server:
        first = asyncio.Event()
        call = asyncio.create_task(
            router.complete(request_to(server, adapter), lambda _: first.set()),
        )
        await asyncio.wait_for(first.wait(), 20)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(server.hung_up.wait, 10)


async def test_many_calls_at_once_get_their_own_answers(router: ModelRouter, adapter: str) -> None:
    def echo(seen: Any) -> Said:
        return Said(seen.body["messages"][-1]["content"])

    async with asyncio.TaskGroup() as group:
        with ScriptedServer(echo) as server:
            calls = [
                group.create_task(
                    router.complete(
                        request_to(server, adapter, messages=(ChatMessage("user", f"say {n}"),)),
                    ),
                )
                for n in range(60)
            ]
            texts = [(await call).content for call in calls]
    assert texts == [f"say {n}" for n in range(60)]


async def test_a_server_that_ignores_the_wish_for_a_stream_is_understood(
    router: ModelRouter,
    dialect: Dialect,
) -> None:
    pieces: list[str] = []
    with ScriptedServer(Said("whole", whole=True), dialect) as server:
        reply = await router.complete(request_to(server, "slim"), pieces.append)
    assert reply.content == "whole" == "".join(pieces)


async def test_an_error_inside_a_stream_is_an_error(router: ModelRouter) -> None:
    for dialect, body in (
        ("openai", b'data: {"error": {"message": "m", "code": "rate_limit_exceeded"}}\n\n'),
        ("anthropic", b'data: {"type":"error","error":{"type":"overloaded_error"}}\n\n'),
    ):
        broken = Broken(200, body, content_type="text/event-stream")
        failure = await failure_of(router, "slim", broken, dialect)  # type: ignore[arg-type]
        assert failure.retryable
        assert failure.status in {429, 529}


async def test_a_killed_worker_fails_its_calls_as_retryable_and_is_replaced(
    router: ModelRouter,
    adapter: str,
) -> None:
    with ScriptedServer([Said("one two three", hold=3), Said("again")]) as server:
        first = asyncio.Event()
        call = asyncio.create_task(
            router.complete(request_to(server, adapter), lambda _: first.set()),
        )
        await asyncio.wait_for(first.wait(), 20)
        killed = router.pool.workers[0].pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        with pytest.raises(ModelFailed, match="worker ended") as caught:
            await call
        assert caught.value.retryable
        assert (await router.complete(request_to(server, adapter))).content == "again"
        assert router.pool.workers[0].pid not in {None, killed}
