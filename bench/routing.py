"""Routing: 1,000 flows with filters of every kind, and messages of which most fit several.

route: messages a second through the router. The peer asks every flow in turn with `re`, as one
writes it first; both find the same flows, which is checked. In JSON, medians of several rounds.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import time
from collections.abc import Callable, Sequence

from fleettui.core.flow import Flow
from fleettui.core.routing import WEIGHTS, Incoming, Router
from fleettui.core.spec.flow import FlowSpec

FLOWS, MESSAGES, GOAL = 1_000, 5_000, 10_000
WORDS = (
    "deploy", "rollback", "scale", "pod", "kubectl", "incident", "outage", "latency", "login",
    "database", "cache", "queue", "report", "please", "why", "is", "the", "service", "down",
    "again",
)  # fmt: skip


def flows(count: int, chance: random.Random) -> list[Flow]:
    """Make flows: a third with channels, a fifth with users, half with patterns, some of each."""
    found = []
    for number in range(count):
        config: dict[str, object] = {"events": ["app_mention", "message"]}
        kind = chance.random()
        if kind < 0.35:
            config["channels"] = [f"channel-{chance.randrange(200)}", f"team-{number}"]
        if 0.25 < kind < 0.45:
            config["users"] = [f"U{chance.randrange(400)}", f"U{number + 1_000}"]
        if kind > 0.4 or number % 7 == 0:
            config["patterns"] = [
                rf"\b{chance.choice(WORDS)}-{chance.randrange(500)}\b",
                f"^({chance.choice(WORDS)}|{chance.choice(WORDS)}) svc{number}",
            ]
        platform = ("Slack", "Telegram", "Discord")[number % 3]
        spec = FlowSpec.model_validate({
            "trigger": {"type": platform, "config": config},
            "agents": [
                {"name": "ops", "patterns": ["kubectl|pod|scale"]},
                {"name": "all"},
            ],
        })  # fmt: skip
        found.append(Flow(f"flow-{number}", spec))
    return found


def messages(count: int, chance: random.Random) -> list[Incoming]:
    """Make messages such as people write, each of them another."""
    found = []
    for _ in range(count):
        text = " ".join(chance.choice(WORDS) for _ in range(12))
        text += f" {chance.choice(WORDS)}-{chance.randrange(500)}"
        found.append(
            Incoming(
                chance.choice(("slack", "telegram", "discord")),
                f"channel-{chance.randrange(200)}",
                f"U{chance.randrange(400)}",
                f"<@U0BOT> {text}" if chance.random() < 0.5 else text,
                "app_mention",
                "default",
            )
        )
    return found


class Naive:
    """Every flow asked in turn, its patterns compiled by `re` beforehand."""

    def __init__(self, flows: Sequence[Flow]) -> None:
        self._flows = [
            (
                flow,
                flow.spec.trigger.config,
                [re.compile(one) for one in flow.spec.trigger.config.patterns],
            )
            for flow in flows
            if flow.spec.trigger
        ]

    def route(self, incoming: Incoming) -> str | None:
        best, best_score = None, 0
        bare = re.sub(r"^<@\w+>\s*", "", incoming.text)
        for flow, config, patterns in self._flows:
            score = WEIGHTS["platform"]
            if flow.platform.lower() != incoming.platform or incoming.event not in config.events:
                continue
            if config.channels:
                if incoming.channel not in config.channels:
                    continue
                score += WEIGHTS["channel"]
            if config.users:
                if incoming.user not in config.users:
                    continue
                score += WEIGHTS["user"]
            if patterns:
                if not any(one.search(text) for one in patterns for text in (incoming.text, bare)):
                    continue
                score += WEIGHTS["pattern"]
            if score > best_score:
                best, best_score = flow.name, score
        return best


def rate(route: Callable[[Incoming], object], found: Sequence[Incoming]) -> float:
    begin = time.perf_counter()
    for message in found:
        route(message)
    return len(found) / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    chance = random.Random(5)
    listed = flows(FLOWS, chance)
    found = messages(MESSAGES, chance)
    router, naive = Router(listed), Naive(listed)
    for message in found[:500]:
        ours = router.route(message).flow
        if (ours.name if ours else None) != naive.route(message):
            raise SystemExit(f"the two disagree on {message}")
    ours = [rate(router.route, found) for _ in range(rounds)]
    theirs = [rate(naive.route, found[:500]) for _ in range(rounds)]
    mine, peer = statistics.median(ours), statistics.median(theirs)
    report = {
        "bench": "routing",
        "flows": FLOWS,
        "results": {
            "route": {
                "per_second": mine,
                "peer": "naive re",
                "peer_per_second": peer,
                "ratio": round(mine / peer, 1),
                "goal": GOAL,
                "met": mine >= GOAL,
            }
        },
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
