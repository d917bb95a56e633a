"""Agents get the secrets their file lists, at the start of their programs, and nobody sees one."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import keyring
import msgspec
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from adapters.servers import Said, ScriptedServer, Seen
from fleettui.adapters.secrets.store import SecretStore
from fleettui.adapters.tools.mcp.settings import settings_of
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.client import Streamed
from fleettui.core.commands import Approve, StartRun
from fleettui.core.errors import ToolFailed
from fleettui.core.events import Recorded, TroubleNoted
from fleettui.core.model import Payload, ToolCall, Workplace
from fleettui.core.views import queries
from fleettui.engine.session import Session
from fleettui.engine.stream import Decided
from fleettui.engine.workplace import workplace
from tests.engine.kit import wait_for
from tests.engine.secret_kit import Place, run_approved, stored_bytes

CANARY = 'canary-7f3a"Zx/é +q'
SSH = "-----BEGIN OPENSSH PRIVATE KEY-----\ncanaryline1AAAABBBB\ncanaryline2CCCC\n-----END-----\n"
FOREIGN = "foreign-canary-of-beta-9"
OPENER = "opener-canary-5511"
LEAKS = [
    CANARY,
    json.dumps(CANARY)[1:-1],
    json.dumps(json.dumps(CANARY)[1:-1])[1:-1],
    quote(CANARY, safe=""),
    base64.b64encode(CANARY.encode()).decode().rstrip("="),
    CANARY.encode().hex(),
    "canaryline1",
    "canaryline2",
    FOREIGN,
    OPENER,
]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    keyring.set_keyring(NoKeyring())
    return Place(tmp_path)


def leaks(body: str | bytes) -> list[str]:
    raw = body.encode() if isinstance(body, str) else body
    return [leak for leak in LEAKS if leak.encode() in raw]


def worker(*argv: str, **spec: Any) -> dict[str, Any]:
    return {"spec": {"type": "worker", "run": argv, **spec}}


async def test_programs_get_what_the_list_names_and_nothing_else(place: Place) -> None:
    for name in ("github-token", "agent-ssh-a", "other"):
        place.put("default", name, f"value-of-{name}")
    place.put("beta", "github-token", FOREIGN)
    show = ("sh", "-c", "env > got.txt")
    async with place.running() as built:
        session = built.session("ann")
        spec = {"secrets": ["agent-ssh-*", {"github-token": "GH"}], "environment": {
            "HEADER": "Bearer ${secret:github-token}"}}  # fmt: skip
        fleet = await place.open(session, {"w": worker(*show, **spec)}, {"OPENED": "1"})
        run = await run_approved(built, session, fleet)
    assert run.status == "finished"
    got = dict(
        line.split("=", 1) for line in (place.workspace / "got.txt").read_text().split("\n") if line
    )
    assert got["GH"] == "value-of-github-token"
    assert got["HEADER"] == "Bearer value-of-github-token"
    assert got["AGENT_SSH_A"] == "value-of-agent-ssh-a"
    assert "value-of-other" not in got.values()
    assert FOREIGN not in got.values()


async def test_no_tenant_reaches_what_another_has(place: Place) -> None:
    place.put("beta", "github-token", FOREIGN)
    async with place.running() as built:
        session = built.session("ann")
        agents = {"w": worker("env", secrets=["github-token"]), "g": worker("env", secrets=["*"])}
        fleet = await place.open(session, agents, {"OPENED": "1"})
        state, vault = built.engine.state(fleet), built._world.vault
        with pytest.raises(ToolFailed, match="'github-token' is not set"):
            workplace(state, "w", "", vault)
        assert workplace(state, "g", "", vault).secrets == frozenset()
        # Of its own tenant the same file gets it.
        vault.bind(lambda _tenant: ("*",))
        state.tenant = "beta"
        assert workplace(state, "w", "", vault).environment == {"GITHUB_TOKEN": FOREIGN}
        # What the tenant's own list does not have is not there for it either.
        vault.bind(lambda _tenant: ("npm-*",))
        with pytest.raises(ToolFailed, match="'github-token' is not set"):
            workplace(state, "w", "", vault)


async def test_a_secret_that_is_not_set_fails_the_turn_and_says_the_mend(place: Place) -> None:
    async with place.running() as built:
        session = built.session("ann")
        agents = {"w": worker("env", secrets=["github-token"])}
        fleet = await place.open(session, agents, {"OPENED": "1"})
        run = await run_approved(built, session, fleet)
        assert run.status == "failed"
        log = await session.read(queries.ReadLog(fleet, "w", full=True))
        assert "fleettui secret set github-token" in "\n".join(row.text for row in log)
        place.put("default", "github-token", "now-it-is-set")
        assert (await run_approved(built, session, fleet)).status == "finished"


async def test_what_was_approved_is_for_that_value(place: Place, tmp_path: Path) -> None:
    toolbox = LocalToolbox({"PATH": "/usr/bin:/bin"}, b"k" * 32)
    call = ToolCall("c", "run", {"argv": ["env"]})

    def where(value: str) -> Workplace:
        names = frozenset({"PLAIN"})
        return Workplace("t", "f", "a", str(tmp_path), environment={"PLAIN": value}, secrets=names)

    one = await toolbox.freeze(call, where("hunter2"))
    assert one.env["PLAIN"].startswith("hmac:")
    assert "hunter2" not in str(one)
    assert await toolbox.freeze(call, where("hunter2")) == one
    other = await toolbox.freeze(call, where("hunter3"))
    assert other.env["PLAIN"] != one.env["PLAIN"]
    result = await toolbox.perform(one, where("hunter3"))
    assert result.output == "not started: the environment changed since it was approved"


async def test_a_value_replaced_before_the_start_ends_what_was_approved(place: Place) -> None:
    place.put("default", "github-token", "first-value-1")
    async with place.running() as built:
        session = built.session("ann")
        agents = {"w": worker("sh", "-c", "echo > ran.txt", secrets=["github-token"])}
        fleet = await place.open(session, agents, {"OPENED": "1"})
        state = built.engine.state(fleet)
        run = await session.send(StartRun(fleet, Payload("go")))
        await wait_for(session, lambda: bool(state.open_actions))
        (row,) = await session.read(queries.ReadInbox(fleet))
        place.put("default", "github-token", "second-value-2")
        await session.send(
            Approve(fleet, row.id, row.version, row.action.digest, row.nonce, confirmed=True)
        )
        await wait_for(session, lambda: bool(state.runs[run].report))
        assert state.actions[row.id].status == "denied"
        assert "env changed" in state.actions[row.id].reason
    assert not (place.workspace / "ran.txt").exists()


async def test_servers_of_tools_get_what_their_entry_names(place: Place) -> None:
    place.put("default", "tickets", "value-of-tickets")
    place.put("default", "other", "value-of-other")
    given = {"KEY": "${secret:tickets}", "N": "${secret:other}"}
    headers = {"Authorization": "Bearer ${secret:tickets}"}
    server = {"name": "m", "command": "server", "env": given, "headers": headers}
    async with place.running() as built:
        session = built.session("ann")
        agents = {"w": worker("env", secrets=["tickets", "oth*"], mcp_servers=[server])}
        fleet = await place.open(session, agents, {"OPENED": "1"})
        state = built.engine.state(fleet)
        (one,) = workplace(state, "w", "", built._world.vault).servers
        settings = settings_of(one, str(place.workspace))
        assert settings.env == {"KEY": "value-of-tickets", "N": "value-of-other"}
        assert settings.headers == {"Authorization": "Bearer value-of-tickets"}
        assert "value-of" not in json.dumps(await session.read(queries.ReadSpec(fleet)))


async def test_what_a_rule_puts_together_is_cut_out_before_it_is_stored(place: Place) -> None:
    place.put("default", "github-token", CANARY)
    async with place.running() as built:
        engine = built.engine
        event = TroubleNoted("a", f"made of parts: {CANARY}")
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        decided = Decided("default", "s", 1, [Recorded("f", 1, 0.0, "x", event)], "", future)
        engine._guard(decided)
        assert decided.events[0].event == TroubleNoted("a", "made of parts: [secret github-token]")


# --- canaries --------------------------------------------------------------------------------

PRINTS = (
    'printf "%s\\n" "$GITHUB_TOKEN" "$AGENT_SSH_DEPLOY"; env; '
    'printf %s "$GITHUB_TOKEN" | base64 -w0; echo; printf "me:%s" "$GITHUB_TOKEN" | base64 -w0; '
    'python3 -c \'import os,json,urllib.parse as u; v=os.environ["GITHUB_TOKEN"]; '
    'print(u.quote(v), u.quote(v, safe=""), json.dumps(v), repr(v), v.encode().hex())\'; '
    'echo "$OPENER_TOKEN" >&2; exit 3'
)
PIECES = 'rest="${GITHUB_TOKEN#canary}"; printf canary; sleep 0.2; printf "%s\\n" "$rest"'
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("run", {"argv": ["sh", "-c", PRINTS]}),
    ("run", {"argv": ["sh", "-c", "env > env.txt; cat env.txt"]}),
    ("read_file", {"path": "env.txt"}),
    ("run", {"argv": ["sh", "-c", PIECES]}),
    ("run", {"argv": ["sh", "-c", 'yes "$GITHUB_TOKEN" | head -c 3000000']}),
    ("write_file", {"path": "copy.txt", "content": "x [secret github-token] y"}),
    ("read_file", {"path": "copy.txt"}),
    ("run", {"argv": ["sh", "-c", 'cd /nowhere/"$GITHUB_TOKEN"']}),
]


def echoing(seen: Seen) -> Said:
    """Say all that was sent, and call the next tool."""
    messages = seen.body["messages"]
    step = sum(one["role"] == "assistant" for one in messages)
    text = f"I saw {json.dumps(messages[-1])[:30_000]} and {json.dumps(messages)[-3000:]}"
    if step < len(CALLS):
        name, arguments = CALLS[step]
        call = {"name": name, "arguments": arguments, "id": f"c{step}"}
        return Said(text, tool_calls=[call], finish="tool_calls", pieces=40)
    return Said(text, pieces=200)


async def _everything(session: Session, fleet: str) -> str:
    """Give all that a face can read, as JSON."""
    reads = [
        queries.ReadBoard(), queries.ReadFleets(), queries.ReadAgents(), queries.ReadInbox(),
        queries.ReadActions(fleet), queries.ReadRun(fleet), queries.ReadReport(fleet),
        queries.ReadLog(fleet, "a", full=True, most=10_000), queries.ReadCheckpoints(fleet, "a"),
        queries.ReadDiff(fleet, "a"), queries.ReadSpec(fleet), queries.ReadStats(),
        queries.ReadEvents(fleet, 0, 100_000), queries.ReadWorkspaces(), queries.ReadRuns(fleet),
    ]  # fmt: skip
    answers = []
    for query in reads:
        try:
            answers.append(msgspec.json.encode(await session.read(query)).decode())
        except Exception as refused:  # noqa: BLE001 a refusal is shown too
            answers.append(str(refused))
    return "\n".join(answers)


async def test_no_canary_is_anywhere_but_in_the_programs(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.put("default", "github-token", "an-older-canary-11")
    place.put("default", "github-token", CANARY)
    place.put("default", "agent-ssh-deploy", SSH)
    place.put("beta", "github-token", FOREIGN)
    agent = {
        "spec": {
            "model": "openai:test",
            "instructions": "do it",
            "tools": ["run", "read_file", "write_file"],
            "max_iterations": 20,
            "secrets": ["github-token", "agent-ssh-*"],
            "environment": {"OPENER_TOKEN": "${OPENER_TOKEN}", "OLD": "x"},
        }
    }
    streamed: list[str] = []
    with ScriptedServer(echoing) as server:
        async with place.running() as built:
            session = built.session("ann")
            given = {**server.environment(), "OPENER_TOKEN": OPENER}
            fleet = await place.open(session, {"a": agent}, given)
            async with session.watch(fleet, stream=True) as watch:
                task = f"do it with {CANARY} and an-older-canary-11"
                run = await run_approved(built, session, fleet, task)
                assert run.status == "finished"
                while not streamed or "I saw" not in "".join(streamed):
                    streamed += [
                        one.text for one in await watch.take() if isinstance(one, Streamed)
                    ]
            shown = await _everything(session, fleet)
            live = stored_bytes(place.state)
        prompts = json.dumps([one.body for one in server.seen], ensure_ascii=False)
    assert len(server.seen) == len(CALLS) + 1
    found = {
        "screens and --json": leaks(shown),
        "streamed": leaks("".join(streamed)),
        "prompts": leaks(prompts) + leaks(json.dumps([one.body for one in server.seen])),
        "the state folder while it runs": leaks(live),
        "the state folder": leaks(stored_bytes(place.state)),
        "log": leaks(caplog.text),
        "older value": ["older"] if b"an-older-canary" in live + shown.encode() else [],
    }
    assert {where: some for where, some in found.items() if some} == {}
    assert shown.count("[secret github-token]") > 10
    assert "[secret agent-ssh-deploy]" in prompts
    assert "[secret OPENER_TOKEN]" in prompts
    # The programs themselves had them, and what they wrote is theirs.
    assert CANARY in (place.workspace / "env.txt").read_text()
    assert not (place.workspace / "copy.txt").exists()


async def test_what_was_written_before_a_secret_was_set_is_not_shown_nor_sent(
    place: Place,
) -> None:
    with ScriptedServer(lambda seen: Said(json.dumps(seen.body["messages"]))) as server:
        async with place.running() as built:
            session = built.session("ann")
            agent = {"spec": {"model": "openai:test", "instructions": "x", "tools": ["read_file"]}}
            fleet = await place.open(session, {"a": agent}, server.environment())
            await run_approved(built, session, fleet, f"the word is {CANARY}")
            assert leaks(await _everything(session, fleet)) != []
            place.put("default", "word", CANARY)
            built._world.vault.secrets("default")
            before = len(server.seen)
            await run_approved(built, session, fleet, "again")
            assert leaks(await _everything(session, fleet)) == []
        sent = json.dumps([one.body for one in server.seen[before:]], ensure_ascii=False)
    assert leaks(sent) == []
    assert "the word is [secret word]" in sent


# --- keys of models --------------------------------------------------------------------------


async def test_a_stored_key_serves_models_after_a_restart(place: Place) -> None:
    with ScriptedServer("VOTE: approve (0.9) fine") as server:
        given = server.environment("sk-canary-stored-key-0001")
        place.put("default", "openai-api-key", given["OPENAI_API_KEY"])
        place.put("default", "OPENAI_API_BASE", given["OPENAI_API_BASE"])
        agents = {
            "a": {"spec": {"model": "openai:test", "instructions": "x", "tools": ["read_file"]}}
        }
        async with place.running() as built:
            fleet = await place.open(built.session("ann"), agents, {})
        async with place.running() as built:
            session = built.session("ann")
            run = await run_approved(built, session, fleet)
            assert run.status == "finished"
            assert (
                "OPENAI_API_KEY"
                not in workplace(built.engine.state(fleet), "a", "", built._world.vault).environment
            )
        assert "Bearer sk-canary-stored-key-0001" in server.seen[0].headers.values()
    assert b"sk-canary-stored" not in stored_bytes(place.state)


async def test_a_turn_that_waits_for_a_key_goes_on_when_it_is_stored(place: Place) -> None:
    with ScriptedServer("fine") as server:
        agents = {
            "a": {"spec": {"model": "openai:test", "instructions": "x", "tools": ["read_file"]}}
        }
        async with place.running() as built:
            fleet = await place.open(built.session("ann"), agents, {"OPENED": "1"})
        async with place.running() as built:
            session, state = built.session("ann"), built.engine.state(fleet)
            name = await session.send(StartRun(fleet, Payload("go")))
            await wait_for(session, lambda: state.agents["a"].status == "waiting")
            for variable, value in server.environment().items():
                place.put("default", variable, value)
            await wait_for(session, lambda: bool(state.runs[name].report))
            assert state.runs[name].status == "finished"


async def test_another_master_key_stops_programs_and_no_host(place: Place) -> None:
    place.put("default", "github-token", CANARY)
    (place.state / "secrets" / "master.key").unlink()
    async with place.running() as built:
        session = built.session("ann")
        agents = {"w": worker("env", secrets=["github-token"]), "free": worker("env")}
        fleet = await place.open(session, agents, {"OPENED": "1"})
        await run_approved(built, session, fleet)
        log = await session.read(queries.ReadLog(fleet, "w", full=True))
        assert "there is no master key here" in "\n".join(row.text for row in log)
        assert SecretStore(place.state / "secrets").listed("default")
