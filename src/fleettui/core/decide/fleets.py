"""Rules about the fleet itself: admitting, reloading and stopping it."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.commands import AdmitFleet, NoteTrouble, StopFleet
from fleettui.core.decide.agents import stop_agent
from fleettui.core.decide.outcome import NOTHING, Outcome
from fleettui.core.errors import Refused
from fleettui.core.events import (
    AgentCreated,
    AgentMoved,
    AgentRemoved,
    AnyEvent,
    FleetOpened,
    FleetReloaded,
    FleetResumed,
    FleetStopped,
    FleetStopping,
    TroubleNoted,
)
from fleettui.core.model import Asked
from fleettui.core.policy.digest import policy_version
from fleettui.core.policy.written import rules_of_fleet
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.state.fleet import FleetState
from fleettui.core.tenancy import no_fleet, tenant_of


def admit_fleet(state: FleetState, command: AdmitFleet, asked: Asked) -> Outcome:
    """Open a fleet for the first time, or again; a changed file is taken over when nothing runs."""
    if asked.actor.tenant != tenant_of(command.fleet):
        # Its events would lie among those of another tenant.
        raise no_fleet(command.fleet)
    spec = FleetFile.model_validate(command.spec)
    policy = _policy(spec)
    by = str(asked.actor)
    if not state.id:
        asked.standing.admit_agents(len(instances(spec)))
        opened = FleetOpened(
            command.fleet, asked.actor.tenant, command.name, command.file, command.workspace,
            command.spec, policy, command.warnings,
        )  # fmt: skip
        return Outcome((opened, *_create(instances(spec))), command.fleet)
    events: list[AnyEvent] = []
    if spec != state.spec:
        if state.running() is not None:
            return Outcome(_rules_only(state, command, spec), state.id)
        events += _reload(state, command, spec, policy, by)
    asked.standing.admit_agents(_more_agents(state, events))
    if state.stopped:
        gone = {event.agent for event in events if isinstance(event, AgentRemoved)}
        events += [
            AgentMoved(agent.id, "idle", "fleet opened")
            for agent in state.agents.values()
            if agent.status == "stopped" and agent.id not in gone
        ]
        # Last: a run that goes on looks for all of its agents.
        events.append(FleetResumed(by))
    return Outcome(events, state.id)


def _more_agents(state: FleetState, events: Sequence[AnyEvent]) -> int:
    """Count how many agents of open fleets there will be more; those of a stopped one are none."""
    changed = sum(isinstance(event, AgentCreated) for event in events)
    changed -= sum(isinstance(event, AgentRemoved) for event in events)
    return changed + len(state.agents) if state.stopped else changed


def _policy(spec: FleetFile) -> str:
    """Give the version of the rules: what runs, what asks, and who answers."""
    approval = spec.spec.approval.model_dump(mode="json", exclude={"timeout"})
    return policy_version(rules_of_fleet(spec.spec), approval)


def _rules_only(state: FleetState, command: AdmitFleet, spec: FleetFile) -> list[AnyEvent]:
    """Take over what a file says about policy and approval at once; the rest waits for the run."""
    assert state.spec is not None
    old = state.spec.model_dump(mode="json", exclude_unset=True)
    names = ("policy", "approval")
    kept = {name: part for name, part in old["spec"].items() if name not in names}
    fresh = {name: part for name, part in command.spec["spec"].items() if name in names}
    merged = {**old, "spec": {**kept, **fresh}}
    now = FleetFile.model_validate(merged)
    events: list[AnyEvent] = []
    if now != state.spec:
        events.append(FleetReloaded(merged, _policy(now), command.warnings))
    if now != spec:
        text = "the fleet's file changed; it is taken over when no run is going on"
        events.append(TroubleNoted("", text))
    return events


def instances(spec: FleetFile) -> dict[str, tuple[str, int]]:
    """Name every agent of a file: instance to (entry, number); replicas are `name-1`, `name-2`."""
    found: dict[str, tuple[str, int]] = {}
    for entry in spec.spec.agents:
        if entry.replicas == 1:
            found[entry.name] = (entry.name, 0)
        else:
            for number in range(1, entry.least + 1):
                found[f"{entry.name}-{number}"] = (entry.name, number)
    return found


def _grown(state: FleetState, spec: FleetFile) -> dict[str, tuple[str, int]]:
    """Name the replicas that came as they were needed, and that the file has room for."""
    most = {entry.name: entry.most for entry in spec.spec.agents if entry.is_scaled}
    return {
        agent.id: (agent.entry, agent.number)
        for agent in state.agents.values()
        if 0 < agent.number <= most.get(agent.entry, 0)
    }


def _create(wanted: dict[str, tuple[str, int]]) -> list[AnyEvent]:
    events: list[AnyEvent] = []
    for agent, (entry, number) in wanted.items():
        events += [AgentCreated(agent, entry, number), AgentMoved(agent, "starting")]
        events.append(AgentMoved(agent, "idle"))
    return events


def _reload(
    state: FleetState, command: AdmitFleet, spec: FleetFile, policy: str, by: str
) -> list[AnyEvent]:
    wanted = {**instances(spec), **_grown(state, spec)}
    busy = [
        agent.id
        for agent in state.agents.values()
        if agent.turn and agent.id not in wanted and not agent.files.fork_of
    ]
    if busy:
        raise Refused(
            f"the changed file has no place for {', '.join(busy)}, still at work",
            "stop it first, or put it back into the file",
        )
    entries = {entry for entry, _ in wanted.values()}
    forks = {one.id for one in state.agents.values() if one.files.fork_of and one.entry in entries}
    gone: list[AnyEvent] = [
        AgentRemoved(name, by) for name in state.agents if name not in wanted and name not in forks
    ]
    new = {name: entry for name, entry in wanted.items() if name not in state.agents}
    reloaded = FleetReloaded(command.spec, policy, command.warnings)
    return [reloaded, *gone, *_create(new)]


def stop_fleet(state: FleetState, _command: StopFleet, asked: Asked) -> Outcome:
    if state.stopped or state.stopping:
        return NOTHING
    by = str(asked.actor)
    events: list[AnyEvent] = [FleetStopping(by)]
    for agent in state.agents.values():
        if agent.status not in {"stopped", "stopping"}:
            events += stop_agent(state, agent, f"fleet stopped by {by}")
    if not state.agents or all(agent.status == "stopped" for agent in state.agents.values()):
        events.append(FleetStopped(by))
    return Outcome(events)


def note_trouble(_state: FleetState, command: NoteTrouble, _asked: Asked) -> Outcome:
    return Outcome((TroubleNoted(command.agent, command.text),))
