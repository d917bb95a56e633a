"""The whole table of agent states, asserted move by move."""

from __future__ import annotations

from typing import get_args

import pytest

from fleettui.core.errors import IllegalMove
from fleettui.core.lifecycle import ASKED, MOVES, VERBS, legal, move
from fleettui.core.model import AgentStatus

LEGAL = {
    (None, "create"): "created",
    ("created", "start"): "starting",
    ("created", "fail"): "failed",
    ("created", "remove"): "stopped",
    ("starting", "ready"): "idle",
    ("starting", "stop"): "stopping",
    ("starting", "fail"): "failed",
    ("idle", "run"): "working",
    ("idle", "pause"): "paused",
    ("idle", "stop"): "stopping",
    ("idle", "fail"): "failed",
    ("idle", "restart"): "starting",
    ("idle", "remove"): "stopped",
    ("working", "wait"): "waiting",
    ("working", "finish_work"): "idle",
    ("working", "pause"): "paused",
    ("working", "stop"): "stopping",
    ("working", "fail"): "failed",
    ("working", "restart"): "starting",
    ("waiting", "go_on"): "working",
    ("waiting", "finish_work"): "idle",
    ("waiting", "pause"): "paused",
    ("waiting", "stop"): "stopping",
    ("waiting", "fail"): "failed",
    ("waiting", "restart"): "starting",
    ("paused", "resume"): "idle",
    ("paused", "stop"): "stopping",
    ("paused", "fail"): "failed",
    ("paused", "restart"): "starting",
    ("paused", "remove"): "stopped",
    ("stopping", "stopped"): "stopped",
    ("stopping", "fail"): "failed",
    ("stopping", "restart"): "starting",
    ("stopped", "start"): "starting",
    ("stopped", "remove"): "stopped",
    ("failed", "start"): "starting",
    ("failed", "restart"): "starting",
    ("failed", "remove"): "stopped",
}
EVERY = [(status, verb) for status in (None, *get_args(AgentStatus)) for verb in VERBS]


@pytest.mark.parametrize(("status", "verb"), EVERY)
def test_a_move_is_in_the_table_or_refused_with_what_is_legal(status, verb):
    if (status, verb) in LEGAL:
        assert move("security-1", status, verb) == LEGAL[status, verb]
        return
    with pytest.raises(IllegalMove) as refusal:
        move("security-1", status, verb)
    assert "security-1" in refusal.value.message
    assert refusal.value.mend
    for word in legal(status):
        assert ASKED[word] in refusal.value.mend


def test_every_state_is_in_the_table():
    assert set(MOVES) == {None, *get_args(AgentStatus)}


def test_a_refusal_names_the_state_and_the_way_out():
    with pytest.raises(
        IllegalMove, match=r"security-1 is stopped .*; it can be started or removed"
    ):
        move("security-1", "stopped", "pause")


def test_three_ways_out_read_as_a_sentence():
    with pytest.raises(IllegalMove, match="it can be started, restarted or removed"):
        move("security-1", "failed", "pause")


@pytest.mark.parametrize("before", ["idle", "working", "waiting"])
def test_a_resumed_agent_is_what_it_was(before):
    assert move("a", move("a", before, "pause"), "resume", before) == before


def test_a_resumed_agent_is_never_sent_to_a_state_it_cannot_have_had():
    assert move("a", "paused", "resume", "failed") == "idle"


@pytest.mark.parametrize("status", get_args(AgentStatus))
def test_a_person_has_a_way_on_from_every_state(status):
    assert legal(status)
