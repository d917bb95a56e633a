"""Approvals of flows: asked where the message came from, answered there by members alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.flow_kit import FlowWorld, Model, serving
from engine.kit import calls, says
from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.core.channel import Answer, Delivery, Question, Receipt
from fleettui.core.commands.requests import SendToFlow
from fleettui.core.errors import NotFound
from fleettui.core.views.queries import ReadRequests

TOUCH = """
apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: touch}
spec:
  trigger: {type: Manual}
  context: {working_dir: ../work}
  agents:
    - {name: hand, model: 'openai:test', instructions: do it, tools: [run]}
"""
MEMBERS = [
    {"name": "ann", "role": "approver", "identities": {"manual": "U1"}},
    {"name": "bob", "role": "approver", "identities": {"manual": "U2"}},
    {"name": "eve", "role": "viewer", "identities": {"manual": "U3"}},
]


def tenants(*names: str) -> MemoryTenants:
    return MemoryTenants({name: {"members": MEMBERS} for name in names})


def touching(request: Any, _step: int) -> Any:
    done = any(one.role == "tool" for one in request.messages)
    return says("touched") if done else calls("run", argv=["touch", "made"])


async def asked(flows: FlowWorld, tmp_path: Path) -> Question:
    (tmp_path / "work").mkdir(exist_ok=True)
    await flows.deliver("touch it", user="U9")
    await flows.wait(lambda: bool(flows.channel.questions))
    return flows.channel.questions[0][1]


async def answer(flows: FlowWorld, question: Question, user: str, **other: Any) -> Receipt:
    fields = {"digest": question.digest, "nonce": question.nonce, "verdict": "approve"} | other
    return await flows.channel.deliver(
        Delivery(
            "manual", "c", user, "", (f"a-{user}-{len(other)}",), 0.0,
            answer=Answer(question.action, **fields),
        )
    )  # fmt: skip


async def test_a_member_answers_where_it_was_asked_and_the_run_goes_on(tmp_path: Path) -> None:
    async with serving(
        tmp_path, {"touch.yaml": TOUCH}, model=Model(touching), tenants=tenants("default")
    ) as flows:
        flows.channel._people |= {"U2": "Bob"}
        question = await asked(flows, tmp_path)
        assert flows.channel.questions[0][0] == "c/1"
        assert "touch" in question.text
        assert not (tmp_path / "work" / "made").exists()
        receipt = await answer(flows, question, "U2")
        assert receipt.status == "queued", receipt
        await flows.wait(lambda: bool(flows.channel.replies))
        assert flows.channel.replies[0][1].text == "touched"
        assert (tmp_path / "work" / "made").exists()


async def test_a_flow_may_name_its_approvers_as_the_platform_does(tmp_path: Path) -> None:
    named = TOUCH.replace("spec:\n", "spec:\n  approval: {allowed_users: [U2]}\n")
    async with serving(
        tmp_path, {"touch.yaml": named}, model=Model(touching), tenants=tenants("default")
    ) as flows:
        flows.channel._people |= {"U1": "Ann", "U2": "Bob"}
        question = await asked(flows, tmp_path)
        refused = await answer(flows, question, "U1")
        assert (refused.status, "ann" in refused.why) == ("refused", True), refused
        assert (await answer(flows, question, "U2")).status == "queued"
        await flows.wait(lambda: bool(flows.channel.replies))
        assert (tmp_path / "work" / "made").exists()


async def test_without_members_only_whom_the_flow_names_may_answer(tmp_path: Path) -> None:
    named = TOUCH + "  approval: {allowed_users: [U015], require_for: [touch]}\n"
    model = Model(touching)
    async with serving(tmp_path, {"touch.yaml": named}, model=model) as flows:
        flows.channel._people |= {"U015": "Lead", "U016": "Somebody"}
        question = await asked(flows, tmp_path)
        assert (await answer(flows, question, "U016")).status == "refused"
        assert (await answer(flows, question, "U999")).status == "refused"
        assert (await answer(flows, question, "U015")).status == "queued"
        await flows.wait(lambda: bool(flows.channel.replies))
        (action,) = flows.house.engine.state("touch").actions.values()
        assert action.approved_by == ("manual:U015",)


@pytest.mark.parametrize(
    ("user", "other", "why"),
    [
        ("U9", {}, "nobody who may answer"),
        ("U7", {}, "nobody who may answer"),
        ("U3", {}, "viewer"),
        ("U2", {"digest": "0" * 64}, "not what was asked"),
        ("U2", {"nonce": "0"}, "not what was asked"),
    ],
)
async def test_nobody_else_and_nothing_else_counts_as_an_answer(
    tmp_path: Path, user: str, other: dict[str, str], why: str
) -> None:
    async with serving(
        tmp_path, {"touch.yaml": TOUCH}, model=Model(touching), tenants=tenants("default")
    ) as flows:
        flows.channel._people |= {"U2": "Bob", "U3": "Eve"}
        question = await asked(flows, tmp_path)
        receipt = await answer(flows, question, user, **other)
        assert (receipt.status, why in receipt.why) == ("refused", True), receipt
        assert not (tmp_path / "work" / "made").exists()
        denied = await answer(flows, question, "U2", verdict="deny", reason="no need")
        assert denied.status == "queued", denied


async def test_a_tenants_requests_are_its_own(tmp_path: Path) -> None:
    theirs = TOUCH.replace("touch}", "theirs}").replace(
        "context: {", "context: {organization: acme, "
    )
    async with serving(
        tmp_path,
        {"touch.yaml": TOUCH, "theirs.yaml": theirs},
        model=Model(lambda _request, _step: says("fine")),
        tenants=tenants("default", "acme"),
    ) as flows:
        (tmp_path / "work").mkdir()
        assert (await flows.deliver("hi", "1", tenant="acme")).status == "queued"
        request = await flows.wait_status("r1", "finished", tenant="acme")
        assert (request.flow, request.fleet) == ("theirs", "theirs@acme")
        assert flows.house.engine.state("theirs@acme").tenant == "acme"
        # The same id in another tenant is another message; a tenant's flow takes no other's.
        assert (await flows.deliver("hi", "1")).status == "queued"
        await flows.wait_status("r1", "finished")
        assert (await flows.deliver("hi", "2", flow="theirs")).status == "dropped"
        assert (await flows.deliver("hi", "3", tenant="nobody")).status == "dropped"
        mine = flows.house.session("bob", tenant="acme")
        assert {row.tenant for row in await mine.read(ReadRequests())} == {"acme"}
        narrow = flows.house.session("ann", tenant="default")
        with pytest.raises(NotFound):
            await narrow.send(SendToFlow("acme", "hi", flow="theirs"))
