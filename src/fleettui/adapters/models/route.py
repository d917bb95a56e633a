"""Where one call goes: the adapter, the provider's own model name, the key and the address."""

from __future__ import annotations

from typing import Literal

import msgspec

Adapter = Literal["slim", "litellm"]
Dialect = Literal["openai", "anthropic", ""]


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call's way to its provider.

    `model` is the provider's name for it, `litellm_model` litellm's; `key_variable` and
    `base_variable` are the environment variables that errors name; `settings` are further
    arguments of litellm (cloud credentials, versions).
    """

    adapter: Adapter
    provider: str
    model: str
    litellm_model: str
    dialect: Dialect = ""
    key: str = ""
    key_variable: str = ""
    base: str = ""
    base_variable: str = ""
    settings: dict[str, str] = {}

    def secrets(self) -> tuple[str, ...]:
        """Give every value that may never be shown."""
        return tuple(value for value in (self.key, *self.settings.values()) if value)
