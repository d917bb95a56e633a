"""The door for other processes: what a script sends, reads and watches over the socket."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import typing

import msgspec
import pytest
from wires import serving

from fleettui.client import Streamed
from fleettui.core import errors
from fleettui.core.commands import MoveAgent, OpenFleet, SendMessage
from fleettui.core.errors import BadSpec, FleettuiError, HostGone, IllegalMove, NotFound, Refused
from fleettui.core.events import AgentMoved
from fleettui.core.model import Payload
from fleettui.core.views.queries import AnyQuery, ReadEvents, ReadFleets, ReadReport
from fleettui.core.views.rows import FleetRow
from fleettui.host.answers import ANSWERS
from fleettui.host.frames import frame
from fleettui.host.remote import join
from fleettui.host.wire import error_from_wire, error_to_wire


@pytest.fixture
async def served(tmp_path):
    async with serving(tmp_path) as served:
        yield served


@pytest.fixture
async def client(served):
    async with await join(served.state) as client:
        yield client


def opening(served, **environment):
    return OpenFleet("", path=str(served.fleet), workspace="/w", environment=environment)


async def test_what_was_sent_can_be_read(served, client):
    assert await client.send(opening(served)) == "demo"
    (row,) = await client.read(ReadFleets())
    assert isinstance(row, FleetRow)
    assert (row.id, row.workspace) == ("demo", "/w")


async def test_the_operator_is_who_the_kernel_says(client):
    assert client.operator == pwd.getpwuid(os.geteuid()).pw_name
    assert client.host.pid == os.getpid()


async def test_a_variable_that_is_no_text_is_left_out_and_the_rest_arrives(served, client):
    await client.send(opening(served, GOOD="é", BAD="\udcff"))
    assert await client.read(ReadReport(run="GOOD")) == "é"
    assert await client.read(ReadReport(run="BAD")) == ""


@pytest.mark.parametrize(
    ("agent", "kind", "words"),
    [
        ("nobody", NotFound, "no agent is called nobody; fleettui ps lists them"),
        ("stuck", IllegalMove, "stuck is stopped; start it first"),
        ("buggy", FleettuiError, "the host failed at this: ZeroDivisionError"),
    ],
)
async def test_a_refusal_is_the_same_error_on_this_side(client, agent, kind, words):
    with pytest.raises(kind, match=words) as caught:
        await client.send(MoveAgent("demo", agent, "pause"))
    assert type(caught.value) is kind


async def test_problems_of_a_file_arrive_with_their_places(served, client):
    served.fleet.write_text("bad")
    with pytest.raises(BadSpec) as caught:
        await client.send(opening(served))
    assert caught.value.problems == (f"{served.fleet}:1:1: error: kind: \x1b[31munknown",)


@pytest.mark.parametrize("kind", [k for k in vars(errors).values() if isinstance(k, type)])
def test_every_error_crosses_the_wire_as_itself(kind):
    if not issubclass(kind, FleettuiError):
        return
    problems = {"problems": ("f:1:1: x",)} if issubclass(kind, BadSpec) else {}
    there = error_from_wire(error_to_wire(kind("why", mend="mend", **problems)))
    assert type(there) is kind
    assert (there.message, there.mend) == ("why", "mend")
    assert getattr(there, "problems", ()) == problems.get("problems", ())


def test_every_query_has_a_view_it_is_decoded_as():
    assert set(ANSWERS) == set(typing.get_args(AnyQuery))


async def test_a_watch_sees_what_happens_in_order_and_streams(served, client):
    await client.send(opening(served))
    async with client.watch("demo", stream=True) as watch:
        await client.send(SendMessage("demo", "a", Payload("3")))
        seen = []
        while not any(isinstance(notice, Streamed) for notice in seen):
            seen += await watch.take()
    assert [notice.event.agent for notice in seen[:3]] == ["a0", "a1", "a2"]
    assert isinstance(seen[0].event, AgentMoved)
    assert await client.read(ReadEvents(after=2)) == (seen[2],)


async def test_a_watch_that_is_left_ends_in_the_host(served, client):
    async with client.watch():
        assert len(served.house.watchers) == 1
    await client.read(ReadFleets())
    assert served.house.watchers == []


async def test_a_connection_that_goes_takes_its_watches_along(served, client):
    async with await join(served.state) as other, other.watch():
        assert len(served.house.watchers) == 1
    while served.house.watchers:
        await client.about()


async def test_a_watcher_that_does_not_read_is_told_to_read_again(served, client):
    peer = await served.connect()
    peer.write(frame(b"Q", b'{"id":1,"watch":{}}'))
    await peer.until(lambda: len(peer.frames) == 1)
    for _ in range(40):
        await client.send(SendMessage("demo", "a", Payload("400")))
    (line,) = [line for line in served.host._lines if line.pending]
    assert line.pending < 512 * 1024
    await peer.until(lambda: any(b'"reread":true' in body for _, body in peer.frames))


async def test_many_requests_at_once_are_all_answered(client):
    answers = await asyncio.gather(*(client.read(ReadFleets()) for _ in range(2000)))
    assert answers == [()] * 2000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"id":7,"send":{"type":"FinishTurn","fleet":"x","turn":"t"}}',
        b'{"id":7,"read":{"type":"Everything"}}',
        b'{"id":7,"shout":1}',
        b'{"id":7}',
    ],
)
async def test_a_request_that_makes_no_sense_is_answered_and_the_next_one_works(served, body):
    peer = await served.connect()
    peer.write(frame(b"Q", body))
    peer.write(frame(b"Q", b'{"id":8,"read":{"type":"ReadFleets"}}'))
    await peer.until(lambda: len(peer.frames) == 2)
    first, second = (json.loads(body) for _, body in peer.frames)
    assert first["error"]["kind"] == "Refused"
    assert first["id"] == (7 if body.startswith(b'{"id":7') else 0)
    assert second == {"id": 8, "ok": []}


async def test_a_request_over_the_limit_is_refused_before_it_is_sent(client):
    with pytest.raises(Refused, match="over the limit"):
        await client.send(SendMessage("demo", "a", Payload("x" * (1 << 20))))
    assert await client.read(ReadFleets()) == ()


async def test_whoever_waits_when_the_host_ends_is_told(served, client):
    async with client.watch() as watch:
        served.host.stop()
        with pytest.raises(HostGone):
            await watch.take()
    with pytest.raises(HostGone):
        await client.read(ReadFleets())


async def test_a_host_can_be_ended_through_its_door(served, client):
    await client.stop_host()
    with pytest.raises(HostGone, match="no host runs"):
        await join(served.state)


async def test_a_terminal_counts_as_somebody_at_a_face_and_a_script_does_not(served, client):
    peer = await served.terminal()
    await peer.until_text("last=nothing")
    assert await client.operators() == 1


def test_a_request_reads_as_documented():
    from fleettui.host.wire import Request

    text = b'{"id":1,"send":{"type":"MoveAgent","fleet":"f","agent":"a","verb":"pause"}}'
    assert msgspec.json.decode(text, type=Request).send == MoveAgent("f", "a", "pause")
