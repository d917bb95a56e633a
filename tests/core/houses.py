"""A fleet's state for tests of the rules: events in, a command, events out."""

from __future__ import annotations

from typing import Any

from fleettui.core.commands import AdmitFleet, Command, ProposeAction, StartRun
from fleettui.core.decide.handle import handle
from fleettui.core.events import AnyEvent
from fleettui.core.model import Actor, Asked, Facts, Payload, ToolCall
from fleettui.core.state.fleet import ActionState, FleetState

ANN, BOB = Actor("operator", "ann"), Actor("operator", "bob")
NOW = 1_800_000_000.0
TOUCH = Facts("run", {"argv": ["touch", "x"]}, ("touch", "x"), "/usr/bin/touch", "aa", "/ws")


def spec(agents: tuple[str, ...] = ("a", "b"), **more: Any) -> dict[str, Any]:
    """Give a fleet file as plain JSON."""
    entries = more.pop("entries", None) or [
        {"name": name, "spec": {"model": "openai:m", "tools": ["run", "submit_result"]}}
        for name in agents
    ]
    return {
        "apiVersion": "aof.dev/v1",
        "kind": "AgentFleet",
        "metadata": {"name": "f"},
        "spec": {
            "agents": entries,
            "coordination": {"mode": "peer", "consensus": {"algorithm": "majority"}},
            **more,
        },
    }


class Desk:
    """A state and the commands sent to it."""

    def __init__(self, **more: Any) -> None:
        self.state = FleetState()
        self.at = NOW
        self.send(AdmitFleet("f", "f", "/f.yaml", "/ws", spec(**more)))

    def send(self, command: Command, actor: Actor = ANN) -> list[AnyEvent]:
        events, self.answer = handle(self.state, command, Asked(actor, self.at))
        return events

    def propose(self, facts: Facts = TOUCH) -> ActionState:
        """Let agent a, in a run of ann's, want to do something."""
        if self.state.running() is None:
            self.send(StartRun("f", Payload("go")))
        turn = self.state.agents["a"].turn
        call = ToolCall(f"c{self.state.seq}", facts.tool, facts.arguments)
        self.send(ProposeAction("f", turn, call, facts, "n0"), Actor("agent", "a"))
        return self.state.actions[self.answer]
