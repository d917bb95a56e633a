"""Looks at addresses: a page's status, time and text, and metrics as Prometheus reads them."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import re2

from fleettui.adapters.runtimes.monitor.look import Look, Sight
from fleettui.core.errors import Refused
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.watch import WatchRule, When
from fleettui.ports import WatchDoor

_MOST: Final = 1 << 20
_PATIENCE: Final = 8.0
_SAMPLE: Final = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?P<labels>.*)\})?\s+(?P<value>\S+)(\s+-?\d+)?\s*\Z"
)
_LABEL: Final = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Answer(NamedTuple):
    """What an address answered, and in how many seconds."""

    status: int
    text: str
    latency: float


def look_at_page(rule: WatchRule, spec: AgentSpec, door: WatchDoor) -> Look:
    """Look whether a page answers as it should."""
    del door
    address, when = str(rule.url), rule.condition
    pattern = re2.compile(rule.pattern) if rule.pattern else None
    _refuse_stranger(address, spec.allowed_hosts)

    async def look() -> Sequence[Sight]:
        try:
            answer = await _ask(address)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            return [Sight(address, bad=True, text=f"{address} does not answer: {why}")]
        if when is not None:
            value = answer.latency if when.left == "latency" else float(answer.status)
            if when.holds(value):
                shown = f"{value * 1000:.0f} ms" if when.left == "latency" else f"{value:.0f}"
                return [Sight(address, bad=True, text=f"{address}: {when.left} is {shown}")]
        if pattern is not None and not pattern.search(answer.text):
            said = f"{address}: its text has no '{rule.pattern}'"
            return [Sight(address, bad=True, text=said)]
        return [Sight(address, bad=False)]

    return look


def look_at_metrics(rule: WatchRule, spec: AgentSpec, door: WatchDoor) -> Look:
    """Look at one metric; a metric that is not there (yet) is no alert."""
    del door
    address, when = str(rule.metrics), rule.condition
    assert when is not None
    _refuse_stranger(address, spec.allowed_hosts)

    async def look() -> Sequence[Sight]:
        try:
            answer = await _ask(address)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            return [Sight(address, bad=True, text=f"{address} does not answer: {why}")]
        if answer.status != 200:
            return [Sight(address, bad=True, text=f"{address}: status is {answer.status}")]
        found = list(samples(answer.text, when))
        bad = [value for value in found if when.holds(value)]
        said = f"{when.left} is {bad[0]:g}" if bad else ""
        return [Sight(str(rule.when), bool(bad), said)]

    return look


def samples(text: str, when: When) -> Iterator[float]:
    """Give the values of a metric that has the labels asked for."""
    for line in text.splitlines():
        if not line.startswith(when.left):
            continue
        match = _SAMPLE.match(line)
        if match is None or match["name"] != when.left:
            continue
        labels = dict(_LABEL.findall(match["labels"] or ""))
        if all(labels.get(name) == value for name, value in when.labels):
            try:
                yield float(match["value"])
            except ValueError:
                continue


async def _ask(address: str) -> Answer:
    """Ask for an address; other addresses it points at are not followed."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    timeout = aiohttp.ClientTimeout(total=_PATIENCE)
    async with (
        aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
        session.get(address, allow_redirects=False) as response,
    ):
        body = await response.content.read(_MOST)
        return Answer(response.status, body.decode(errors="replace"), loop.time() - began)


def _refuse_stranger(address: str, allowed: Sequence[str]) -> None:
    """Refuse a host that is neither this machine nor named in the file."""
    host = urlsplit(address).hostname or ""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    if not here and host not in allowed:
        raise Refused(f"a monitor may not ask {host or address}", "name it in spec.allowed_hosts")
