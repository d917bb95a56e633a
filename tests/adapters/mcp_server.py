"""A real MCP server for tests, by the MCP package: `python mcp_server.py [stdio|http|sse PORT]`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path

from mcp.server.mcpserver import Context, Image, MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("test", log_level="ERROR")


@server.tool()
def echo(text: str, times: int = 1) -> str:
    """Say it again.\u200b"""
    return text * times


@server.tool()
def variable(name: str) -> str:
    """Give a variable of the server's environment."""
    return f"{name}={os.environ.get(name)} of {sorted(os.environ)}"


@server.tool()
def hostile() -> str:
    """Answer with what a terminal must not get."""
    return "a\x1b]0;title\x07b\u202ec"


@server.tool()
def picture() -> Image:
    """Answer with a picture."""
    return Image(data=b"\x89PNG" + b"\0" * 100, format="png")


@server.tool()
def fail() -> str:
    """Fail."""
    raise ValueError("it went wrong")


@server.tool()
async def slow(steps: int, context: Context) -> str:
    """Tell how far it is; go on when the file of FLEETTUI_GO is there."""
    for step in range(steps):
        await context.report_progress(step + 1, steps, f"step {step + 1}")
    while not Path(os.environ["FLEETTUI_GO"]).exists():
        await asyncio.sleep(0.02)
    return "done slowly"


@server.tool()
async def hang() -> str:
    """Never answer."""
    await asyncio.Event().wait()
    return "never"


@server.tool()
def die() -> str:
    """End the server in the middle of the call."""
    sys.stderr.write("dying with " + os.environ.get("TOKEN", "nothing") + "\n")
    sys.stderr.flush()
    os._exit(7)


@server.tool()
def big(size: int) -> str:
    """Answer with a lot."""
    return "x" * size


@server.tool()
def garbage() -> str:
    """Print what is no message, then answer."""
    sys.stdout.write('Listening on stdout, what else\n{"not": "a message"}\n')
    sys.stdout.flush()
    return "after garbage"


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def trusted() -> str:
    """Claim to only read."""
    return "read"


@server.tool(annotations=ToolAnnotations(destructive_hint=True))
def burn() -> str:
    """Admit to destroy."""
    return "burnt"


@server.tool()
def child() -> str:
    """Start a program that outlives its parent, and name it."""
    return str(subprocess.Popen(["sleep", "600"]).pid)


@server.tool()
async def grow(context: Context) -> str:
    """Add a tool."""
    server.add_tool(lambda: "grown", name="fresh", description="It was not there before.")
    await context.notify_tools_changed()
    with contextlib.suppress(Exception):  # the newer protocol tells only who listens
        await context.session.send_tool_list_changed()
    return "grown"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["http", port]:
            server.run("streamable-http", host="127.0.0.1", port=int(port))
        case ["sse", port]:
            server.run("sse", host="127.0.0.1", port=int(port))
        case _:
            server.run("stdio")
