"""Distribution: which agent gets a part, as a table of five ways to choose."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from fleettui.core.coordination.work import Work
from fleettui.core.spec.consensus import Distribution
from fleettui.core.state.fleet import FleetState, PartState
from fleettui.core.state.roster import coordination_of, entry_name, skills_of

# What a word that a part and an agent share counts, by where the agent has it.
SKILL, LABEL, NAME = 3, 2, 1
_WORD: Final = re.compile(r"[a-z0-9]{2,}")


def choose(work: Work, part: PartState, agents: Sequence[str]) -> str:
    """Give a free agent for a part, empty while it must wait; the same for the same state and seed.

    An agent that failed at the part gets it again only when nobody else is left.
    """
    able = [name for name in _named(work, part, agents) if not work.is_gone(name)]
    fresh = [name for name in able if name not in part.failed_by] or able
    if not fresh:
        return ""
    skilled = _skilled(work.state, part, fresh)
    narrow, pick = _RULES[coordination_of(work.state).distribution]
    free = [name for name in narrow(work, part, skilled) if _is_ready(work, name)]
    return pick(work, part, free, agents) if free else ""


def _named(work: Work, part: PartState, agents: Sequence[str]) -> Sequence[str]:
    """Leave only those a part asks for by name."""
    wanted = part.planned
    if wanted.agent:
        return [name for name in agents if name == wanted.agent]
    if wanted.entry:
        return [name for name in agents if entry_name(work.state, name) == wanted.entry]
    return agents


def _skilled(state: FleetState, part: PartState, agents: Sequence[str]) -> Sequence[str]:
    """Leave those who fit the skill best that a part asks for by name; nobody does: all."""
    asked = words(part.planned.skill)
    if not asked:
        return agents
    fits = [len(asked & words(" ".join(skills_of(state, name)))) for name in agents]
    return [name for name, fit in zip(agents, fits, strict=True) if fit == max(fits)]


def _is_ready(work: Work, agent: str) -> bool:
    return work.is_free(agent) and work.state.agents[agent].status != "paused"


# --- who may do it, whether free or not ---------------------------------------------------------


def _anybody(_work: Work, _part: PartState, agents: Sequence[str]) -> Sequence[str]:
    return agents


def _best_fit(work: Work, part: PartState, agents: Sequence[str]) -> Sequence[str]:
    """Leave the best match for a part's words: it waits for that agent. Nobody fits: anybody."""
    scores = [score(work.state, part, name) for name in agents]
    best = max(scores)
    return [name for name, got in zip(agents, scores, strict=True) if got == best]


def _hashed(_work: Work, part: PartState, agents: Sequence[str]) -> Sequence[str]:
    """Rendezvous hashing: the highest hash of key and agent; a lost agent moves its share only."""
    key = part.planned.key or part.name
    return (max(agents, key=lambda name: _number(key, name)),)


# --- which of those that are free ---------------------------------------------------------------


def _next(work: Work, part: PartState, free: Sequence[str], agents: Sequence[str]) -> str:
    """Go round: the first free one behind the one that got the last part of this kind."""
    last = work.last(part.kind, agents)
    place = agents.index(last) if last in agents else -1
    return next((name for name in free if agents.index(name) > place), free[0])


def _idlest(work: Work, _part: PartState, free: Sequence[str], _agents: Sequence[str]) -> str:
    """Take the one with the least mail waiting, then with the fewest turns of this run so far."""
    boxes = work.state.mailboxes
    return min(free, key=lambda name: (len(boxes[name]), work.share(name)))


def _drawn(work: Work, part: PartState, free: Sequence[str], _agents: Sequence[str]) -> str:
    """Draw from the run's seed, the part's name and the try: the same run draws the same."""
    return free[_number(work.run.seed, part.name, str(part.tries)) % len(free)]


_Narrow = Callable[[Work, PartState, Sequence[str]], Sequence[str]]
_Pick = Callable[[Work, PartState, Sequence[str], Sequence[str]], str]
_RULES: Final[dict[Distribution, tuple[_Narrow, _Pick]]] = {
    "round-robin": (_anybody, _next),
    "least-loaded": (_anybody, _idlest),
    "random": (_anybody, _drawn),
    "skill-based": (_best_fit, _idlest),
    "sticky": (_hashed, _idlest),
}


def score(state: FleetState, part: PartState, agent: str) -> int:
    """Count how well an agent fits a part: its skills, labels and name in the part's text.

    Each word counts once: 3 from a skill or capability, 2 from a label, 1 from its name, role or
    description.
    """
    entry, spec, skills = state.entry_of(agent), state.spec_of(agent), skills_of(state, agent)
    wanted = words(part.planned.text.head) | words(part.planned.skill)
    total = 0
    left = wanted
    for text, weight in (
        (" ".join(skills), SKILL),
        (" ".join(entry.labels.values()), LABEL),
        (f"{entry.name} {entry.role} {spec.description or ''}", NAME),
    ):
        shared = left & words(text)
        left -= shared
        total += weight * len(shared)
    return total


@lru_cache(maxsize=4096)
def words(text: str) -> frozenset[str]:
    """Give the words of a text, small, without a plural's s."""
    return frozenset(word.removesuffix("s") for word in _WORD.findall(text.casefold()))


@lru_cache(maxsize=65536)
def _number(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")
