"""The table of providers: what each is called, which variables hold its key and its address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from fleettui.adapters.models.route import Dialect


class Provider(NamedTuple):
    """One provider.

    `litellm` is its prefix there, `keys` and `bases` are variables in order of preference,
    `dialect` is what the slim adapter speaks with it, `slim` whether that is the usual way even
    without an address of one's own. `required` and `settings` are variables that become further
    arguments of litellm.
    """

    litellm: str
    keys: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    dialect: Dialect = ""
    slim: bool = False
    base: str = ""
    required: Mapping[str, str] = {}
    settings: Mapping[str, str] = {}


def _compatible(prefix: str, base: str, variable: str = "", *more: str) -> Provider:
    name = variable or prefix.upper()
    return Provider(
        prefix, (f"{name}_API_KEY", *more), (f"{name}_API_BASE", f"{name}_BASE_URL"), "openai",
        base=base,
    )  # fmt: skip


_AWS: Final = {
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
    "AWS_REGION_NAME": "aws_region_name",
}

PROVIDERS: Final[Mapping[str, Provider]] = {
    "openai": Provider(
        "openai", ("OPENAI_API_KEY",), ("OPENAI_API_BASE", "OPENAI_BASE_URL"), "openai", slim=True,
        base="https://api.openai.com/v1",
    ),
    "anthropic": Provider(
        "anthropic", ("ANTHROPIC_API_KEY",), ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"),
        "anthropic", slim=True, base="https://api.anthropic.com",
    ),
    "gemini": Provider(
        "gemini", ("GEMINI_API_KEY", "GOOGLE_API_KEY"), ("GEMINI_API_BASE", "GEMINI_BASE_URL"),
    ),
    "ollama_chat": Provider("ollama_chat", (), ("OLLAMA_API_BASE", "OLLAMA_HOST")),
    "azure": Provider(
        "azure", ("AZURE_API_KEY",), ("AZURE_API_BASE",),
        required={"AZURE_API_BASE": "", "AZURE_API_VERSION": "api_version"},
    ),
    "bedrock": Provider(
        "bedrock", required=_AWS, settings={"AWS_SESSION_TOKEN": "aws_session_token"},
    ),
    "vertex_ai": Provider(
        "vertex_ai",
        required={"VERTEXAI_PROJECT": "vertex_project", "VERTEXAI_LOCATION": "vertex_location"},
        settings={"GOOGLE_APPLICATION_CREDENTIALS": "vertex_credentials"},
    ),
    "cohere_chat": Provider("cohere_chat", ("COHERE_API_KEY", "CO_API_KEY")),
    "huggingface": Provider("huggingface", ("HF_TOKEN", "HUGGINGFACE_API_KEY")),
    "openrouter": _compatible("openrouter", "https://openrouter.ai/api/v1"),
    "mistral": _compatible("mistral", "https://api.mistral.ai/v1"),
    "groq": _compatible("groq", "https://api.groq.com/openai/v1"),
    "deepseek": _compatible("deepseek", "https://api.deepseek.com"),
    "xai": _compatible("xai", "https://api.x.ai/v1"),
    "perplexity": _compatible("perplexity", "https://api.perplexity.ai"),
    "cerebras": _compatible("cerebras", "https://api.cerebras.ai/v1"),
    "nvidia_nim": _compatible("nvidia_nim", "https://integrate.api.nvidia.com/v1"),
    "together_ai": _compatible(
        "together_ai", "https://api.together.xyz/v1", "TOGETHERAI", "TOGETHER_API_KEY",
    ),
    "fireworks_ai": _compatible("fireworks_ai", "https://api.fireworks.ai/inference/v1"),
    "hosted_vllm": Provider("hosted_vllm", (), ("HOSTED_VLLM_API_BASE",), "openai"),
    "lm_studio": Provider("lm_studio", (), ("LM_STUDIO_API_BASE",), "openai"),
}  # fmt: skip

# What people write, and the provider they mean.
ALIASES: Final[Mapping[str, str]] = {
    "claude": "anthropic",
    "google": "gemini",
    "google_ai": "gemini",
    "ollama": "ollama_chat",
    "aws": "bedrock",
    "vertex": "vertex_ai",
    "cohere": "cohere_chat",
    "grok": "xai",
    "together": "together_ai",
    "fireworks": "fireworks_ai",
    "vllm": "hosted_vllm",
    "nvidia": "nvidia_nim",
}

# Bare model names that say whose they are.
FAMILIES: Final[Mapping[str, str]] = {
    "claude-": "anthropic",
    "gpt-": "openai",
    "chatgpt-": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "gemini-": "gemini",
    "mistral-": "mistral",
    "codestral-": "mistral",
    "deepseek-": "deepseek",
    "grok-": "xai",
    "command-": "cohere_chat",
}

# Every variable of the table: a key, an address, a setting.
VARIABLES: Final = frozenset(
    variable
    for provider in PROVIDERS.values()
    for group in (provider.keys, provider.bases, provider.required, provider.settings)
    for variable in group
)
