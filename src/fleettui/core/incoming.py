"""What of a message is compared: platform, channel, user and text in one form each."""

from __future__ import annotations

import re
from typing import Final

from fleettui.core.spec.linear import settled

# Platforms that are two words for one.
_ALIKE: Final = {"cli": "manual", "http": "webhook"}
# How messages begin that call a bot: Slack's and Discord's form, and a plain name.
_MENTION: Final = re.compile(r"\s*(?:<@[!&]?[\w-]+(?:\|[^<>]*)?>|@[\w.-]+)[\s,:]*")
_LOOKED_AT: Final = 65_536  # characters of a text: what is asked stands at its beginning
_MENTIONS: Final = 8  # how many of them are looked past


def canonical(platform: str) -> str:
    """Give the one spelling of a platform's name."""
    folded = platform.strip().casefold()
    return _ALIKE.get(folded, folded)


def channel_form(name: str | int) -> str:
    """Read `#production` and `production` as one channel."""
    return settled(str(name).strip().removeprefix("#"))


def user_form(name: str | int) -> str:
    """Read `42` and 42, `@ann`, `<@U1>` and `U1` as one user."""
    bare = str(name).strip()
    if bare.startswith("<@") and bare.endswith(">"):
        bare = bare[2:-1].partition("|")[0]
    return settled(bare.removeprefix("@"))


def texts_of(text: str) -> tuple[str, ...]:
    """Give a text and, where it begins with the mention of a bot, what follows that."""
    whole = settled(text[:_LOOKED_AT])
    at = 0
    for _ in range(_MENTIONS):
        mention = _MENTION.match(whole, at)
        if mention is None:
            break
        at = mention.end()
    bare = whole[at:] if at else whole.strip()
    return (whole,) if bare == whole else (whole, bare)
