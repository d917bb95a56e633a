"""Boards of runs in every mode, made by the real rules."""

from __future__ import annotations

from typing import Any

from boards import NOW
from tests.core.houses import Desk

from fleettui.core.commands import CastVote, FinishTurn, HoldRun, StartRun
from fleettui.core.model import Actor, Item, Payload, Plan
from fleettui.core.state.standing import TenantStanding
from fleettui.core.state.tenant import TenantState
from fleettui.core.views.board import board
from fleettui.core.views.outfit import Outfit
from fleettui.core.views.rows import Board
from fleettui.core.views.tenants import Programs, tenant_row

LONG = "look at the logs of the last hour and find the first error"


def entry(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "spec": {"model": "openai:m"}, **fields}


# A machine on which nothing is installed.
NOTHING = Outfit(frozenset(), lambda _program: False)


class Stage(Desk):
    """A desk whose clock stands a minute before the board's."""

    def __init__(self, *agents: dict[str, Any], mode: str, **more: Any) -> None:
        coordination = {"mode": mode, **more.pop("rules", {})}
        super().__init__(entries=list(agents) or None, coordination=coordination, **more)
        self.at = NOW - 60

    def start(self, task: str, items: int = 0) -> None:
        some = tuple(Item(Payload(f"Item {number} of {items}: x")) for number in range(items))
        self.send(StartRun("f", Payload(task), items=some))

    def finish(self, *agents: str, plan: Plan | None = None) -> None:
        """Let agents answer, ten seconds later."""
        self.at += 10
        for agent in agents:
            turn = self.state.agents[agent].turn
            answer = Payload(f"{agent} found something")
            self.send(FinishTurn("f", turn, answer, plan=plan), Actor("agent", agent))

    def board(self) -> Board:
        standing = TenantStanding(TenantState("default"), {self.state.id: self.state})
        tenant = tenant_row(standing, "admin", Programs(), NOW)
        looks = lambda _fleet, _agent: ()  # noqa: E731  nobody looked
        return board([self.state], [tenant], self.state, NOTHING, looks, lambda _: None, NOW, "")


def tiered() -> Board:
    stage = Stage(
        entry("logs", tier=1), entry("metrics", tier=1), entry("analyst", tier=2),
        entry("lead", tier=3), mode="tiered", rules={"consensus": {"algorithm": "majority"}},
    )  # fmt: skip
    stage.start("why is the shop slow")
    for agent in ("logs", "metrics"):
        turn = stage.state.agents[agent].turn
        stage.send(CastVote("f", turn, "approve", 0.9, "it is the disk"), Actor("agent", agent))
    stage.finish("logs", "metrics")
    return stage.board()


def pipeline() -> Board:
    stage = Stage(
        entry("collect"), entry("check", role="validator"), entry("write"), mode="pipeline"
    )
    stage.start("write the notes")
    stage.finish("collect")
    return stage.board()


def deep() -> Board:
    stage = Stage(entry("detective"), entry("helper"), mode="deep")
    stage.start("find the cause")
    stage.finish("detective", plan=Plan((LONG, "look at the disk", "ask the users")))
    stage.finish("detective")
    stage.send(HoldRun("f", "f/1"))
    return stage.board()


def swarm() -> Board:
    stage = Stage(entry("worker", replicas=4), mode="swarm")
    stage.start("count", items=1000)
    for _ in range(3):
        stage.finish("worker-1", "worker-2", "worker-3")
    return stage.board()


def long_over(items: int) -> Board:
    """Carry a list out to its end."""
    stage = Stage(entry("worker", replicas=2), mode="swarm")
    stage.start("count", items=items)
    while busy := [agent.id for agent in stage.state.agents.values() if agent.turn]:
        stage.finish(*busy)
    return stage.board()


def workflow() -> Board:
    steps = [
        {"name": "lint", "agent": "a"},
        {"name": "test", "agent": "b"},
        {"name": "gate", "approval": "Ship it?", "needs": ["lint", "test"]},
        {"name": "ship", "run": ["make", "ship"], "needs": ["gate"]},
        {"name": "tell", "agent": "a", "needs": ["lint"], "when": "not steps.lint.ok"},
    ]
    stage = Stage(entry("a"), entry("b"), mode="workflow", workflow={"steps": steps})
    stage.start("ship the change")
    stage.finish("a")
    return stage.board()


BOARDS = {
    "tiered": tiered, "pipeline": pipeline, "deep": deep, "swarm": swarm, "workflow": workflow,
}  # fmt: skip
