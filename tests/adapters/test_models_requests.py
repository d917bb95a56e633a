"""What is really sent: bounds, temperatures and conversations in each provider's language."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import yaml

from adapters.servers import Broken, Dialect, ScriptedServer
from fleettui.adapters.models.router import ModelRouter
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ChatMessage, ModelRequest, ToolCall

pytestmark = pytest.mark.asyncio(loop_scope="module")

USER = (ChatMessage("user", "hi"),)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def router() -> AsyncIterator[ModelRouter]:
    router = ModelRouter(load_yaml=yaml.safe_load)
    yield router
    await router.close()


async def sent(
    router: ModelRouter,
    model: str,
    adapter: str = "slim",
    dialect: Dialect = "openai",
    **more: Any,
) -> dict[str, Any]:
    with ScriptedServer("ok", dialect) as server:
        environment = {**server.environment(), "FLEETTUI_MODEL_ADAPTER": adapter}
        messages = more.pop("messages", USER)
        await router.complete(
            ModelRequest("t.1.0", model, messages, environment=environment, **more),
        )
        assert len(server.seen) == 1
        return server.seen[0].body


@pytest.mark.parametrize("adapter", ["slim", "litellm"])
async def test_a_reasoning_model_gets_no_temperature(router: ModelRouter, adapter: str) -> None:
    body = await sent(router, "openai:o3-mini", adapter, temperature=0.5, max_tokens=100)
    assert "temperature" not in body
    assert body["max_completion_tokens"] == 100


@pytest.mark.parametrize("adapter", ["slim", "litellm"])
async def test_temperature_and_bound_are_sent_as_asked(router: ModelRouter, adapter: str) -> None:
    body = await sent(router, "openai:some-model", adapter, temperature=0.5, max_tokens=100)
    assert (body["temperature"], body["max_tokens"]) == (0.5, 100)


@pytest.mark.parametrize("adapter", ["slim", "litellm"])
@pytest.mark.parametrize(
    ("model", "most"),
    [("claude-sonnet-4-5", 8192), ("claude-3-haiku-20240307", 4096)],
)
async def test_anthropic_gets_a_sensible_bound(
    router: ModelRouter,
    adapter: str,
    model: str,
    most: int,
) -> None:
    body = await sent(router, f"anthropic:{model}", adapter, "anthropic")
    assert body["max_tokens"] == most


async def test_a_call_that_is_no_stream_asks_for_none(router: ModelRouter) -> None:
    assert "stream" not in await sent(router, "openai:m")
    assert (await sent(router, "openai:m", stream=True))["stream"] is True


async def test_anthropic_gets_alternating_roles_without_empty_blocks(router: ModelRouter) -> None:
    calls = (ToolCall("a", "f", {}), ToolCall("b", "f", {}))
    talk = (
        ChatMessage("system", "one"),
        ChatMessage("assistant", "earlier"),
        ChatMessage("user", "hi"),
        ChatMessage("user", "there"),
        ChatMessage("assistant", " ", calls),
        ChatMessage("tool", "", tool_call_id="a"),
        ChatMessage("tool", "out", tool_call_id="b"),
        ChatMessage("user", "go on"),
    )
    body = await sent(router, "anthropic:claude-x", "slim", "anthropic", messages=talk)
    assert body["system"] == "one"
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    kinds = [block["type"] for block in body["messages"][-1]["content"]]
    assert kinds == ["tool_result", "tool_result", "text"]
    assert [block["type"] for block in body["messages"][3]["content"]] == ["tool_use", "tool_use"]


async def test_a_redirect_is_not_followed_with_the_key(router: ModelRouter) -> None:
    with ScriptedServer("stolen") as other:
        moved = Broken(307, "", {"Location": f"{other.url}/v1/chat/completions"})
        with ScriptedServer(moved) as server, pytest.raises(ModelFailed, match="307") as caught:
            await router.complete(
                ModelRequest("t.1.0", "openai:m", USER, environment=server.environment()),
            )
        assert not other.seen
    assert "OPENAI_API_BASE" in caught.value.mend


async def test_a_key_with_a_line_break_is_refused_without_being_shown(router: ModelRouter) -> None:
    with ScriptedServer("ok") as server:
        environment = server.environment("first\nsecond-secret")
        with pytest.raises(ModelFailed, match="OPENAI_API_KEY") as caught:
            await router.complete(ModelRequest("t.1.0", "openai:m", USER, environment=environment))
    assert "second-secret" not in str(caught.value)
