"""The tool that writes one file, atomically, and only over the content that was shown."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import stat
from typing import Final

from fleettui.adapters.tools.diff import diff_of
from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.adapters.tools.workspace import Place, confine, open_folder, read_inside
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, Operand, ToolResult, Workplace

ABSENT: Final = "absent"
LARGEST: Final = 4_000_000

WRITE_FILE = spec(
    "write_file",
    "Write a whole text file, new or in place of what is there.",
    ("path", "content"),
    path={"type": "string", "minLength": 1, "description": "Relative to the workspace."},
    content={"type": "string", "description": "The whole new content."},
)


async def _freeze(arguments: Arguments, place: Workplace, _around: Surroundings) -> Facts:
    path = confine(place.workspace, arguments["path"])
    content = arguments["content"]
    if len(content.encode(errors="surrogatepass")) > LARGEST:
        raise ToolFailed(f"the content is larger than {LARGEST:,} bytes", "write a smaller file")
    return await asyncio.to_thread(_frozen, arguments, path, content)


def _frozen(arguments: Arguments, path: Place, content: str) -> Facts:
    return writing_facts("write_file", "write", arguments, path, old_content(path), content)


async def _write(facts: Facts, place: Workplace, _around: Surroundings) -> ToolResult:
    path = confine(place.workspace, facts.arguments["path"])
    body = facts.arguments["content"].encode(errors="replace")
    return await asyncio.to_thread(put_in_place, path, body, facts.operands[0])


def writing_facts(
    tool: str, verb: str, arguments: Arguments, path: Place, before: bytes | None, after: str
) -> Facts:
    """Nail down a write: the content there is, and the diff that a person is shown."""
    folder = os.stat(path.root)
    preview, counts = _preview(path.name, before, after)
    return Facts(
        tool,
        arguments,
        cwd=path.root,
        cwd_inode=f"{folder.st_dev}:{folder.st_ino}",
        operands=(Operand(path.real, _digest(before)),),
        risks=("write", "secret") if path.secret else ("write",),
        preview=preview,
        summary=f"{verb} {path.name} {counts}".strip(),
    )


def old_content(path: Place) -> bytes | None:
    """Give what a file holds, None where there is none."""
    if not os.path.lexists(path.real):
        return None
    return read_inside(path, 1 << 30)


def _digest(content: bytes | None) -> str:
    return ABSENT if content is None else hashlib.sha256(content).hexdigest()


def _preview(name: str, before: bytes | None, after: str) -> tuple[str, str]:
    """Give what a person sees of a write, and its size in a few characters."""
    if before is not None and b"\0" in before[:8_000]:
        size = f"binary file {name} ({len(before):,} bytes)"
        return f"{size} is replaced by {len(after):,} characters", ""
    old = None if before is None else before.decode(errors="replace")
    diff = diff_of(name, old, after)
    return diff.text or "no change", str(diff)


def put_in_place(path: Place, body: bytes, seen: Operand) -> ToolResult:
    """Write a file whole, if it still holds what was seen."""
    if path.real != seen.path or _digest(old_content(path)) != seen.sha256:
        return ToolResult(
            f"{path.name} changed since this write was proposed: nothing written; read it again.",
            ok=False,
        )
    below = os.path.relpath(os.path.dirname(path.real), path.root)
    folder = open_folder(path.root, below, create=True)
    try:
        _swap(folder, os.path.basename(path.real), body)
    finally:
        os.close(folder)
    return ToolResult(f"wrote {path.name}, {len(body):,} bytes")


def _swap(folder: int, name: str, body: bytes) -> None:
    fresh = f".{secrets.token_hex(8)}.fleettui"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = os.open(fresh, flags, 0o644, dir_fd=folder)
    try:
        with os.fdopen(opened, "wb") as file:
            _keep_mode(folder, name, file.fileno())
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except BaseException:
        os.unlink(fresh, dir_fd=folder)
        raise


def _keep_mode(folder: int, name: str, opened: int) -> None:
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    os.fchmod(opened, stat.S_IMODE(there.st_mode) & 0o777)


TOOLS = (Tool(WRITE_FILE, _freeze, _write),)
