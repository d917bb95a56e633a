"""What a screen says about a flow: its state, what it takes, who does its work."""

from __future__ import annotations

from fleettui.core.flow import Flow, obstacle
from fleettui.core.spec.known import RUNNING_PLATFORMS
from fleettui.core.views.rows.flows import FlowState

# Settings of a trigger that filter what it takes, or say when it is due.
_SHOWN = ("events", "channels", "users", "patterns", "cron", "timezone", "path", "glob")


def flow_state(flow: Flow) -> FlowState:
    """Say whether a flow takes messages, will in a later version, or can't."""
    if flow.platform.lower() not in RUNNING_PLATFORMS:
        return "later"
    return "error" if obstacle(flow) else "running"


def trigger_lines(flow: Flow) -> tuple[str, ...]:
    """Say what a flow takes, a setting a line; secrets are not among them."""
    lines = [flow.platform or "every platform"]
    if flow.spec.trigger is None:
        return tuple(lines)
    config = flow.spec.trigger.config
    for name in _SHOWN:
        value = getattr(config, name)
        told = ", ".join(str(one) for one in value) if isinstance(value, tuple) else value
        if told and (name != "timezone" or config.cron):
            lines.append(f"{name} {told}")
    return tuple(lines)


def agent_names(flow: Flow) -> tuple[str, ...]:
    """Name who does the work of a flow: agents with their patterns, a fleet, or steps."""
    names = [
        agent.name + (f" for {', '.join(agent.patterns)}" if agent.patterns else "")
        for agent in flow.spec.agents
    ]
    if flow.spec.fleet:
        names.append(f"fleet {flow.spec.fleet}")
    if flow.spec.nodes:
        names.append(f"{len(flow.spec.nodes)} steps")
    return tuple(names)
