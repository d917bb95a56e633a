"""What must hold of the trigger of a flow: its platform, its filters, and what that needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fleettui.core.spec.cron import parse_cron
from fleettui.core.spec.fleet_rules import part
from fleettui.core.spec.known import PLATFORMS, RUNNING_PLATFORMS, closest
from fleettui.core.spec.linear import re2_problem
from fleettui.core.spec.problem import Fault, Loc

Data = dict[str, Any]
_FOLDED: Final = {name.lower(): name for name in PLATFORMS}
_LOC: Final[Loc] = ("spec", "trigger")
_CONFIG: Final[Loc] = (*_LOC, "config")
# Fields that mean something to one kind of trigger only.
_OWN: Final = {
    "schedule": ("cron", "timezone", "catch_up"),
    "webhook": (
        "secret", "signature", "signature_header", "timestamp_header", "algorithm", "replay_window",
    ),
    "file": ("glob", "replies"),
}  # fmt: skip
_FILTERS: Final = ("events", "channels", "users", "patterns")
_COMMON: Final = (*_FILTERS, "bot_token", "signing_secret")
_TEXT_OF: Final = frozenset({"schedule", "file"})
_PATH_OF: Final = frozenset({"webhook", "file"})


def trigger_faults(trigger: Data) -> Iterator[Fault]:
    """Check a trigger as written; shapes that are wrong are left to the model."""
    kind = trigger.get("type")
    known = isinstance(kind, str) and (not kind or kind.lower() in _FOLDED)
    if isinstance(kind, str) and not known:
        near = closest(kind, PLATFORMS)
        guess = f"did you mean '{near}'?" if near else f"known are {', '.join(PLATFORMS)}"
        yield Fault((*_LOC, "type"), f"unknown trigger '{kind}', {guess}")
    config = part(trigger, "config")
    platform = str(kind or "").lower()
    if platform == "slack" and "bot_token" in config and not config.get("signing_secret"):
        message = "Slack needs 'signing_secret'; without it every request is refused"
        yield Fault((*_CONFIG, "signing_secret"), message)
    yield from text_patterns(config.get("patterns"), (*_CONFIG, "patterns"))
    yield from _filters(trigger, config)
    yield from _environments(config)
    if known:
        yield from _own_fields(platform, config)
    match platform:
        case "schedule":
            yield from _schedule(config)
        case "http" if not config.get("path"):
            message = "without 'path' and 'secret' no request reaches it: it routes, no more"
            yield Fault(_CONFIG, message, "warning")
        case "webhook" | "http":
            yield from _webhook(config)
        case "file":
            if not config.get("path"):
                yield Fault((*_CONFIG, "path"), "a File needs 'path', the folder it watches")


def text_patterns(patterns: Any, loc: Loc) -> Iterator[Fault]:
    """Check patterns that texts are held against."""
    for at, pattern in enumerate(patterns if isinstance(patterns, list) else []):
        if isinstance(pattern, str):
            problem = re2_problem(pattern)
            if problem:
                yield Fault((*loc, at), problem)


def _filters(trigger: Data, config: Data) -> Iterator[Fault]:
    """Say where a filter is none: one that is not seen would let everything through."""
    for name in _FILTERS:
        if config.get(name) == []:
            message = f"an empty '{name}' takes everything, remove it or name some"
            yield Fault((*_CONFIG, name), message, "warning")
        if name in trigger:
            message = f"'{name}' stands under 'config', here it would filter nothing"
            yield Fault((*_LOC, name), message, at="key")
    for name in config:
        near = closest(str(name), _FILTERS) if name not in _FILTERS else None
        if near:
            yield Fault((*_CONFIG, name), f"unknown '{name}', did you mean '{near}'?", at="key")


def _environments(config: Data) -> Iterator[Fault]:
    channels = config.get("channels")
    named = [str(name).lower() for name in channels] if isinstance(channels, list) else []
    if any("prod" in name for name in named) and any("stag" in name for name in named):
        message = "production and staging in one flow, write a flow for each"
        yield Fault((*_CONFIG, "channels"), message, "warning")


def _own_fields(platform: str, config: Data) -> Iterator[Fault]:
    """Say which fields mean nothing to a trigger; those of platforms that come later are kept."""
    folded = {"http": "webhook", "cli": "manual"}.get(platform, platform)
    for owner, fields in _OWN.items():
        for name in fields:
            if name in config and owner != folded and folded in RUNNING_PLATFORMS:
                message = f"only a trigger of type {owner.title()} has '{name}', remove it"
                yield Fault((*_CONFIG, name), message, at="key")
    if folded not in RUNNING_PLATFORMS or not folded:
        return
    for name in config:
        common = name in _COMMON or (name == "text" and folded in _TEXT_OF)
        common = common or (name == "path" and folded in _PATH_OF)
        if common or any(name in fields for fields in _OWN.values()):
            continue
        if name == "methods" and config[name] == ["POST"]:
            continue
        if name == "auth":
            message = "'auth' is not built, sign the requests and give their 'secret'"
            yield Fault((*_CONFIG, name), message, at="key")
            continue
        near = closest(str(name), (*_OWN.get(folded, ()), "path", "text"))
        guess = f", did you mean '{near}'?" if near else ", remove it"
        message = f"a trigger of type {_FOLDED[platform]} has no '{name}'{guess}"
        if closest(str(name), _FILTERS) is None:
            yield Fault((*_CONFIG, name), message, "error" if near else "warning", "key")


def _schedule(config: Data) -> Iterator[Fault]:
    written = config.get("cron")
    if written is None:
        yield Fault((*_CONFIG, "cron"), "a Schedule needs 'cron', as `0 9 * * 1-5`")
    elif isinstance(written, str) and "${" not in written:
        try:
            parse_cron(written)
        except ValueError as error:
            yield Fault((*_CONFIG, "cron"), str(error))


def _webhook(config: Data) -> Iterator[Fault]:
    path, style = config.get("path"), config.get("signature", "github")
    if path is None:
        yield Fault((*_CONFIG, "path"), "a Webhook needs 'path', as /hooks/deploy")
    elif isinstance(path, str) and not _is_address(path):
        message = "a path begins with '/', without blanks, '?', '#' and '..'"
        yield Fault((*_CONFIG, "path"), message)
    secret = config.get("secret")
    if style == "none" and secret is not None:
        yield Fault((*_CONFIG, "secret"), "signature none uses no secret, take one of them out")
    elif style != "none" and not secret:
        message = "a Webhook needs 'secret', or `signature: none` for one that anybody may call"
        yield Fault((*_CONFIG, "secret"), message)
    elif style == "none":
        message = "requests are not signed: anybody who reaches the server can call this flow"
        yield Fault((*_CONFIG, "signature"), message, "warning")
    if style == "slack" and config.get("algorithm", "sha256") != "sha256":
        yield Fault((*_CONFIG, "algorithm"), "the signature of Slack's form is sha256")


def _is_address(path: str) -> bool:
    plain = path.startswith("/") and not set(path) & set(" ?#\\\t\n") and len(path) <= 500
    return plain and ".." not in path.split("/")
