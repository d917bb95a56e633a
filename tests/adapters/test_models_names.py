"""Where a model's name leads, what a missing setting says, and what a call costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fleettui.adapters.models.environment import worker_environment
from fleettui.adapters.models.names import route_of
from fleettui.adapters.models.prices import cost
from fleettui.core.errors import ModelFailed

KEYS = {
    "OPENAI_API_KEY": "sk-openai",
    "ANTHROPIC_API_KEY": "sk-anthropic",
    "GOOGLE_API_KEY": "google-key",
    "OPENROUTER_API_KEY": "or-key",
    "MISTRAL_API_KEY": "mistral-key",
}


@pytest.mark.parametrize(
    ("written", "adapter", "litellm_model"),
    [
        ("anthropic:claude-sonnet-4-5", "slim", "anthropic/claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4-5", "slim", "anthropic/claude-sonnet-4-5"),
        ("claude-sonnet-4-5", "slim", "anthropic/claude-sonnet-4-5"),
        ("openai:gpt-4o", "slim", "openai/gpt-4o"),
        ("openai/org/model", "slim", "openai/org/model"),
        ("gpt-4o-mini", "slim", "openai/gpt-4o-mini"),
        ("o3-mini", "slim", "openai/o3-mini"),
        ("google:gemini-2.5-flash", "litellm", "gemini/gemini-2.5-flash"),
        ("gemini-2.5-pro", "litellm", "gemini/gemini-2.5-pro"),
        ("ollama:llama3:8b", "litellm", "ollama_chat/llama3:8b"),
        ("openrouter/anthropic/claude-3.5", "litellm", "openrouter/anthropic/claude-3.5"),
        ("mistral:mistral-large", "litellm", "mistral/mistral-large"),
        ("litellm:openai/gpt-4o", "litellm", "openai/gpt-4o"),
        ("litellm:anthropic:claude-x", "litellm", "anthropic/claude-x"),
    ],
)
def test_a_name_leads_to_its_provider(written: str, adapter: str, litellm_model: str) -> None:
    route = route_of(written, KEYS)
    assert (route.adapter, route.litellm_model) == (adapter, litellm_model)


def test_an_address_of_ones_own_makes_a_compatible_provider_slim() -> None:
    here = {**KEYS, "MISTRAL_API_BASE": "http://localhost:1/v1/"}
    route = route_of("mistral:m", here)
    assert (route.adapter, route.base, route.key) == (
        "slim",
        "http://localhost:1/v1",
        "mistral-key",
    )


@pytest.mark.parametrize("variable", ["OPENAI_API_BASE", "OPENAI_BASE_URL"])
def test_both_names_of_openais_address_count(variable: str) -> None:
    assert route_of("openai:m", {**KEYS, variable: "http://h:1/v1"}).base == "http://h:1/v1"


@pytest.mark.parametrize("wish", ["slim", "litellm"])
def test_the_adapter_can_be_forced(wish: str) -> None:
    route = route_of("openai:m", {**KEYS, "FLEETTUI_MODEL_ADAPTER": wish})
    assert route.adapter == wish


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("openai:gpt-4o", "OPENAI_API_KEY"),
        ("anthropic:claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("google:gemini-2.5-flash", "GEMINI_API_KEY"),
        ("openrouter:x/y", "OPENROUTER_API_KEY"),
        ("azure:deployment", "AZURE_API_KEY"),
        ("bedrock:model", "AWS_ACCESS_KEY_ID"),
        ("vertex_ai:gemini", "VERTEXAI_PROJECT"),
        ("some-provider:model", "SOME_PROVIDER_API_KEY"),
        ("litellm:openai/gpt-4o", "OPENAI_API_KEY"),
    ],
)
def test_a_missing_key_is_refused_by_name_and_never_tried_again(written: str, named: str) -> None:
    with pytest.raises(ModelFailed, match=named) as caught:
        route_of(written, {"OPENAI_API_BASE": "http://127.0.0.1:1/v1"})
    assert not caught.value.retryable
    assert caught.value.mend


def test_a_key_of_the_process_itself_never_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-host")
    with pytest.raises(ModelFailed, match="OPENAI_API_KEY"):
        route_of("openai:gpt-4o", {})


@pytest.mark.parametrize("written", ["", "openai:", "unheard-of"])
def test_a_name_that_leads_nowhere_says_how_one_looks(written: str) -> None:
    with pytest.raises(ModelFailed, match="provider:model"):
        route_of(written, {"OPENAI_API_KEY": "k"})


def test_a_broken_address_is_refused_by_name() -> None:
    with pytest.raises(ModelFailed, match="OPENAI_API_BASE is not an address"):
        route_of("openai:m", {**KEYS, "OPENAI_API_BASE": "http://[broken"})


@pytest.mark.parametrize(
    ("written", "dollars"),
    [
        ("gpt-4o-mini", 0.00075),
        ("anthropic:claude-sonnet-4-20250514", 0.018),
        ("google:gemini-2.0-flash", 0.0005),
        ("openai:some-model", None),
        ("ollama:llama3", None),
        ("ollama:deepseek-chat", None),
        ("openrouter:gpt-4o-mini", None),
    ],
)
def test_a_price_is_known_or_unknown_but_never_nothing(written: str, dollars: float | None) -> None:
    assert cost(route_of(written, KEYS), 1000, 1000) == pytest.approx(dollars)


def test_tokens_that_nobody_counted_cost_an_unknown_sum() -> None:
    assert cost(route_of("gpt-4o-mini", KEYS), 0, 0) is None


def test_prices_are_read_without_importing_litellm() -> None:
    script = (
        "import sys; from fleettui.adapters.models.prices import price_of;"
        "from fleettui.adapters.models.names import route_of;"
        "assert price_of(route_of('gpt-4o', {'OPENAI_API_KEY': 'k'}));"
        "assert 'litellm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env={}, timeout=60)


def test_the_router_loads_neither_litellm_nor_aiohttp_into_the_host() -> None:
    script = (
        "import sys; from fleettui.adapters.models.router import ModelRouter;"
        "assert not {'litellm', 'aiohttp', 'yaml'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env={}, timeout=60)


def test_no_key_of_the_host_reaches_a_worker() -> None:
    mine = {"PATH": "/bin", "OPENAI_API_KEY": "x", "AWS_PROFILE": "y", "HTTPS_PROXY": "http://p"}
    given = worker_environment(mine)
    assert given["PATH"] == "/bin"
    assert given["HTTPS_PROXY"] == "http://p"
    assert not {"OPENAI_API_KEY", "AWS_PROFILE"} & set(given)
    assert given["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert given["LITELLM_MODE"] == "PRODUCTION", "or litellm reads a .env file"
