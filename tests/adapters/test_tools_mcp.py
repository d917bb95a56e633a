"""MCP servers: real ones over pipes and HTTP, and every way in which one can go wrong."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from fleettui.adapters.tools.mcp.listed import listed_tools
from fleettui.adapters.tools.mcp.schema import schema_problems
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.errors import OutcomeUnknown, ToolFailed
from fleettui.core.model import Facts, ToolCall, ToolResult, ToolServer, Workplace
from fleettui.core.policy.judge import judge
from fleettui.core.policy.rules import policy_rules

SERVER = str(Path(__file__).parent / "mcp_server.py")
SECRET = "tok-3n-of-the-Server-99"


def stdio(name: str = "test", **more: Any) -> ToolServer:
    given = {"command": sys.executable, "args": (SERVER,), **more}
    return ToolServer(name=name, transport="stdio", **given)


def script(name: str, text: str, **more: Any) -> ToolServer:
    return ToolServer(
        name=name, transport="stdio", command=sys.executable, args=("-c", text), **more
    )


def place(folder: Path, *servers: ToolServer, agent: str = "a", **more: Any) -> Workplace:
    return Workplace("t", "f", agent, str(folder), servers=servers, **more)


@pytest.fixture
async def box() -> AsyncIterator[LocalToolbox]:
    made = LocalToolbox({"PATH": os.environ["PATH"], "HOME": "/nonexistent", "X": "1"}, b"k" * 32)
    yield made
    await made.close()


async def freeze(box: LocalToolbox, where: Workplace, tool: str, **given: Any) -> Facts:
    return await box.freeze(ToolCall("1", f"mcp__test__{tool}", given), where)


async def use(
    box: LocalToolbox, where: Workplace, tool: str, say: Any = None, **given: Any
) -> ToolResult:
    return await box.perform(await freeze(box, where, tool, **given), where, say)


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def keeper(box: LocalToolbox) -> Any:
    (kept,) = box._servers._kept.values()
    return kept.keeper


def pid_of(box: LocalToolbox) -> int:
    (found,) = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and children_of(entry)
    ]
    return found


def children_of(entry: Path) -> bool:
    try:
        stat = (entry / "stat").read_text().rpartition(")")[2].split()
        command = (entry / "cmdline").read_bytes()
    except OSError:
        return False
    return int(stat[1]) == os.getpid() and SERVER.encode() in command and stat[0] != "Z"


async def test_the_tools_of_a_server_are_described_and_called(
    box: LocalToolbox, tmp_path: Path
) -> None:
    where = place(tmp_path, stdio())
    assert box.specs(["read_file"], where) == box.specs(["read_file"])
    assert await box.prepare(where) == ()
    specs = {spec.name: spec for spec in box.specs(["read_file"], where)}
    assert specs["mcp__test__echo"].description == "Say it again.\\u{200b}"
    assert set(specs["mcp__test__echo"].parameters["properties"]) == {"text", "times"}
    assert (await use(box, where, "echo", text="hi ", times=2)).output == "hi hi "
    failed = await use(box, where, "fail")
    assert (failed.ok, "fail" in failed.output) == (False, True)
    assert (await use(box, where, "hostile")).output == "a\\x1b]0;title\\x07b\\u{202e}c"
    assert (await use(box, where, "picture")).output == "[image image/png, 104 bytes: not shown]"
    assert (await use(box, where, "garbage")).output == "after garbage"


async def test_only_the_tools_that_the_file_takes_are_there(
    box: LocalToolbox, tmp_path: Path
) -> None:
    where = place(tmp_path, stdio(tools=("echo",)))
    await box.prepare(where)
    assert [spec.name for spec in box.specs([], where)] == ["mcp__test__echo"]
    with pytest.raises(ToolFailed, match="no tool 'mcp__test__die'"):
        await freeze(box, where, "die")


async def test_a_call_is_an_action_under_policy_with_its_arguments_bound(
    box: LocalToolbox, tmp_path: Path
) -> None:
    where = place(tmp_path, stdio())
    facts = await freeze(box, where, "echo", text="x")
    assert facts.summary == 'mcp__test__echo {"text": "x"}'
    assert facts.preview.startswith(f"MCP server test: {sys.executable} {SERVER}\nSay it again.")
    assert judge(facts, policy_rules(), agent="a").decision == "ask"
    # What a server says of itself allows nothing.
    trusted = await freeze(box, where, "trusted")
    assert judge(trusted, policy_rules(), agent="a").decision == "ask"
    rules = policy_rules(allow=["mcp__test__echo *"], deny=["mcp__test__trusted"])
    assert judge(facts, rules, agent="a").decision == "allow"
    assert judge(trusted, rules, agent="a").decision == "deny"
    assert (await freeze(box, where, "burn")).risks == ("write", "destructive")
    assert facts == await freeze(box, where, "echo", text="x")
    assert facts != await freeze(box, where, "echo", text="y")
    with pytest.raises(ToolFailed, match=r"times must be of type integer"):
        await freeze(box, where, "echo", text="x", times="3")
    with pytest.raises(ToolFailed, match=r"text is missing"):
        await freeze(box, where, "echo")
    swapped = replace(facts, operands=(replace(facts.operands[0], sha256="0" * 64),))
    assert "not the tool that was asked about" in (await box.perform(swapped, where)).output


async def test_a_server_gets_a_small_environment_and_its_secrets_stay_out(
    box: LocalToolbox, tmp_path: Path
) -> None:
    server = stdio(env={"TOKEN": "${TOKEN}", "MODE": "${MODE:-quiet}"}, variables={"TOKEN": SECRET})
    where = place(tmp_path, server)
    facts = await freeze(box, where, "variable", name="TOKEN")
    assert SECRET not in repr((facts, where.servers))
    told = (await box.perform(facts, where)).output
    assert told.startswith("TOKEN=[TOKEN] of ")
    names = {"HOME", "LANG", "LC_CTYPE", "MODE", "PATH", "TERM", "TOKEN"}
    assert set(eval(told.partition(" of ")[2])) <= names
    assert (await use(box, where, "variable", name="MODE")).output.startswith("MODE=quiet of ")


async def test_a_variable_that_is_not_set_is_said(box: LocalToolbox, tmp_path: Path) -> None:
    where = place(tmp_path, stdio(env={"TOKEN": "${TOKEN}"}))
    (trouble,) = await box.prepare(where)
    assert "variable TOKEN is not set" in trouble


async def test_progress_is_told(box: LocalToolbox, tmp_path: Path) -> None:
    go, said = tmp_path / "go", []
    where = place(tmp_path, stdio(env={"FLEETTUI_GO": str(go)}))
    calling = asyncio.create_task(use(box, where, "slow", said.append, steps=3))
    await until(lambda: "3 of 3 step 3" in said)
    go.touch()
    assert (await calling).output == "done slowly"


async def test_one_server_serves_agents_with_the_same_file_and_ends_with_the_last(
    box: LocalToolbox, tmp_path: Path
) -> None:
    first, second = (place(tmp_path, stdio(), agent=name) for name in "ab")
    await asyncio.gather(box.prepare(first), box.prepare(second))
    pid = pid_of(box)
    grandchild = int((await use(box, first, "child")).output)
    await box.release("f", "a")
    assert alive(pid)
    assert (await use(box, second, "echo", text="still")).output == "still"
    await box.release("f", "b")
    assert not alive(pid)
    await until(lambda: not alive(grandchild))
    other = replace(second, tenant="other")
    await asyncio.gather(box.prepare(second), box.prepare(other))
    assert len(box._servers._kept) == 2


async def test_a_server_that_dies_in_a_call_leaves_it_unknown_and_is_started_again(
    box: LocalToolbox, tmp_path: Path
) -> None:
    server = stdio(env={"TOKEN": "${TOKEN}"}, variables={"TOKEN": SECRET})
    where = place(tmp_path, server, stdio("other"))
    await box.prepare(where)
    with pytest.raises(OutcomeUnknown, match="was asked for die and did not answer"):
        await use(box, where, "die")
    keepers = {one.keeper.settings.name: one.keeper for one in box._servers._kept.values()}
    dying = keepers["test"]
    await until(lambda: bool(dying.why))
    (trouble,) = await box.prepare(where)
    assert trouble == "MCP server test: it ended with exit code 7: dying with [TOKEN]"
    assert {spec.name[:9] for spec in box.specs([], where)} == {"mcp__othe"}
    with pytest.raises(ToolFailed, match="not running"):
        await freeze(box, where, "echo", text="x")
    await until(lambda: bool(dying.tools))
    assert await box.prepare(where) == ()
    assert (await use(box, where, "echo", text="again")).output == "again"
    assert dying.starts == 2


async def test_a_call_without_an_answer_is_unknown_and_the_server_goes_on(
    box: LocalToolbox, tmp_path: Path
) -> None:
    where = place(tmp_path, stdio(timeout=12.0))
    with pytest.raises(OutcomeUnknown, match="did not answer"):
        await use(box, where, "hang")
    assert (await use(box, where, "echo", text="x")).output == "x"


async def test_an_answer_of_ten_megabytes_is_not_taken_in(
    box: LocalToolbox, tmp_path: Path
) -> None:
    where = place(tmp_path, stdio())
    await box.prepare(where)
    large = await use(box, where, "big", size=10_000_000)
    assert not large.ok
    assert "more than the 4,000,000 that are read" in large.output
    cut = await use(box, where, "big", size=1_000_000)
    assert cut.ok
    assert 100_000 < len(cut.output) < 100_200
    assert cut.size == 1_000_000
    assert (await use(box, where, "echo", text="x")).output == "x"


async def test_changed_tools_are_picked_up(box: LocalToolbox, tmp_path: Path) -> None:
    where = place(tmp_path, stdio())
    await use(box, where, "grow")
    await until(lambda: "mcp__test__fresh" in [spec.name for spec in box.specs([], where)])
    assert (await use(box, where, "fresh")).output == "grown"


HANGS = "import sys\nfor line in sys.stdin: pass"
BROKEN = [
    (script("test", HANGS, timeout=1.0), "did not answer in time"),
    (script("test", "import sys; sys.exit('no key given')"), "no key given"),
    (script("test", "while True: print('x' * 1000)", timeout=5.0), "ended|answer|losed"),
    (script("test", "import os\nwhile True: os.write(1, b'x' * 65536)", timeout=1.0), "in time"),
    (ToolServer(name="test", transport="stdio", command="no-such-program"), "not found"),
    (ToolServer(name="test", transport="http", url="http://127.0.0.1:1/mcp"), "onnect"),
]


@pytest.mark.parametrize(("server", "words"), BROKEN)
async def test_a_broken_server_disables_its_tools_and_nothing_else(
    box: LocalToolbox, tmp_path: Path, server: ToolServer, words: str
) -> None:
    where = place(tmp_path, server, stdio("good"))
    began = time.monotonic()
    troubles = await box.prepare(where)
    assert time.monotonic() - began < 40
    assert len(troubles) == 1
    assert any(word in troubles[0] for word in words.split("|")), troubles
    names = [spec.name for spec in box.specs(["read_file"], where)]
    assert "mcp__good__echo" in names
    assert not any(name.startswith("mcp__test") for name in names)


@pytest.fixture(params=["http", "sse"])
async def served(request: Any) -> AsyncIterator[ToolServer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, SERVER, request.param, str(port), stderr=asyncio.subprocess.DEVNULL
    )

    def listening() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    await until(listening)
    path = "mcp" if request.param == "http" else "sse"
    yield ToolServer(name="test", transport=request.param, url=f"http://127.0.0.1:{port}/{path}")
    if process.returncode is None:
        process.kill()
    await process.wait()


async def test_a_server_is_reached_over_http(
    box: LocalToolbox, tmp_path: Path, served: ToolServer
) -> None:
    where = place(tmp_path, served)
    assert await box.prepare(where) == ()
    facts = await freeze(box, where, "echo", text="x")
    assert facts.risks == ("write", "network")
    assert (await box.perform(facts, where)).output == "x"
    said: list[str] = []
    assert (await use(box, where, "picture", said.append)).output.startswith("[image image/png")
    large = await asyncio.gather(use(box, where, "big", size=10_000_000), return_exceptions=True)
    assert not getattr(large[0], "ok", False)


async def test_a_server_over_http_that_goes_away_in_a_call_leaves_it_unknown(
    box: LocalToolbox, tmp_path: Path, served: ToolServer
) -> None:
    where = place(tmp_path, replace(served, timeout=5.0))
    await box.prepare(where)
    with pytest.raises(OutcomeUnknown):
        await use(box, where, "die")


async def test_the_loop_is_not_held_up_while_the_package_is_loaded(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys, time
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.model import ToolServer, Workplace
assert not {{"mcp", "httpx2", "anyio"}} & set(sys.modules)
async def main():
    turns, over = 0, False
    async def watch():
        nonlocal turns
        while not over:
            await asyncio.sleep(0.002)
            loading = sys.modules.get("fleettui.adapters.tools.mcp.connection")
            turns += loading is not None and not hasattr(loading, "connect")
    watching = asyncio.create_task(watch())
    server = ToolServer(name="test", transport="stdio", command=sys.executable, args=({SERVER!r},))
    box = LocalToolbox({{"PATH": "/usr/bin:/bin"}}, b"k" * 32)
    print(await box.prepare(Workplace("t", "f", "a", {str(tmp_path)!r}, servers=(server,))))
    over = True
    await watching
    await box.close()
    print(turns)
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    out = (await process.communicate())[0].decode().splitlines()
    assert out[0] == "()"
    assert int(out[1]) > 10, "the loop turned while it was loaded: late by 30 ms at most"


async def test_without_the_extra_the_row_names_it(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
sys.modules["mcp"] = None
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.model import ToolServer, Workplace
async def main():
    server = ToolServer(name="test", transport="stdio", command=sys.executable)
    box = LocalToolbox({{"PATH": "/usr/bin:/bin"}}, b"k" * 32)
    print(*await box.prepare(Workplace("t", "f", "a", {str(tmp_path)!r}, servers=(server,))))
    await box.close()
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    out = (await process.communicate())[0].decode()
    assert out == (
        "MCP server test: the package mcp is not installed; pip install 'fleettui[mcp]'\n"
    )


@pytest.mark.parametrize(
    ("value", "schema", "words"),
    [
        ({"a": 1}, {"properties": {"a": {"type": ["string", "null"]}}}, "string or null"),
        ({"a": True}, {"properties": {"a": {"type": "integer"}}}, "integer"),
        ({"b": 1}, {"properties": {}, "additionalProperties": False}, "b is unknown"),
        ({"a": [1, "x"]}, {"properties": {"a": {"items": {"type": "number"}}}}, r"a\[2\]"),
        ({"a": {"b": 9}}, {"properties": {"a": {"properties": {"b": {"maximum": 3}}}}}, "most 3"),
        ({"a": "x"}, {"properties": {"a": {"enum": ["y"]}}}, "one of y"),
    ],
)
def test_arguments_are_held_against_a_strangers_schema(value: Any, schema: Any, words: str) -> None:
    assert any(words.replace("\\", "") in problem for problem in schema_problems(value, schema))


@pytest.mark.parametrize(
    "schema", [None, 5, {"type": 5}, {"type": [5]}, {"properties": 5, "required": 5}, {"enum": 3}]
)
def test_a_schema_that_makes_no_sense_stops_nobody(schema: Any) -> None:
    assert list(schema_problems({"a": 1}, schema)) == []


def test_names_are_made_fit_and_too_many_tools_are_left_out() -> None:
    about = {"description": "d", "schema": 3, "destructive": None}
    found = listed_tools(
        "my server",
        [{"name": name, **about} for name in ("a.b/c", "x" * 200, "a_b_c")],
        frozenset(),
    )
    assert next(iter(found)) == "mcp__my_server__a_b_c"
    assert len(found) == 2
    assert max(map(len, found)) == 64
    many = [{"name": f"t{n}", **about} for n in range(1000)]
    assert len(listed_tools("s", many, frozenset())) == 200
