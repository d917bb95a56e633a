"""Programs that are agents get their secrets too, and what they say of them is cut out."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keyring
import msgspec
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from fleettui.adapters.memory.store import MemoryStore
from fleettui.adapters.memory.vault import MemoryVault
from fleettui.adapters.secrets.store import SecretStore
from fleettui.client import Streamed
from fleettui.core.commands import StartRun
from fleettui.core.errors import NotFound
from fleettui.core.model import Payload
from fleettui.core.views import queries
from fleettui.engine.session import Session
from fleettui.wiring import World
from tests.engine.acp_kit import acp_world, command_call, ended, staged
from tests.engine.kit import FunctionModel, make_world, opened, run_output, says, wait_for
from tests.engine.secret_kit import Place, run_approved, stored_bytes

CANARY = "canary-of-an-agent-77"


@pytest.fixture(autouse=True)
def _no_keyring() -> None:
    keyring.set_keyring(NoKeyring())


def keeping(world: World, tmp_path: Path, **values: str) -> World:
    """Give a world whose tenant `default` has these secrets."""
    store = SecretStore(tmp_path / "secrets")
    for name, value in values.items():
        store.put("default", name, value, 0.0, "ann", anew=False)
    store.read_all()
    return replace(world, vault=MemoryVault(store))


async def _shown(session: Session, agent: str) -> str:
    reads = [
        queries.ReadLog("f", agent, full=True), queries.ReadEvents("f", 0, 100_000),
        queries.ReadActions("f"), queries.ReadReport("f"), queries.ReadBoard("f"),
    ]  # fmt: skip
    return "\n".join([msgspec.json.encode(await session.read(one)).decode() for one in reads])


async def test_a_coding_agent_has_them_and_can_not_tell_them(tmp_path: Path) -> None:
    store = MemoryStore()
    world = keeping(acp_world(tmp_path, store=store), tmp_path, tok=CANARY)
    scene: list[Any] = [
        {"run": 'printf %s "$TOK" > got.txt'},
        {"say": "I have can"},
        {"say": "ary-of-an-"},
        {"say": "agent-77, and it is fine. "},
        {"permit": command_call("ls -l"), "yes": [ended(output=f"found {CANARY}")], "no": []},
        {"say": f"done with {CANARY}"},
    ]
    pieces: list[str] = []
    async with staged(tmp_path, [scene], world=world, secrets=["tok"]) as stage:
        async with stage.session.watch("f", stream=True) as watch:
            run = await stage.begin(f"use {CANARY}")
            while not stage.state.runs[run].report:
                heard = await watch.take()
                pieces += [one.text for one in heard if isinstance(one, Streamed)]
                for row in await stage.session.read(queries.ReadInbox()):
                    if row.action is not None:
                        await stage.allow(row)
        shown = await _shown(stage.session, "a")
        assert (stage.workspace / "got.txt").read_text() == CANARY
        assert CANARY not in json.dumps(stage.prompts())
        assert "use [secret tok]" in json.dumps(stage.prompts())
    assert CANARY not in shown
    assert CANARY not in "".join(pieces)
    assert "I have [secret tok], and it is fine." in "".join(pieces)
    assert "found [secret tok]" in shown
    assert not any(CANARY.encode() in row.body for rows in store._rows.values() for row in rows)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
async def test_an_interactive_program_has_them_and_can_not_tell_them(tmp_path: Path) -> None:
    program = (
        "import os, subprocess, sys\n"
        "subprocess.run([os.environ['FLEETTUI_DONE'], '--ready'])\n"
        "for line in sys.stdin:\n"
        "    open(os.environ['FLEETTUI_OUTPUT'], 'w').write('got: ' + os.environ['TOK'] + line)\n"
        "    subprocess.run([os.environ['FLEETTUI_DONE']])\n"
    )
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "chat.py").write_text(program)
    world = make_world(tmp_path, FunctionModel(lambda *_: says("?")))
    world = keeping(world, tmp_path, tok=CANARY)
    agent = {"type": "tmux", "command": [sys.executable, "-u", "chat.py"], "secrets": ["tok"]}
    text = json.dumps(
        {
            "apiVersion": "aof.dev/v1", "kind": "AgentFleet", "metadata": {"name": "f"},
            "spec": {"agents": [{"name": "a", "spec": agent}], "coordination": {"mode": "peer"}},
        }
    )  # fmt: skip
    async with opened(world, tmp_path, text) as (house, session):
        state = house.engine.state("f")
        name = await session.send(StartRun("f", Payload("say it")))
        await wait_for(session, lambda: bool(state.runs[name].report))
        assert "got: [secret tok]say it" in await run_output(session)
        assert CANARY not in await _shown(session, "a")
    assert CANARY.encode() not in stored_bytes(tmp_path / "runtimes")
    assert CANARY.encode() not in stored_bytes(tmp_path / "reports")


async def test_two_tenants_have_each_their_own_under_one_name(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.put("acme", "token", "canary-of-acme-11")
    place.put("beta", "token", "canary-of-beta-22")
    both = ("canary-of-acme-11", "canary-of-beta-22")
    (place.state / "tenants").mkdir()
    for tenant in ("acme", "beta"):
        head = {"apiVersion": "aof.dev/v1", "kind": "Tenant", "metadata": {"name": tenant}}
        (place.state / "tenants" / f"{tenant}.yaml").write_text(json.dumps(head))
    async with place.running() as built:
        shown: dict[str, str] = {}
        for tenant in ("acme", "beta"):
            session = built.session("ann", tenant)
            argv = ["sh", "-c", f"echo $TOKEN > {tenant}.txt; echo $TOKEN"]
            worker = {"type": "worker", "secrets": ["token"], "run": argv}
            opener = {"OPENED": "1"}
            fleet = await place.open(session, {"w": {"spec": worker}}, opener, tenant)
            run = await run_approved(built, session, fleet)
            assert run.status == "finished"
            reads = [
                queries.ReadLog(fleet, "w", full=True), queries.ReadEvents(fleet, 0, 10_000),
                queries.ReadRun(fleet), queries.ReadActions(fleet),
            ]  # fmt: skip
            answers = [msgspec.json.encode(await session.read(one)) for one in reads]
            shown[tenant] = b"\n".join(answers).decode()
            with pytest.raises(NotFound):
                await built.session("ann", "acme" if tenant == "beta" else "default").read(
                    queries.ReadRun(fleet)
                )
    for tenant, value in zip(("acme", "beta"), both, strict=True):
        assert (place.workspace / f"{tenant}.txt").read_text().strip() == value
        assert "[secret token]" in shown[tenant]
        assert not any(one in shown[tenant] for one in both)
    stored = stored_bytes(place.state)
    assert not any(one.encode() in stored for one in both)
