"""Routing: which flow takes a message, which of its agents, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from fleettui.core.flow import Flow
from fleettui.core.incoming import canonical, channel_form, texts_of, user_form
from fleettui.core.spec.linear import PatternSet, is_in

# What each filter that is given and fits is worth; they are added up.
WEIGHTS: Final = {"channel": 100, "user": 80, "pattern": 60, "platform": 40, "default": 10}
_SHOWN: Final = 3  # names of a filter that a reason shows
_EVENTS_KEPT: Final = 64


class Incoming(NamedTuple):
    """A message: `tenant` is whose it is, `flow` the flow whose own trigger took it.

    Without a tenant it is looked for among the flows of all, as `flow explain` does; whoever takes
    messages from the world says whose they are.
    """

    platform: str
    channel: str | int = ""
    user: str | int = ""
    text: str = ""
    event: str = ""
    tenant: str = ""
    flow: str = ""


class Candidate(NamedTuple):
    """A flow looked at: its score and what fitted, or (`missed`) why it does not take it."""

    flow: Flow
    score: int
    matched: tuple[str, ...]
    missed: tuple[str, ...] = ()


class Routed(NamedTuple):
    """Where a message goes: `flow` is None where none takes it, `agent` '' where none is named.

    An agent without a flow is the default agent. `why` says in words what is not plain.
    """

    flow: Flow | None
    agent: str
    score: int
    candidates: tuple[Candidate, ...]
    why: str = ""


class _Entry:
    """A flow made ready: its filters in the form that messages are compared in."""

    __slots__ = (
        "candidate", "channels", "events", "flow", "order", "patterns", "platform", "users",
    )  # fmt: skip

    def __init__(self, order: int, flow: Flow) -> None:
        trigger = flow.spec.trigger
        config = trigger.config if trigger else None
        self.order, self.flow = order, flow
        self.platform = canonical(flow.platform)
        self.channels = frozenset(map(channel_form, config.channels)) if config else frozenset()
        self.users = frozenset(map(user_form, config.users)) if config else frozenset()
        self.events = tuple(event.casefold() for event in config.events) if config else ()
        self.patterns = config.patterns if config else ()
        given = [
            name
            for name, filters in (
                ("channel", self.channels),
                ("user", self.users),
                ("pattern", self.patterns),
                ("platform", self.platform),
            )
            if filters
        ] or ["default"]
        self.candidate = Candidate(flow, sum(WEIGHTS[name] for name in given), tuple(given))

    @property
    def rank(self) -> tuple[int, int]:
        """Order the better score first, then the place in the files."""
        return -self.candidate.score, self.order

    def takes_event(self, event: str) -> bool:
        """Say whether a kind of message is among those it takes; `pull_request` has all its own."""
        return (
            not event
            or not self.events
            or any(event == one or event.startswith(f"{one}.") for one in self.events)
        )


class _Shelf:
    """The flows that may take a message of one tenant and platform, by what they ask for."""

    def __init__(self, entries: Sequence[_Entry]) -> None:
        self.by_channel: dict[str, list[_Entry]] = {}
        self.by_user: dict[str, list[_Entry]] = {}
        self.by_pattern: dict[int, _Entry] = {}
        self.plain: list[_Entry] = []
        for entry in entries:
            if entry.channels:
                for channel in entry.channels:
                    self.by_channel.setdefault(channel, []).append(entry)
            elif entry.users:
                for user in entry.users:
                    self.by_user.setdefault(user, []).append(entry)
            elif entry.patterns:
                self.by_pattern[entry.order] = entry
            else:
                self.plain.append(entry)
        self.plain.sort(key=lambda entry: entry.rank)
        # Which flow each of all the patterns belongs to.
        patterned = [(entry.order, text) for entry in entries for text in entry.patterns]
        self.owners = [order for order, _ in patterned]
        self.patterns = PatternSet([text for _, text in patterned])
        self._plain_of: dict[str, tuple[Candidate, ...]] = {}

    def plain_for(self, event: str) -> tuple[Candidate, ...]:
        """Give the flows without filters of their own, best first."""
        known = self._plain_of.get(event)
        if known is None:
            known = tuple(one.candidate for one in self.plain if one.takes_event(event))
            if len(self._plain_of) < _EVENTS_KEPT:
                self._plain_of[event] = known
        return known


class Router:
    """Routes messages to flows, given in the order that breaks ties."""

    def __init__(
        self, flows: Iterable[Flow], default_agent: str = "", *, strict_mode: bool = False
    ) -> None:
        self._entries = [_Entry(order, flow) for order, flow in enumerate(flows)]
        self._default_agent, self._strict = default_agent, strict_mode
        self._tenants = {entry.flow.tenant for entry in self._entries}
        self._platforms = {entry.platform for entry in self._entries}
        self._shelves: dict[tuple[str, str], _Shelf] = {}

    def route(self, incoming: Incoming) -> Routed:
        """Say who takes a message; `candidates` are the flows that could, best first."""
        return self._routed(incoming, self._fitting(incoming))

    def explain(self, incoming: Incoming, *, sealed: bool = True) -> Routed:
        """Say the same with every flow among the candidates, those that do not fit last.

        The flows of another tenant are left out, unless it is not `sealed`.
        """
        fitting = self._fitting(incoming)
        found = {id(one.flow) for one in fitting}
        looked = _Looked(incoming)
        others = [
            Candidate(entry.flow, 0, (), tuple(_missed(entry, looked)))
            for entry in self._entries
            if id(entry.flow) not in found
            and not (sealed and incoming.tenant not in {"", entry.flow.tenant})
        ]
        return self._routed(incoming, (*fitting, *others))

    def _routed(self, incoming: Incoming, candidates: tuple[Candidate, ...]) -> Routed:
        best = candidates[0] if candidates and not candidates[0].missed else None
        if best is not None:
            agent, why = agent_for(best.flow, incoming.text)
            return Routed(best.flow, agent, best.score, candidates, why)
        if self._default_agent and not self._strict and not incoming.flow:
            why = "no flow takes it, the default agent does"
            return Routed(None, self._default_agent, 0, candidates, why)
        why = "no flow takes it"
        if self._default_agent and self._strict:
            why += f" (strict_mode keeps it from '{self._default_agent}')"
        return Routed(None, "", 0, candidates, why)

    def _fitting(self, incoming: Incoming) -> tuple[Candidate, ...]:
        shelf = self._shelf(incoming.tenant, canonical(incoming.platform))
        looked = _Looked(incoming)
        some = [
            entry
            for entry in shelf.by_channel.get(looked.channel, ())
            if not entry.users or looked.user in entry.users
        ]
        some += shelf.by_user.get(looked.user, ())
        if shelf.by_pattern or any(entry.patterns for entry in some):
            fitted = {
                shelf.owners[at] for text in looked.texts for at in shelf.patterns.found_in(text)
            }
            some = [one for one in some if not one.patterns or one.order in fitted]
            some += [shelf.by_pattern[at] for at in fitted if at in shelf.by_pattern]
        some = [one for one in some if one.takes_event(looked.event)]
        some.sort(key=lambda entry: entry.rank)
        # Whatever has a filter of its own scores more than a platform alone.
        found = (*(one.candidate for one in some), *shelf.plain_for(looked.event))
        if incoming.flow:
            found = tuple(one for one in found if one.flow.name == incoming.flow)
        return found

    def _shelf(self, tenant: str, platform: str) -> _Shelf:
        # What nobody has a flow for needs no shelf of its own.
        key = (
            tenant if not tenant or tenant in self._tenants else "\0",
            platform if platform in self._platforms else "\0",
        )
        if key not in self._shelves:
            self._shelves[key] = _Shelf(
                [
                    entry
                    for entry in self._entries
                    if tenant in {"", entry.flow.tenant} and entry.platform in {"", platform}
                ]
            )
        return self._shelves[key]


class _Looked:
    """A message in the form that filters are compared in."""

    __slots__ = ("channel", "event", "flow", "platform", "tenant", "texts", "user")

    def __init__(self, incoming: Incoming) -> None:
        self.platform = canonical(incoming.platform)
        self.channel, self.user = channel_form(incoming.channel), user_form(incoming.user)
        self.event = incoming.event.strip().casefold()
        self.tenant, self.flow = incoming.tenant, incoming.flow
        self.texts = texts_of(incoming.text)


def agent_for(flow: Flow, text: str) -> tuple[str, str]:
    """Name the agent of a flow that takes a text, and say why where there is none.

    The first agent of whose patterns one fits; else the first without patterns, which takes all.
    """
    agents = flow.spec.agents
    if flow.spec.nodes:
        return "", "the steps of the flow take it"
    if flow.spec.fleet:
        return "", f"fleet '{flow.spec.fleet}' takes it as a whole"
    if not agents:
        return "", "the flow has no agents"
    texts = texts_of(text) if any(agent.patterns for agent in agents) else ()
    for agent in agents:
        if any(is_in(pattern, one) for pattern in agent.patterns for one in texts):
            return agent.name, ""
    for agent in agents:
        if not agent.patterns:
            return agent.name, ""
    return "", "no agent of the flow has a pattern that fits, and none takes everything"


def _missed(entry: _Entry, looked: _Looked) -> Iterable[str]:
    """Say why a flow does not take a message."""
    if looked.tenant and looked.tenant != entry.flow.tenant:
        yield f"tenant: only {entry.flow.tenant}"
        return
    if looked.flow and looked.flow != entry.flow.name:
        yield f"flow: the message is for '{looked.flow}'"
    if entry.platform and entry.platform != looked.platform:
        yield f"platform: only {entry.flow.platform}"
    if not entry.takes_event(looked.event):
        yield f"event: only {_names(entry.events)}"
    if entry.channels and looked.channel not in entry.channels:
        yield f"channel: only {_names(entry.channels)}"
    if entry.users and looked.user not in entry.users:
        yield f"user: only {_names(entry.users)}"
    if entry.patterns and not _fits(entry.patterns, looked.texts):
        cased = _fits([f"(?i:{pattern})" for pattern in entry.patterns], looked.texts)
        hint = "; one fits without regard to case, write (?i) before it" if cased else ""
        yield f"pattern: none of {_names(entry.patterns)} fits{hint}"


def _fits(patterns: Iterable[str], texts: Sequence[str]) -> bool:
    return any(is_in(pattern, text) for pattern in patterns for text in texts)


def _names(names: Iterable[str]) -> str:
    listed = list(names) if isinstance(names, tuple) else sorted(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
