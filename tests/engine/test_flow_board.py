"""Flows and requests on the board: what each is, what waits and why, and for whose eyes."""

from __future__ import annotations

from pathlib import Path

from engine.flow_kit import ECHO, serving
from fleettui.core.commands.requests import DropRequest, HoldRequest, RetryRequest, SendToFlow
from fleettui.core.commands.tenants import AdmitTenant, HoldTenant, ReleaseTenant
from fleettui.core.views.queries import ReadBoard, ReadRequests, ReadTenants
from fleettui.core.views.rows import Board

OTHERS = """
apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: nightly}
spec:
  trigger: {type: Schedule, config: {cron: "0 2 * * *", timezone: Europe/Berlin}}
  agents: [{name: parrot, model: 'openai:test', instructions: repeat, patterns: ["^night"]}]
---
apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: chat}
spec:
  trigger: {type: Slack, config: {signing_secret: hush, channels: [production]}}
  agents: [{name: parrot, model: 'openai:test', instructions: repeat}]
---
apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: lost}
spec:
  trigger: {type: Manual}
  agents: [{name: nobody}]
"""
BAD = """apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: bad}
spec: {trigger: {type: Slak}}
"""
FILES = {"echo.yaml": ECHO, "others.yaml": OTHERS, "bad.yaml": BAD}


async def test_a_board_has_each_flow_with_its_state_and_what_it_takes(tmp_path: Path) -> None:
    async with serving(tmp_path, FILES) as flows:
        board: Board = await flows.session.read(ReadBoard())
        rows = {row.flow: row for row in board.flows}
        states = {name: row.state for name, row in rows.items()}
        assert states == {"echo": "running", "nightly": "running", "chat": "later", "lost": "error"}
        assert rows["nightly"].takes == ("Schedule", "cron 0 2 * * *", "timezone Europe/Berlin")
        assert rows["nightly"].agents == ("parrot for ^night",)
        assert rows["nightly"].next_due > board.now
        assert rows["chat"].takes == ("Slack", "channels production")
        assert "no file has an agent 'nobody'" in rows["lost"].why
        assert "hush" not in repr(board)


async def test_a_file_that_does_not_load_is_told_to_the_hosts_admins_only(tmp_path: Path) -> None:
    async with serving(tmp_path, FILES) as flows:
        board: Board = await flows.session.read(ReadBoard())
        assert any("bad.yaml:4:" in text and "Slak" in text for text in board.problems)
        member = {"members": [{"name": "bob", "role": "admin"}]}
        await flows.house.engine.send(AdmitTenant("acme", member))
        of_acme: Board = await flows.house.session("ann", rights_of="bob").read(ReadBoard())
        assert (of_acme.flows, of_acme.problems) == ((), ())
        assert [row.name for row in of_acme.tenants] == ["acme"]


async def test_what_waits_is_on_the_board_and_what_came_of_it_is_counted(tmp_path: Path) -> None:
    async with serving(tmp_path) as flows:
        await flows.session.send(HoldTenant("default"))
        request = await flows.session.send(SendToFlow("default", "hello", "echo"))
        await flows.session.send(HoldRequest("default", request))
        board: Board = await flows.session.read(ReadBoard())
        (row,) = board.requests
        assert (row.flow, row.held_by, row.why) == ("echo", "ann", "held by ann")
        assert board.flows[0].waiting == 1
        await flows.session.send(DropRequest("default", request))
        assert (await flows.session.read(ReadBoard())).requests == ()
        await flows.session.send(RetryRequest("default", request))
        await flows.session.send(ReleaseTenant("default"))
        await flows.wait_status(request, "finished")
        after: Board = await flows.session.read(ReadBoard())
        assert after.requests == ()
        assert (after.flows[0].matches, after.flows[0].last_minute) == (1, 1)
        (row,) = await flows.session.read(ReadRequests(flow="echo", tenant="default"))
        assert (row.text, row.output, row.person) == ("hello", "HELLO", "ann")
        assert await flows.session.read(ReadRequests(flow="echo", tenant="globex")) == ()


ORG = """
apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: org-a-flow, labels: {organization: org-a, tier: enterprise}}
spec:
  trigger: {type: Manual}
  context: {organization: org-a}
  agents: [{name: parrot, model: 'openai:test', instructions: repeat}]
"""


async def test_the_organization_of_a_flow_is_a_tenant_without_a_file_of_its_own(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, {"org.yaml": ORG}) as flows:
        rows = {row.name: row for row in await flows.session.read(ReadTenants())}
        assert (rows["org-a"].plan, rows["org-a"].file) == ("enterprise", "")
        request = await flows.session.send(SendToFlow("org-a", "hello", "org-a-flow"))
        (row,) = await flows.session.read(ReadRequests(request=request))
        assert (row.tenant, row.flow) == ("org-a", "org-a-flow")
