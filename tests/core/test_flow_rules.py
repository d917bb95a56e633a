"""What is refused in a flow and in a DaemonConfig, at which place, with which mend."""

from __future__ import annotations

from typing import Any

import pytest

from fleettui.adapters.yaml.zones import zone_faults
from fleettui.core.spec.daemon import DaemonFile
from fleettui.core.spec.daemon_rules import daemon_faults
from fleettui.core.spec.flow_rules import approval_seconds, flow_faults
from fleettui.core.spec.graph import graph_faults, workflow_of
from fleettui.core.spec.problem import path_text


def trigger(kind: str, **config: Any) -> dict[str, Any]:
    return {"spec": {"trigger": {"type": kind, "config": config}}}


def found(data: dict[str, Any]) -> list[tuple[str, str]]:
    faults = [*flow_faults(data), *zone_faults(data)]
    return [(path_text(one.loc).removeprefix("spec."), one.message) for one in faults]


GOOD = [
    trigger("Schedule", cron="0 9 * * 1-5", timezone="America/New_York", text="report"),
    trigger("schedule", cron="@daily"),
    trigger("Webhook", path="/hooks/deploy", secret="${SECRET}", methods=["POST"]),
    trigger("HTTP", path="/x", secret="${SECRET}", signature="slack", replay_window="5m"),
    trigger("File", path="inbox", glob=["*.json"], replies="out"),
    trigger("Manual"),
    trigger("", channels=["production"]),
    trigger("Slack", whatever="its own"),
    {"spec": {}},
]


@pytest.mark.parametrize("data", GOOD, ids=str)
def test_a_trigger_of_its_kind_is_taken(data: dict[str, Any]) -> None:
    assert found(data) == []


BAD = [
    (trigger("Slak"), "trigger.type", "did you mean 'Slack'?"),
    (trigger("Schedule"), "trigger.config.cron", "needs 'cron'"),
    (trigger("Schedule", cron="61 * * * *"), "trigger.config.cron", "from 0 to 59"),
    (
        trigger("Schedule", cron="@daily", timezone="Europe/Berln"),
        "trigger.config.timezone",
        "did you mean 'Europe/Berlin'?",
    ),
    (trigger("Webhook", secret="${S}"), "trigger.config.path", "needs 'path'"),
    (trigger("HTTP"), "trigger.config", "it routes, no more"),
    (trigger("Webhook", path="/x"), "trigger.config.secret", "needs 'secret'"),
    (trigger("Webhook", path="x", secret="${S}"), "trigger.config.path", "begins with '/'"),
    (trigger("Webhook", path="/a/../b", secret="${S}"), "trigger.config.path", "begins with '/'"),
    (
        trigger("Webhook", path="/x", secret="${S}", auth={"type": "Bearer"}),
        "trigger.config.auth",
        "sign the requests",
    ),
    (
        trigger("Webhook", path="/x", signature="none"),
        "trigger.config.signature",
        "anybody who reaches the server",
    ),
    (trigger("File"), "trigger.config.path", "needs 'path'"),
    (trigger("File", path="x", cron="@daily"), "trigger.config.cron", "only a trigger of type Sch"),
    (trigger("Manual", secret="${S}"), "trigger.config.secret", "only a trigger of type Webhook"),
    (trigger("Slack", channel=["x"]), "trigger.config.channel", "did you mean 'channels'?"),
    (trigger("Slack", users=[]), "trigger.config.users", "takes everything"),
    (
        {"spec": {"trigger": {"type": "Slack", "patterns": ["x"]}}},
        "trigger.patterns",
        "stands under 'config'",
    ),
    (trigger("Slack", patterns=["(?=x)"]), "trigger.config.patterns[0]", "look around"),
    (
        {"spec": {"agents": [{"name": "a", "patterns": ["x", "(y)\\1"]}]}},
        "agents[0].patterns[1]",
        "refer back",
    ),
    ({"spec": {"fleet": "x", "agents": [{"name": "a"}]}}, "fleet", "not both"),
    ({"spec": {"context": {"organization": "Org A"}}}, "context.organization", "no tenant's name"),
    (
        {"spec": {"context": {"env": {"APPROVAL_TIMEOUT": "soon"}}}},
        "context.env.APPROVAL_TIMEOUT",
        "is no time",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "place", "message"), BAD, ids=str)
def test_what_is_wrong_is_told_at_its_place(data: dict[str, Any], place: str, message: str) -> None:
    faults = found(data)
    assert [path for path, _ in faults] == [place]
    assert message in faults[0][1]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("300", 300), ("90s", 90), ("5m", 300), ("0", None), ("-1", None), ("", None), ("٣", None)],
)
def test_the_time_to_approve(text: str, seconds: float | None) -> None:
    assert approval_seconds(text) == seconds


def graph(*nodes: dict[str, Any], connections: Any = (), **spec: Any) -> dict[str, Any]:
    return {"nodes": list(nodes), "connections": list(connections), **spec}


def agent(name: str, text: str = "${event.text}") -> dict[str, Any]:
    return {"id": name, "type": "Agent", "config": {"agent": "x", "input": text}}


def script(name: str, **config: Any) -> dict[str, Any]:
    return {"id": name, "type": "Script", "config": {"scriptConfig": config}}


def joined(source: str, target: str) -> dict[str, Any]:
    return {"from": source, "to": target}


def test_nodes_become_steps_that_wait_for_each_other() -> None:
    spec = graph(
        script(
            "pods", tool="kubectl", action="get",
            args={"resource": "pods", "namespace": "${context.namespace}"},
        ),
        script("health", command="curl localhost", fail_on_error=False),
        agent("look", "see ${pods.output} and ${health.output}"),
        {"id": "ok", "type": "Approval", "config": {"message": "go?", "approvers": ["U1"]}},
        connections=[
            {"from": "start", "to": "pods"},
            {"from": "pods", "to": "look"},
            {"from": "health", "to": "look"},
            {"from": "look", "to": "ok", "when": "${look.output} == 'bad'"},
        ],
        context={"namespace": "prod"},
    )  # fmt: skip
    assert list(graph_faults(spec)) == []
    steps, agents = workflow_of(spec)
    assert agents == {}
    assert steps == [
        {"name": "pods", "run": ["kubectl", "get", "pods", "--namespace=prod"]},
        {"name": "health", "run": ["curl", "localhost"], "continue_on_error": True},
        {
            "name": "look", "agent": "x",
            "task": "see {steps.pods.output} and {steps.health.output}",
            "needs": ["pods", "health"],
        },
        {
            "name": "ok", "approval": "go?", "approvers": ["U1"], "needs": ["look"],
            "when": "(steps.look.output == 'bad')",
        },
    ]  # fmt: skip


UNMAPPED = [
    (graph({"id": "s", "type": "Slack", "config": {}}), "nodes[0].type", "is the reply"),
    (graph({"id": "s", "type": "Agnt", "config": {}}), "nodes[0].type", "did you mean 'Agent'?"),
    (graph({"type": "Agent"}), "nodes[0].name", "needs 'id'"),
    (graph(agent("a", "${event.user.id}")), "nodes[0].config.input", "only ${event.text} is"),
    (
        graph(script("a", command="echo ${event.text} | sh")),
        "nodes[0].config.scriptConfig",
        "could become a command",
    ),
    (graph(script("a")), "nodes[0].config.scriptConfig", "needs 'command'"),
    (graph(agent("a"), connections=[joined("b", "a")]), "connections[0].from", "no node is named"),
    (
        graph(agent("a"), agent("b"), connections=[joined("a", "b"), joined("b", "a")]),
        "nodes[0]",
        "wait for each other",
    ),
    (
        graph(agent("a"), agent("b"), connections=[{"from": "a", "to": "b", "when": "a ++"}]),
        "nodes[1]",
        "is no condition",
    ),
    (graph(agent("a"), agent("a")), "nodes[1]", "is there twice"),
    (
        graph({"id": "c", "type": "Conditional", "config": {"condition": "x"}}),
        "nodes[0].config.condition",
        "'when'",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "place", "message"), UNMAPPED, ids=str)
def test_what_is_no_step_is_refused_at_its_place(
    spec: dict[str, Any], place: str, message: str
) -> None:
    faults = [*graph_faults(spec)]
    assert faults
    assert path_text(faults[0].loc) == f"spec.{place}"
    assert message in faults[0].message


def daemon(**spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "aof.dev/v1", "kind": "DaemonConfig", "metadata": {"name": "d"}}
    return {**head, "spec": spec}


REFUSED = [
    (daemon(server={"cluster_mode": True}), "server.cluster_mode"),
    (daemon(server={"redis_url": "redis://x"}), "server.redis_url"),
    (daemon(server={"node_id": "x"}), "server.node_id"),
    (daemon(server={"tls": {"cert_file": "x"}}), "server.tls"),
    (daemon(runtime={"distributed": True}), "runtime.distributed"),
    (daemon(runtime={"task_queue": "redis"}), "runtime.task_queue"),
    (daemon(flows=["a.yaml"]), "flows"),
    (daemon(bindings=["a.yaml"]), "bindings"),
    (daemon(settings={"x": 1}), "settings"),
    (daemon(platforms={"slak": {}}), "platforms.slak"),
]


@pytest.mark.parametrize(("data", "place"), REFUSED, ids=str)
def test_what_a_daemon_can_not_do_is_refused(data: dict[str, Any], place: str) -> None:
    errors = [one for one in daemon_faults(data) if one.severity == "error"]
    assert [path_text(one.loc) for one in errors] == [f"spec.{place}"]


def test_the_default_agent_stands_in_either_place() -> None:
    older = DaemonFile.model_validate(daemon(runtime={"default_agent": "a"}))
    assert older.spec.routing.default_agent == "a"
    both = daemon(runtime={"default_agent": "a"}, routing={"default_agent": "b"})
    assert DaemonFile.model_validate(both).spec.routing.default_agent == "b"
