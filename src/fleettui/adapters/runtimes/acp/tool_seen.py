"""ToolSeen: a tool call of an agent, put together from all that the agent said of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fleettui.adapters.runtimes.acp.shown import one_line, output_of
from fleettui.core.model import ToolResult

KINDS: Final = frozenset(
    {
        "read", "edit", "delete", "move", "search", "execute", "think", "fetch", "switch_mode",
        "other",
    }
)  # fmt: skip
ENDED: Final = frozenset({"completed", "failed", "cancelled"})
_COMMANDS: Final = ("command", "cmd", "script")
_PATHS: Final = ("path", "file_path", "filePath", "filepath", "abs_path", "absolute_path",
                 "notebook_path")  # fmt: skip


@dataclass(slots=True)
class ToolSeen:
    """One tool call; `action` is the one it was allowed by, empty as long as there is none."""

    id: str
    title: str = ""
    kind: str = "other"
    status: str = "pending"
    given: Mapping[str, Any] = field(default_factory=dict)
    content: list[Any] = field(default_factory=list)
    output: Any = None
    paths: list[str] = field(default_factory=list)
    action: str = ""
    asked: bool = False
    logged: bool = False
    over: bool = False

    def take(self, update: Mapping[str, Any]) -> None:
        """Take in what the agent says now; what it leaves out stays."""
        if isinstance(update.get("title"), str) and update["title"]:
            self.title = update["title"]
        if isinstance(update.get("kind"), str):
            self.kind = update["kind"] if update["kind"] in KINDS else "other"
        if isinstance(update.get("status"), str):
            self.status = update["status"]
        if isinstance(update.get("rawInput"), dict) and update["rawInput"]:
            self.given = {**self.given, **update["rawInput"]}
        if isinstance(update.get("content"), list):
            self.content = update["content"]
        if update.get("rawOutput") is not None:
            self.output = update["rawOutput"]
        if isinstance(update.get("locations"), list):
            self.paths = [
                one["path"]
                for one in update["locations"]
                if isinstance(one, dict) and isinstance(one.get("path"), str)
            ] or self.paths

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def known(self) -> bool:
        """Say whether it is known by now what the call would do."""
        return bool(self.given) or self.status != "pending" or bool(self.content)

    @property
    def command(self) -> str | tuple[str, ...]:
        """Give the command it would run: a script, an argv, or nothing."""
        found = next((self.given[name] for name in _COMMANDS if self.given.get(name)), "")
        if isinstance(found, list) and all(isinstance(word, str) for word in found):
            return tuple(found)
        if not isinstance(found, str):
            return ""
        more = self.given.get("args")
        if isinstance(more, list) and more and all(isinstance(word, str) for word in more):
            return (found, *more)
        return found

    @property
    def path(self) -> str:
        """Give the file it is about, as the agent names it."""
        for change in self.content:
            if isinstance(change, dict) and change.get("type") == "diff":
                return str(change.get("path") or "")
        named = next((self.given[name] for name in _PATHS if self.given.get(name)), "")
        return str(named) if named else (self.paths[0] if self.paths else "")

    @property
    def summary(self) -> str:
        """Say in a line what the call is."""
        command = self.command
        text = " ".join(command) if isinstance(command, tuple) else command
        return f"{self.kind}: {one_line(text or self.title or self.path or self.id)}"

    def writes(self, path: str, content: str, workspace: str) -> bool:
        """Say whether it is the very change of a file that was shown."""
        return any(
            isinstance(one, dict)
            and one.get("type") == "diff"
            and os.path.join(workspace, str(one.get("path"))) == path
            and one.get("newText") == content
            for one in self.content
        )

    def runs(self, argv: tuple[str, ...]) -> bool:
        """Say whether it is the very command that was shown."""
        command = self.command
        if not command:
            return False
        shell = len(argv) == 3 and argv[0].rpartition("/")[2] in {"sh", "bash", "zsh"}
        if isinstance(command, tuple):
            return argv == command
        return argv == (command,) or (shell and argv[1] in {"-c", "-lc"} and argv[2] == command)

    def result(self) -> ToolResult:
        """Give what came of it."""
        raw = self.output
        meta = raw.get("metadata") if isinstance(raw, dict) else None
        code = meta.get("exit") if isinstance(meta, dict) else None
        return ToolResult(
            output_of(self.content, raw),
            ok=self.status == "completed",
            exit_code=code if isinstance(code, int) and not isinstance(code, bool) else None,
        )
