"""Rules about scale: what is released and when, and how replicas come and go."""

from __future__ import annotations

from core.houses import NOW, Desk, spec
from fleettui.core.commands import (
    AdmitFleet,
    DeliverMessage,
    FinishTurn,
    MoveAgent,
    ReleaseAgent,
    RemoveReplica,
    SendMessage,
    StartRun,
)
from fleettui.core.events import AgentCreated, AgentReleased, AgentRemoved, CheckpointMade
from fleettui.core.model import Item, Payload
from fleettui.core.state.snapshot import restore, save


def entry(name="w", replicas=None, **fields):
    agent = {"model": "openai:m", "tools": ["submit_result"], **fields}
    return {"name": name, "spec": agent, **({"replicas": replicas} if replicas else {})}


def opened(*entries):
    return Desk(entries=list(entries))


def kinds(events):
    return [type(event) for event in events]


def mail(desk, to="w"):
    return desk.send(SendMessage("f", to, Payload("hello")))


def test_an_agent_is_released_when_its_time_is_over_and_not_before():
    desk = opened(entry(idle_timeout="10m"))
    desk.at = NOW + 599
    assert desk.send(ReleaseAgent("f", "w")) == []
    desk.at = NOW + 600
    assert kinds(desk.send(ReleaseAgent("f", "w"))) == [CheckpointMade, AgentReleased]
    agent = desk.state.agents["w"]
    assert agent.status == "idle"
    assert agent.why == "released after 10m idle; wakes on a message"
    assert desk.send(ReleaseAgent("f", "w")) == []
    assert restore(save(desk.state)).agents["w"].released


def test_a_message_wakes_a_released_agent_which_knows_what_it_knew():
    desk = opened(entry(idle_timeout=1))
    mail(desk)
    desk.send(FinishTurn("f", desk.state.agents["w"].turn, Payload("done")))
    before = list(desk.state.agents["w"].transcript)
    desk.at = NOW + 1
    desk.send(ReleaseAgent("f", "w"))
    mail(desk)
    agent = desk.state.agents["w"]
    assert (agent.released, agent.status) == (False, "working")
    assert agent.transcript[: len(before)] == before


def test_an_agent_at_work_or_without_a_timeout_is_not_released():
    desk = opened(entry("a", idle_timeout=1), entry("b"))
    mail(desk, "a")
    desk.at = NOW + 10
    assert desk.send(ReleaseAgent("f", "a")) == []
    assert desk.send(ReleaseAgent("f", "b")) == []
    assert desk.send(ReleaseAgent("f", "nobody")) == []


def test_mail_to_an_entry_goes_to_the_replica_with_the_least_to_do():
    desk = opened(entry(replicas=2))
    for _ in range(4):
        mail(desk)
    receivers = [message.to for message in desk.state.messages.values()]
    assert receivers == ["w-1", "w-2", "w-1", "w-2"]


def test_deep_queues_make_replicas_up_to_the_most():
    desk = opened(entry(replicas={"min": 1, "max": 3}))
    desk.send(MoveAgent("f", "w-1", "pause"))
    made = [AgentCreated in kinds(mail(desk)) for _ in range(3)]
    assert made == [False, False, True]
    assert list(desk.state.agents) == ["w-1", "w-2"]
    desk.send(MoveAgent("f", "w-2", "pause"))
    for _ in range(20):
        mail(desk)
    assert list(desk.state.agents) == ["w-1", "w-2", "w-3"]
    assert {message.to for message in desk.state.messages.values()} == {"w-1", "w-2", "w-3"}


def test_a_list_makes_as_many_replicas_as_it_has_items():
    desk = opened(entry(replicas={"min": 1, "max": 4}), entry("boss"))
    items = tuple(Item(Payload(f"item {number}")) for number in range(3))
    desk.send(StartRun("f", Payload("do it"), items=items))
    assert list(desk.state.agents) == ["w-1", "boss", "w-2", "w-3"]
    (run,) = desk.state.runs.values()
    assert set(run.agents) == set(desk.state.agents)


def grown():
    desk = opened(entry(replicas={"min": 1, "max": 2}))
    desk.send(MoveAgent("f", "w-1", "pause"))
    for _ in range(3):
        mail(desk)
    (last,) = (one.id for one in desk.state.messages.values() if one.to == "w-2")
    turn = desk.state.agents["w-2"].turn
    desk.send(DeliverMessage("f", last, turn))
    desk.send(FinishTurn("f", turn, Payload("done")))
    desk.at = NOW + 300
    return desk


def test_a_replica_above_the_least_goes_after_five_minutes():
    desk = grown()
    assert AgentReleased in kinds(desk.send(ReleaseAgent("f", "w-2")))
    assert kinds(desk.send(RemoveReplica("f", "w-2"))) == [AgentRemoved]
    assert list(desk.state.agents) == ["w-1"]
    assert desk.send(ReleaseAgent("f", "w-1")) == []


def test_a_changed_file_keeps_the_replicas_it_has_room_for():
    desk = grown()
    wanted = spec(entries=[entry(replicas={"min": 1, "max": 2}, instructions="other")])
    desk.send(AdmitFleet("f", "f", "/f.yaml", "/ws", wanted))
    assert list(desk.state.agents) == ["w-1", "w-2"]
    wanted = spec(entries=[entry(replicas=2, instructions="other")])
    desk.send(AdmitFleet("f", "f", "/f.yaml", "/ws", wanted))
    assert list(desk.state.agents) == ["w-1", "w-2"]
