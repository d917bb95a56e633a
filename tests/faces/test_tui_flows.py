"""Flows and their requests in the cockpit: what is shown, and what the keys do."""

from __future__ import annotations

import pytest
from boards import EMPTY, message
from cockpits import NARROW, TABBED, WIDE, client_of, cockpit
from msgspec.structs import replace
from tenant_boards import FLOWS, PROBLEMS, REQUESTS, flow, flows_board, request

from fleettui.core.commands.requests import (
    DropRequest,
    HoldRequest,
    MoveRequest,
    ReleaseRequest,
    RetryRequest,
    SendToFlow,
)
from fleettui.core.errors import Forbidden, QuotaReached
from fleettui.core.views import queries
from fleettui.core.views.queries import ReadRequests
from fleettui.tui.flow_text import flow_blocks, request_blocks
from fleettui.tui.parts import plain, width_of
from fleettui.tui.widgets.flow_lines import flow_head, flow_line, problem_line
from fleettui.tui.widgets.queue import request_line

NOW = EMPTY.now
# What nobody may be able to do to a terminal, in every field that somebody else wrote.
FOREIGN = "\x1b]0;owned\x07\x1b[31m日本語\u202e\n> v DONE"


def line_of(row, width=60, *, tenants=False):
    return plain([flow_line(row, width, NOW, fine=True, tenants=tenants)])


def client_with_requests(**fields):
    client = client_of(flows_board(**fields))
    client.answers[queries.ReadRequests] = (
        request("r7", status="finished", output="rolled out v2", why=""),
        request("r5", status="dead", why="OPENAI_API_KEY is not set"),
    )
    return client


# --- lines ----------------------------------------------------------------------------------------


def test_a_flow_has_platform_count_age_rate_errors_and_state():
    assert line_of(FLOWS[0]).split() == [
        ">", "deploy", "Webhook", "120", "30s", "2/m", "1", "RUN",
    ]  # fmt: skip


def test_a_flow_of_a_clock_says_when_it_is_due():
    assert line_of(FLOWS[1]).endswith("in 2h00")
    assert "in 2h00" in line_of(FLOWS[1], 22)


def test_a_flow_of_a_later_platform_and_one_that_cannot_run_say_so():
    assert line_of(FLOWS[2]).endswith("later")
    assert line_of(FLOWS[3]).endswith("ERROR")


def test_with_several_tenants_a_flow_is_named_with_its_own():
    assert "globex/broken" in line_of(FLOWS[3], tenants=True)


@pytest.mark.parametrize("width", range(8, 90, 3))
def test_lines_are_as_wide_as_they_may_be_whatever_somebody_wrote(width):
    row = flow(FOREIGN, platform=FOREIGN, dead=3)
    asked = request(FOREIGN, text=FOREIGN, person=FOREIGN, why=FOREIGN, flow=FOREIGN)
    lines = (
        flow_line(row, width, NOW, fine=True, tenants=True),
        flow_head(width),
        problem_line(FOREIGN, width),
    )
    for line in lines:
        assert width_of(line) == width
    text = plain([*lines, request_line(asked, max(width, 24), NOW, fine=True)])
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_detail_of_what_somebody_wrote_stays_in_its_gutter():
    asked = request("r1", text=FOREIGN, output=FOREIGN, why=FOREIGN, person=FOREIGN)
    for blocks in (flow_blocks(flow("x", why=FOREIGN), (asked,), NOW), request_blocks(asked, NOW)):
        lines = [line for block in blocks for line in block.lines(60)]
        assert "\x1b" not in plain(lines)
        written = [plain([line]) for line in lines if "v DONE" in plain([line])]
        assert all(not line.startswith("> v") for line in written)


# --- the pane -------------------------------------------------------------------------------------


async def test_runs_are_as_ever_and_the_flows_below_the_newest():
    async with cockpit(flows_board(problems=())) as shown:
        keys = shown.screen.pane("flows").table.keys
        assert keys[0] == "web@acme/r1"
        assert keys[keys.index("head:flows") + 1 :] == [
            "flow:acme/deploy", "flow:acme/nightly", "flow:acme/chat", "flow:globex/broken",
        ]  # fmt: skip


async def test_without_flows_the_pane_is_as_it_was():
    async with cockpit(flows_board(flows=(), problems=())) as shown:
        assert "head:flows" not in shown.screen.pane("flows").table.keys


async def test_a_file_that_does_not_load_has_a_line_and_enter_says_it_whole():
    async with cockpit(flows_board()) as shown:
        await shown.press("2", "g", "enter")
        assert "unknown trigger 'Slak', did you mean 'Slack'?" in shown.text()
        assert PROBLEMS[0] in shown.text()
        await shown.press("escape")
        assert PROBLEMS[0] not in shown.text()


async def test_a_scope_leaves_only_its_flows_and_requests():
    async with cockpit(flows_board()) as shown:
        await shown.press("colon", *"tenant globex", "enter")
        await shown.until(lambda: shown.screen.scope == "globex")
        assert [row.flow for row in shown.screen.board.flows] == ["broken"]
        assert shown.screen.pane("queue").table.keys == ["request:globex/r9"]


@pytest.mark.parametrize(
    ("words", "flows"),
    [("st:error", ["globex/broken"]), ("platform:sched", ["acme/nightly"]),
     ("tenant:acme st:dead", ["acme/deploy"])],
)  # fmt: skip
async def test_a_filter_keeps_the_flows_that_fit(words, flows):
    async with cockpit(flows_board(problems=())) as shown:
        pane = shown.screen.pane("flows")
        pane.set_filter(words)
        shown.screen.show_all()
        assert [key for key in pane.table.keys if key.startswith("flow:")] == [
            f"flow:{name}" for name in flows
        ]


@pytest.mark.parametrize("size", [WIDE, TABBED, NARROW])
async def test_a_flow_opens_with_its_trigger_agents_and_what_came_of_requests(size):
    client = client_with_requests()
    async with cockpit(client=client, size=size) as shown:
        await shown.press("2")
        shown.screen.pane("flows").table.select("flow:acme/deploy")
        await shown.press("enter", "plus")
        await shown.until(lambda: "rolled out v2" in shown.screen.detail.text.text())
        text = shown.screen.detail.text.text()
        for words in (
            "path /deploy",
            "ops for ^deploy",
            "ada by webhook in production",
            "deploy the web shop to production",
            "OPENAI_API_KEY is not set",
        ):
            assert words in " ".join(text.split())
        assert ReadRequests(flow="deploy", most=20, tenant="acme") in client.reads


async def test_a_flow_is_given_a_message_by_hand():
    async with cockpit(flows_board()) as shown:
        await shown.press("2")
        shown.screen.pane("flows").table.select("flow:acme/deploy")
        await shown.press("m", *"go", "enter")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [SendToFlow("acme", "go", "deploy")]
        await shown.until(lambda: "deploy has it: made/1" in shown.text())


@pytest.mark.parametrize(
    "refusal",
    [Forbidden("ana is viewer of acme, and this needs operator", "ask an admin of acme"),
     QuotaReached("deploy had 10 requests in a minute", again_at=NOW + 60)],
)  # fmt: skip
async def test_a_message_that_is_refused_says_why(refusal):
    async with cockpit(flows_board()) as shown:
        shown.client.refuse = refusal
        await shown.press("2")
        shown.screen.pane("flows").table.select("flow:acme/deploy")
        await shown.press("m", *"go", "enter")
        await shown.until(lambda: shown.screen.said.tone == "fail")
        assert str(refusal)[:30] in shown.text().split("\n")[-2]


async def test_without_a_flow_chosen_the_key_says_so():
    async with cockpit(flows_board(problems=())) as shown:
        await shown.press("2", "m")
        assert "no flow is chosen" in shown.text()


# --- requests in the queue ------------------------------------------------------------------------


async def test_requests_stand_in_the_queue_by_priority_with_who_and_why_they_wait():
    async with cockpit(flows_board(messages=(message("m", priority="critical"),)), TABBED) as shown:
        await shown.press("4")
        keys = shown.screen.pane("queue").table.keys
        assert keys == [
            "m", "request:acme/r7", "request:acme/r8", "request:globex/r9", "request:acme/r5",
        ]  # fmt: skip
        rows = shown.screen.pane("queue").table.text().split("\n")
        assert "ada" in rows[1]
        assert "acme/deploy" in rows[1]
        assert "1 of 1 at work" in rows[1]
        assert rows[2].endswith("HELD")
        assert rows[4].endswith("DEAD")
        assert "[4Queue5]" in shown.text()


@pytest.mark.parametrize(
    ("name", "keys", "sent"),
    [
        ("r7", ("H",), [HoldRequest("acme", "r7"), ReleaseRequest("acme", "r7")]),
        ("r8", ("H",), [ReleaseRequest("acme", "r8"), HoldRequest("acme", "r8")]),
        ("r7", ("greater_than_sign",),
         [MoveRequest("acme", "r7", "normal"), MoveRequest("acme", "r7", "high")]),
        ("r7", ("x",), [DropRequest("acme", "r7"), RetryRequest("acme", "r7")]),
    ],
)  # fmt: skip
async def test_a_queue_key_acts_on_a_request_and_is_undone(name, keys, sent):
    async with cockpit(flows_board()) as shown:
        await shown.press("4")
        shown.screen.pane("queue").table.select(f"request:acme/{name}")
        await shown.press(*keys)
        await shown.until(lambda: shown.screen.steps)
        await shown.press("z")
        await shown.until(lambda: len(shown.client.sent) == 2)
        assert shown.client.sent == sent


async def test_dropping_a_dead_request_asks_before_and_is_not_undone():
    async with cockpit(flows_board()) as shown:
        await shown.press("4")
        shown.screen.pane("queue").table.select("request:acme/r5")
        await shown.press("x")
        assert "1 can't be brought back" in shown.text()
        assert "r5 from ada to acme/deploy" in shown.text()
        assert shown.client.sent == []
        await shown.press("y")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [DropRequest("acme", "r5")]
        assert shown.screen.steps == []


async def test_a_dead_request_waits_again():
    async with cockpit(flows_board()) as shown:
        await shown.press("4")
        shown.screen.pane("queue").table.select("request:acme/r5")
        await shown.press("b")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [RetryRequest("acme", "r5")]


async def test_a_request_opens_whole():
    client = client_with_requests()
    client.answers[queries.ReadRequests] = (replace(REQUESTS[0], run="deploy@acme/r1"),)
    async with cockpit(client=client) as shown:
        await shown.press("4")
        shown.screen.pane("queue").table.select("request:acme/r7")
        await shown.press("enter")
        await shown.until(lambda: "acme/r7 to deploy" in shown.screen.detail.text.text())
        assert ReadRequests(request="r7", tenant="acme") in client.reads
