"""Distribution: which agent gets a part, as a table of five ways to choose."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from fleettui.core.coordination.roster import coordination_of, entry_name
from fleettui.core.coordination.work import Work
from fleettui.core.spec.consensus import Distribution
from fleettui.core.state.fleet import FleetState, PartState

# What a word that a part and an agent share counts, by where the agent has it.
SKILL, LABEL, NAME = 3, 2, 1
_WORD: Final = re.compile(r"[a-z0-9]{2,}")


class Candidate(NamedTuple):
    """An agent that could do a part: how much it has to do, and how much it did in this run."""

    name: str
    free: bool
    load: int
    done: int
    place: int


def choose(work: Work, part: PartState, agents: Sequence[str]) -> str:
    """Give the agent for a part, empty while it must wait; the same for the same state and seed.

    An agent that failed at the part gets it again only when nobody else is left.
    """
    if part.planned.agent:
        return part.planned.agent if part.planned.agent in agents else ""
    if part.planned.entry:
        agents = [name for name in agents if entry_name(work.state, name) == part.planned.entry]
    able = [name for name in agents if not work.is_gone(name)]
    fresh = [name for name in able if name not in part.failed_by]
    candidates = [_candidate(work, name, agents.index(name)) for name in fresh or able]
    rule = coordination_of(work.state).distribution
    return _CHOICES[rule](work, part, candidates) if candidates else ""


def _candidate(work: Work, name: str, place: int) -> Candidate:
    agent = work.state.agents[name]
    free = work.is_free(name) and agent.status != "paused"
    load = (not free) + len(work.state.mailboxes[name])
    return Candidate(name, free, load, work.share(name), place)


def _round_robin(work: Work, _part: PartState, candidates: Sequence[Candidate]) -> str:
    """Go round: the first free one behind the one that was last."""
    free = [one for one in candidates if one.free]
    last = work.last()
    place = next((one.place for one in candidates if one.name == last), -1)
    behind = [one for one in free if one.place > place] or free
    return behind[0].name if behind else ""


def _least_loaded(_work: Work, _part: PartState, candidates: Sequence[Candidate]) -> str:
    free = [one for one in candidates if one.free]
    best = min(free, key=lambda one: (one.load, one.done, one.place), default=None)
    return best.name if best else ""


def _random(work: Work, part: PartState, candidates: Sequence[Candidate]) -> str:
    """Draw from the run's seed and the part's name, so that the same run draws the same."""
    free = [one for one in candidates if one.free]
    if not free:
        return ""
    return free[_number(work.run.seed, part.name, str(part.tries)) % len(free)].name


def _skill_based(work: Work, part: PartState, candidates: Sequence[Candidate]) -> str:
    """Take the best match, also if it is busy: the part waits for it. Ties go by load."""
    scores = {one.name: score(work.state, part, one.name) for one in candidates}
    best = min(candidates, key=lambda one: (-scores[one.name], one.load, one.done, one.place))
    if best.free or scores[best.name]:
        return best.name
    return _least_loaded(work, part, candidates)


def _sticky(_work: Work, part: PartState, candidates: Sequence[Candidate]) -> str:
    """Rendezvous hashing: the highest hash of key and agent; a lost agent moves its share only."""
    key = part.planned.key or part.name
    return max(candidates, key=lambda one: _number(key, one.name)).name


_CHOICES: Final[dict[Distribution, Callable[[Work, PartState, Sequence[Candidate]], str]]] = {
    "round-robin": _round_robin,
    "least-loaded": _least_loaded,
    "random": _random,
    "skill-based": _skill_based,
    "sticky": _sticky,
}


def score(state: FleetState, part: PartState, agent: str) -> int:
    """Count how well an agent fits a part: the words of its skills, labels and name in the text.

    A skill or capability counts 3 (and 10 more where the part asks for it by name), a label 2, its
    name, role and description 1; each word once.
    """
    entry, spec = state.entry_of(agent), state.spec_of(agent)
    skills = (*entry.skills, *spec.capabilities)
    wanted = words(part.planned.text.head) | words(part.planned.skill)
    asked = part.planned.skill.casefold()
    exact = 10 if asked and asked in {skill.casefold() for skill in skills} else 0
    have = (
        (words(" ".join(skills)), SKILL),
        (words(" ".join(entry.labels.values())), LABEL),
        (words(f"{entry.name} {entry.role} {spec.description or ''}"), NAME),
    )
    counted: set[str] = set()
    total = exact
    for own, weight in have:
        shared = (own & wanted) - counted
        counted |= shared
        total += weight * len(shared)
    return total


def words(text: str) -> set[str]:
    """Give the words of a text, small, without a plural's s."""
    return {word.removesuffix("s") for word in _WORD.findall(text.casefold())}


def _number(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")
