"""Requests: from a message to one answer, through limits, holds, failures and restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.flow_kit import ECHO, Model, serving
from engine.kit import calls, says
from fleettui.adapters.memory.clock import HandClock
from fleettui.adapters.memory.store import MemoryStore
from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.core.commands.requests import (
    DropRequest,
    HoldRequest,
    MoveRequest,
    ReleaseRequest,
    RetryRequest,
    SendToFlow,
)
from fleettui.core.commands.tenants import HoldAll, HoldTenant, ReleaseAll, ReleaseTenant
from fleettui.core.errors import ModelFailed, QuotaReached, Refused, Stale
from fleettui.core.views.queries import ReadFlows, ReadRequests
from fleettui.engine import lanes as lanes_module
from fleettui.engine import requests as requests_module


async def test_a_message_is_answered_where_it_came_from_and_once(tmp_path: Path) -> None:
    async with serving(tmp_path) as flows:
        receipt = await flows.deliver("hello")
        assert (receipt.status, receipt.request) == ("queued", "r1")
        await flows.wait(lambda: flows.request("r1").reply == "sent")
        request = flows.request("r1")
        assert (request.flow, request.agent, request.fleet) == ("echo", "parrot", "echo")
        assert [(address, one.text, one.status) for address, one in flows.channel.replies] == [
            ("c/1", "HELLO", "finished")
        ]
        assert await flows.kinds("r1") == ["Queued", "Started", "Finished", "Replied"]
        assert flows.house.engine.state("echo").runs[request.run].request == "default/r1/1"


async def test_a_message_delivered_again_is_the_same_request(tmp_path: Path) -> None:
    async with serving(tmp_path) as flows:
        await flows.deliver("hello", "m1")
        again = await flows.deliver("hello", "m1")
        assert (again.status, again.request) == ("repeated", "r1")
        await flows.wait_status("r1", "finished")
        assert (await flows.deliver("hello", "m1")).status == "repeated"
        assert len(flows.model.asked) == 1
        assert (await flows.deliver("hello, edited", "m2", replaces="m1")).status == "dropped"


async def test_what_no_flow_takes_is_dropped_and_an_operator_is_told(tmp_path: Path) -> None:
    filtered = ECHO.replace("{type: Manual}", "{type: Manual, config: {channels: [ops]}}")
    async with serving(tmp_path, {"echo.yaml": filtered}) as flows:
        assert (await flows.deliver("hello")).status == "dropped"
        assert (await flows.deliver("hello", "2", channel="#ops")).status == "queued"
        with pytest.raises(Refused, match="nobody takes it"):
            await flows.session.send(SendToFlow("default", "hi", channel="other"))
        # One that is named takes what it is given.
        assert await flows.session.send(SendToFlow("default", "hi", flow="echo")) == "r2"
        with pytest.raises(Refused, match="no flow is named 'nope'"):
            await flows.session.send(SendToFlow("default", "hi", flow="nope"))


async def test_requests_at_once_run_side_by_side_in_lanes_of_their_flow(tmp_path: Path) -> None:
    model = Model()
    model.gate.clear()
    async with serving(tmp_path, model=model, settings={"most": 3}) as flows:
        for number in range(5):
            await flows.deliver(f"text {number}", str(number))
        await flows.wait(lambda: len(model.asked) == 3)
        rows = await flows.session.read(ReadRequests())
        assert sorted(row.fleet for row in rows) == ["", "", "echo", "echo-2", "echo-3"]
        assert [row.status for row in rows].count("running") == 3
        model.gate.set()
        await flows.wait(lambda: len(flows.channel.replies) == 5)
        fleets = {flows.request(f"r{number}").fleet for number in range(1, 6)}
        assert fleets == {"echo", "echo-2", "echo-3"}


async def test_a_flow_and_a_user_have_no_more_at_work_than_they_may(tmp_path: Path) -> None:
    model = Model()
    model.gate.clear()
    bounded = ECHO + "  limits: {max_concurrent_tasks: 1}\n"
    other = ECHO.replace("echo", "other").replace("{type: Manual}", "{type: CLI}")
    async with serving(
        tmp_path,
        {"echo.yaml": bounded, "other.yaml": other},
        model=model,
        settings={"most_of_user": 2},
    ) as flows:
        for number in range(2):
            await flows.session.send(SendToFlow("default", f"a{number}", flow="echo"))
        for number in range(2):
            await flows.session.send(SendToFlow("default", f"b{number}", flow="other"))
        await flows.wait(lambda: len(model.asked) == 2)
        rows = {row.text: row for row in await flows.session.read(ReadRequests())}
        assert [rows[name].status for name in ("a0", "a1", "b0", "b1")] == [
            "running", "queued", "running", "queued",
        ]  # fmt: skip
        assert "as many at work as it may" in rows["a1"].why
        assert rows["b1"].why == "ann has 2 of 2 at work"
        model.gate.set()
        for name in ("r1", "r2", "r3", "r4"):
            await flows.wait_status(name, "finished")


async def test_a_limit_refuses_with_the_time_when_there_is_room_and_survives_a_restart(
    tmp_path: Path,
) -> None:
    store = MemoryStore()
    limited = ECHO + "  limits: {max_requests_per_hour: 2}\n"
    async with serving(tmp_path, {"echo.yaml": limited}, store=store) as flows:
        await flows.deliver("one", "1")
        await flows.deliver("two", "2")
        await flows.wait_status("r2", "finished")
        first = flows.request("r1").at
    async with serving(tmp_path, {}, store=store) as flows:
        receipt = await flows.deliver("three", "3")
        assert receipt.status == "refused"
        assert receipt.free_at == pytest.approx(first + 3600, abs=0.01)
        assert "flow echo has had 2 requests an hour" in receipt.why
        with pytest.raises(QuotaReached, match="2 requests an hour"):
            await flows.session.send(SendToFlow("default", "x", flow="echo"))
        assert "r3" not in flows.house.engine.tenant("default").requests.all
        (row,) = await flows.session.read(ReadFlows())
        assert (row.last_hour, row.refused) == (2, 2)
        assert "2 requests an hour" in row.why


async def test_what_waits_for_the_next_day_says_so_and_begins_then(tmp_path: Path) -> None:
    clock, store = HandClock(1_800_014_400.0), MemoryStore()
    tenants = MemoryTenants({"acme": {"quotas": {"tokens_per_day": 1}}})
    theirs = ECHO + "  context: {organization: acme}\n"
    parts = {"tenants": tenants, "clock": clock, "store": store}
    files = {"echo.yaml": theirs, "mine.yaml": ECHO.replace("echo", "mine")}
    async with serving(tmp_path, files, **parts) as flows:
        await flows.deliver("one", "1", tenant="acme")
        await flows.wait_status("r1", "finished", tenant="acme")
    async with serving(tmp_path, {}, **parts) as flows:
        await flows.deliver("two", "2", tenant="acme")
        await flows.deliver("of another tenant", "3")
        await flows.wait_status("r1", "finished")
        (waiting,) = await flows.session.read(ReadRequests(request="r2"))
        assert (waiting.status, "tokens today; again at 00:00 UTC" in waiting.why) == (
            "queued", True,
        ), waiting.why  # fmt: skip
        clock.at += 86_400
        await flows.wait_status("r2", "finished", tenant="acme")


async def test_per_user_limits_count_each_user(tmp_path: Path) -> None:
    limited = ECHO + "  limits: {per_user: {max_requests_per_minute: 1}}\n"
    async with serving(tmp_path, {"echo.yaml": limited}) as flows:
        assert (await flows.deliver("a", "1", user="U1")).status == "queued"
        assert (await flows.deliver("b", "2", user="U2")).status == "queued"
        refused = await flows.deliver("c", "3", user="U1")
        assert refused.status == "refused"
        assert "user manual:U1" in refused.why


async def test_a_held_tenant_and_a_held_host_begin_nothing_and_go_on(tmp_path: Path) -> None:
    async with serving(tmp_path) as flows:
        for hold, release in [
            (HoldTenant("default"), ReleaseTenant("default")),
            (HoldAll("default"), ReleaseAll("default")),
        ]:
            await flows.session.send(hold)
            request = (await flows.deliver("hello", type(hold).__name__)).request
            (row,) = await flows.session.read(ReadRequests(request=request))
            assert (row.status, "held by ann" in row.why) == ("queued", True)
            await flows.session.send(release)
            await flows.wait_status(request, "finished")


async def test_operators_hold_move_drop_and_bring_back(tmp_path: Path) -> None:
    model = Model()
    model.gate.clear()
    async with serving(tmp_path, model=model, settings={"most": 1}) as flows:
        for number in range(1, 5):
            await flows.deliver(f"t{number}", str(number))
        await flows.wait(lambda: len(model.asked) == 1)
        send = flows.session.send
        await send(HoldRequest("default", "r2"))
        await send(MoveRequest("default", "r4", "critical"))
        await send(DropRequest("default", "r3", "not needed"))
        with pytest.raises(Refused, match="cancel its run"):
            await send(DropRequest("default", "r1"))
        await flows.wait(lambda: flows.request("r3").reply == "sent")
        assert flows.channel.replies[0][1].text == "Nothing was done: not needed."
        model.gate.set()
        await flows.wait_status("r4", "finished")
        assert flows.request("r2").status == "queued"
        await send(ReleaseRequest("default", "r2"))
        await flows.wait_status("r2", "finished")
        await send(RetryRequest("default", "r3"))
        await flows.wait_status("r3", "finished")
        assert list(model.asked) == ["t1", "t4", "t2", "t3"]
        with pytest.raises(Stale):
            await send(RetryRequest("default", "r3"))


async def test_a_failed_request_is_a_dead_letter_that_is_told_and_can_be_retried(
    tmp_path: Path,
) -> None:
    fails = True

    def script(request, _step):
        return ModelFailed("no", "never") if fails else says("fine")

    async with serving(tmp_path, model=Model(script)) as flows:
        await flows.deliver("hello")
        request = await flows.wait_status("r1", "dead")
        assert request.error_type in {"failed", "not_reached"}
        await flows.wait(lambda: flows.request("r1").reply == "sent")
        assert flows.channel.replies[0][1].text.startswith("This could not be done")
        fails = False
        await flows.session.send(RetryRequest("default", "r1"))
        await flows.wait(lambda: len(flows.channel.replies) == 2)
        assert flows.channel.replies[1][1].text == "fine"
        assert [one.key for _, one in flows.channel.replies] == ["r1", "r1.2"]


async def test_a_flow_that_is_gone_makes_a_dead_letter_with_what_to_do(tmp_path: Path) -> None:
    store = MemoryStore()
    async with serving(tmp_path, store=store) as flows:
        await flows.session.send(HoldTenant("default"))
        await flows.deliver("hello")
    (tmp_path / "flows" / "echo.yaml").unlink()
    async with serving(tmp_path, {}, store=store) as flows:
        await flows.session.send(ReleaseTenant("default"))
        request = await flows.wait_status("r1", "dead")
        assert (request.error_type, "put its file back" in request.why) == ("unable", True)


async def test_a_reply_is_tried_again_and_given_up_where_that_is_no_use(tmp_path: Path) -> None:
    async with serving(tmp_path) as flows:
        flows.channel.failures = 1
        await flows.deliver("one", "1")
        await flows.wait(lambda: flows.request("r1").reply == "sent")
        assert await flows.kinds("r1") == [
            "Queued",
            "Started",
            "Finished",
            "ReplyFailed",
            "Replied",
        ]
        flows.channel.failures, flows.channel.retryable = 1, False
        await flows.deliver("two", "2")
        await flows.wait(lambda: flows.request("r2").reply == "lost")
        assert len(flows.channel.replies) == 1


async def test_a_changed_flow_is_what_the_next_request_runs(tmp_path: Path) -> None:
    async with serving(tmp_path) as flows:
        await flows.deliver("one", "1")
        await flows.wait_status("r1", "finished")
        (flows.folder / "echo.yaml").write_text(ECHO.replace("repeat", "shout"))
        await flows.house.serving.flows.use(flows.house.serving.flows.settings)
        await flows.deliver("two", "2")
        await flows.wait_status("r2", "finished")
        spec = flows.house.engine.state("echo").spec
        assert spec is not None
        assert spec.spec.agents[0].spec.instructions == "shout"


@pytest.mark.parametrize("at", ["queued", "running", "finished"])
async def test_a_host_that_died_goes_on_where_it_was(tmp_path: Path, at: str) -> None:
    store, model = MemoryStore(), Model()
    model.gate.clear()
    async with serving(tmp_path, store=store, model=model) as flows:
        if at == "queued":
            await flows.session.send(HoldTenant("default"))
        flows.channel.failures = 100
        await flows.deliver("hello")
        if at == "finished":
            model.gate.set()
            await flows.wait(lambda: flows.request("r1").reply_tries == 1)
        elif at == "running":
            await flows.wait_status("r1", "running")
    async with serving(tmp_path, {}, store=store) as flows:
        if at == "queued":
            await flows.session.send(ReleaseTenant("default"))
        await flows.wait(lambda: flows.request("r1").reply == "sent")
        assert [one.text for _, one in flows.channel.replies] == ["HELLO"]
        kinds = await flows.kinds("r1")
        assert [one for one in kinds if one != "ReplyFailed"] == [
            "Queued", "Started", "Finished", "Replied",
        ]  # fmt: skip
        runs = [run for state in flows.house.engine.fleets() for run in state.runs.values()]
        assert len(runs) == 1


async def test_a_run_that_was_started_before_a_crash_could_note_it_is_joined(
    tmp_path: Path,
) -> None:
    store = MemoryStore()
    async with serving(tmp_path, store=store) as flows:
        await flows.deliver("hello")
        await flows.wait_status("r1", "finished")
    # The crash came after the run was stored and before the request said so.
    stream = store._rows["default", "tenant:default"]
    del stream[next(at for at, row in enumerate(stream) if b"RequestStarted" in row.body) :]
    async with serving(tmp_path, {}, store=store) as flows:
        await flows.wait(lambda: flows.request("r1").reply == "sent")
        assert flows.model.asked == []
        assert flows.channel.replies[0][1].text == "HELLO"


@pytest.mark.parametrize(
    ("limits", "timeout", "kind", "why"),
    [
        ("", 0.05, "timeout", "it took longer than"),
        ("  limits: {max_tokens_per_request: 10}\n", 60.0, "failed", "one request may use 10"),
    ],
)
async def test_a_run_that_takes_too_much_is_cancelled_and_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limits: str,
    timeout: float,
    kind: str,
    why: str,
) -> None:
    monkeypatch.setattr(requests_module, "_LOOK", 0.03)

    def script(_request, _step):
        return calls("read_file", path="nothing")

    model = Model(script)
    if kind == "timeout":
        model.gate.clear()
    tools = ECHO.replace("instructions: repeat", "instructions: repeat, tools: [read_file]")
    async with serving(
        tmp_path, {"echo.yaml": tools + limits}, model=model, settings={"timeout": timeout}
    ) as flows:
        await flows.deliver("hello")
        request = await flows.wait_status("r1", "dead")
        assert (request.error_type, why in request.why) == (kind, True), request.why
        model.gate.set()
        await flows.wait(lambda: flows.request("r1").reply == "sent")
        assert await flows.kinds("r1") == ["Queued", "Started", "Failed", "Replied"]


async def test_a_lane_with_nothing_to_do_is_released_and_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "_LOOK", 0.02)
    monkeypatch.setattr(lanes_module, "LINGER", 0.0)
    async with serving(tmp_path) as flows:
        await flows.deliver("one", "1")
        await flows.wait_status("r1", "finished")
        await flows.wait(lambda: flows.house.engine.state("echo").stopped)
        await flows.deliver("two", "2")
        request = await flows.wait_status("r2", "finished")
        assert request.fleet == "echo"
