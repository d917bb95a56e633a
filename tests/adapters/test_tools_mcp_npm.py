"""MCP servers that others wrote, from npm: the reference servers for files and for everything."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.model import ToolCall, ToolResult, ToolServer, Workplace

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fleettui-tests" / "mcp"
PACKAGES = CACHE / "node_modules" / "@modelcontextprotocol"
pytestmark = pytest.mark.skipif(
    not PACKAGES.is_dir() or shutil.which("node") is None,
    reason=f"needs node, and the servers that .ci/run installs below {CACHE}",
)


def server(name: str, *args: str) -> ToolServer:
    program = str(PACKAGES / f"server-{name}" / "dist" / "index.js")
    return ToolServer(name=name, transport="stdio", command="node", args=(program, *args))


@pytest.fixture
async def box() -> AsyncIterator[LocalToolbox]:
    made = LocalToolbox({"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, b"k" * 32)
    yield made
    await made.close()


async def use(box: LocalToolbox, where: Workplace, name: str, **given: Any) -> ToolResult:
    facts = await box.freeze(ToolCall("1", name, given), where)
    return await box.perform(facts, where)


async def test_the_file_server_works_in_the_workspace(box: LocalToolbox, tmp_path: Path) -> None:
    where = Workplace("t", "f", "a", str(tmp_path), servers=(server("filesystem", "."),))
    assert await box.prepare(where) == ()
    wrote = await use(box, where, "mcp__filesystem__write_file", path="a.txt", content="hello")
    assert wrote.ok, wrote.output
    assert (tmp_path / "a.txt").read_text() == "hello"
    outside = await use(box, where, "mcp__filesystem__read_text_file", path="/etc/passwd")
    assert not outside.ok


async def test_the_server_of_everything_is_understood(box: LocalToolbox, tmp_path: Path) -> None:
    where = Workplace("t", "f", "a", str(tmp_path), servers=(server("everything"),))
    assert await box.prepare(where) == ()
    names = [spec.name for spec in box.specs([], where)]
    assert "mcp__everything__echo" in names
    said = await use(box, where, "mcp__everything__echo", message="hello")
    assert "hello" in said.output
    picture = next(name for name in names if "image" in name)
    assert "[image image/png" in (await use(box, where, picture)).output
