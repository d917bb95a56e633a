"""Desk: answers what an agent asks of its host during a turn: permissions, files, terminals."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from fleettui.adapters.runtimes.acp.hearing import Hearing
from fleettui.adapters.runtimes.acp.library import Library
from fleettui.adapters.runtimes.acp.link import mapping
from fleettui.adapters.runtimes.acp.permission import facts_of, is_for_good, option_for
from fleettui.adapters.runtimes.acp.terminals import MOST, Terminal, start_terminal
from fleettui.adapters.runtimes.acp.tool_seen import ToolSeen
from fleettui.core.errors import FleettuiError, ToolFailed
from fleettui.core.foreign import PREFIX
from fleettui.core.model import Facts, ToolCall, ToolResult, Workplace
from fleettui.ports import GuestDoor, Permit

_CANCELLED = {"outcome": {"outcome": "cancelled"}}
_NO_BYTES = 1_000_000


@dataclass(slots=True)
class Desk:
    """One turn's desk; `denials` is what the agent was refused, `asking` how many wait for it."""

    library: Library
    door: GuestDoor
    hearing: Hearing
    place: Workplace
    env: Mapping[str, str]
    denials: list[str] = field(default_factory=list)
    asking: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    terminals: dict[str, Terminal] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def workspace(self) -> str:
        """The folder the agent works in, without links."""
        return os.path.realpath(self.place.workspace)

    async def answer(self, method: str, params: Mapping[str, Any]) -> Any:
        """Answer a request; raises the library's error for what it can't have."""
        todo: Callable[[Mapping[str, Any]], Awaitable[Any]] | None = {
            "session/request_permission": self._permission,
            "fs/read_text_file": self._read,
            "fs/write_text_file": self._write,
            "terminal/create": self._create,
            "terminal/output": self._output,
            "terminal/wait_for_exit": self._wait_exit,
            "terminal/kill": self._kill,
            "terminal/release": self._release,
        }.get(method)
        if todo is None:
            raise self.library.error.method_not_found(method)
        await self.hearing.wait_caught_up()
        try:
            return await todo(params)
        except FleettuiError as refusal:
            raise self.library.error(-32000, f"not done: {refusal}") from None

    # --- permissions -----------------------------------------------------------------------------

    async def _permission(self, params: Mapping[str, Any]) -> Any:
        """Answer once, also where the person said "always": the rule is kept on our side."""
        await self.hearing.end_text()
        tool = self.hearing.tool(mapping(params.get("toolCall")))
        tool.asked = True
        await self.hearing.log(tool)
        options = params.get("options")
        yes, no = option_for(options, allow=True), option_for(options, allow=False)
        # What a person sees is what is asked now, whatever the agent reports meanwhile.
        asked = deepcopy(tool)
        facts = await self._facts(asked)
        permit = await self._permit(ToolCall(tool.id, facts.tool, {}), facts)
        if permit is None or not self.door.open():
            return _CANCELLED
        if permit.allowed and yes is None:
            await self.door.withdraw(permit.action, "the agent offers no way to allow it")
            return _CANCELLED
        if permit.allowed:
            await self._resumed()
            permit = await self.door.start(permit.action, await self._facts(asked))
        if not permit.allowed:
            return await self._deny(tool, permit.reason, no)
        tool.action = permit.action
        assert yes is not None
        if is_for_good(options, yes):
            await self.door.note(
                "note", "the agent offers no single permission: it may not ask again"
            )
        return {"outcome": {"outcome": "selected", "optionId": yes}}

    async def _facts(self, tool: ToolSeen) -> Facts:
        """Nail the call down; what reads a file of ours is judged as our own reading."""
        facts = await asyncio.to_thread(facts_of, tool, self.workspace, self.env["PATH"])
        path = facts.arguments.get("path")
        if facts.risks != ("read",) or not isinstance(path, str):
            return facts
        try:
            ours = await self.door.freeze(ToolCall(tool.id, "read_file", {"path": path}), {})
        except ToolFailed:
            return replace(facts, risks=("read", "secret"))
        return replace(facts, risks=ours.risks)

    async def _permit(self, call: ToolCall, facts: Facts) -> Permit | None:
        """Wait for the answer; None where the agent's turn is over before it comes."""
        self.asking += 1
        wanted = asyncio.ensure_future(self.door.permit(call, facts))
        over = asyncio.ensure_future(self.over.wait())
        try:
            await asyncio.wait({wanted, over}, return_when=asyncio.FIRST_COMPLETED)
            return wanted.result() if wanted.done() else None
        finally:
            self.asking -= 1
            for waiting in (wanted, over):
                waiting.cancel()
            await asyncio.gather(wanted, over, return_exceptions=True)

    async def _resumed(self) -> None:
        """Keep the answer while the agent is paused."""
        self.asking += 1
        try:
            await self.door.wait_resumed()
        finally:
            self.asking -= 1

    async def _deny(self, tool: ToolSeen, reason: str, no: str | None) -> Any:
        """Refuse; the protocol carries no reason, so the agent gets it in the next prompt."""
        self.denials.append(f"{tool.summary}\nThe reason: {reason or 'none was given'}")
        if no is None:
            return _CANCELLED
        return {"outcome": {"outcome": "selected", "optionId": no},
                "_meta": {"fleettui": {"reason": reason}}}  # fmt: skip

    def _covering(self, fits: Callable[[ToolSeen], bool]) -> ToolSeen | None:
        """Give the call that was allowed for exactly this, and goes on."""
        for tool in self.hearing.tools.values():
            if tool.action and not tool.over and fits(tool):
                return tool
        return None

    # --- files -----------------------------------------------------------------------------------

    async def _read(self, params: Mapping[str, Any]) -> Any:
        wanted: dict[str, Any] = {"path": self._path(params)}
        for name in ("line", "limit"):
            value = params.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                wanted[name] = value
        outcome = await self._serve(ToolCall("read", "read_text", wanted))
        return {"content": outcome.output}

    async def _write(self, params: Mapping[str, Any]) -> Any:
        path, content = self._path(params), params.get("content")
        if not isinstance(content, str):
            raise self.library.error.invalid_params({"content": "expected text"})
        call = ToolCall("write", "write_file", {"path": path, "content": content})
        whole = os.path.join(self.workspace, path)
        covering = self._covering(lambda tool: tool.writes(whole, content, self.workspace))
        await self._serve(call, covering.action if covering else "")
        return {}

    def _path(self, params: Mapping[str, Any]) -> str:
        path = params.get("path")
        if not isinstance(path, str) or not path:
            raise self.library.error.invalid_params({"path": "expected an absolute path"})
        return path

    async def _serve(self, call: ToolCall, within: str = "") -> ToolResult:
        self.asking += 1
        try:
            outcome = await self.door.serve(call, within)
        finally:
            self.asking -= 1
        if not outcome.ok:
            raise ToolFailed(outcome.output or "it was refused")
        return outcome

    # --- terminals -------------------------------------------------------------------------------

    async def _create(self, params: Mapping[str, Any]) -> Any:
        async with self.lock:
            if len(self.terminals) >= MOST:
                raise ToolFailed(f"there are {MOST} terminals already", "release one")
        argv, env = self._argv(params), _variables(params.get("env"))
        wanted: dict[str, Any] = {"argv": list(argv)}
        if isinstance(params.get("cwd"), str):
            wanted["cwd"] = params["cwd"]
        call = ToolCall("terminal", "run", wanted)
        own = {"HOME": self.env["HOME"], **env}
        facts = await self._frozen(call, own)
        covering = self._covering(lambda tool: tool.runs(argv))
        action = "" if covering else await self._allowed(call, facts, own)
        limit = params.get("outputByteLimit")
        known = isinstance(limit, int) and not isinstance(limit, bool)
        try:
            terminal = await start_terminal(
                facts, action, {**self.env, **own},
                limit if known and isinstance(limit, int) else _NO_BYTES, self.place,
            )  # fmt: skip
        except OSError as failure:
            if action:
                await self.door.finish(action, ToolResult(str(failure), ok=False))
            raise ToolFailed(f"{argv[0]} can't be started: {failure}") from None
        name = f"term-{terminal.child.pid}"
        self.terminals[name] = terminal
        terminal.reading = asyncio.create_task(self._watch(terminal, covering), name=name)
        return {"terminalId": name}

    async def _frozen(self, call: ToolCall, env: Mapping[str, str]) -> Facts:
        facts = await self.door.freeze(call, env)
        return replace(facts, tool=f"{PREFIX}terminal")

    async def _allowed(self, call: ToolCall, facts: Facts, env: Mapping[str, str]) -> str:
        """Wait for permission and record the beginning; raises ToolFailed with the reason."""
        permit = await self._permit(call, facts)
        if permit is None:
            raise ToolFailed("the turn is over")
        if permit.allowed:
            await self._resumed()
            permit = await self.door.start(permit.action, await self._frozen(call, env))
        if not permit.allowed:
            raise ToolFailed(f"denied: {permit.reason or 'no reason was given'}")
        return permit.action

    def _argv(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Give the argv; a whole command line in place of a program goes to a shell, as one."""
        command, args = params.get("command"), params.get("args") or []
        texts = isinstance(args, list) and all(isinstance(word, str) for word in args)
        if not isinstance(command, str) or not command.strip() or not texts:
            raise self.library.error.invalid_params({"command": "expected a program and args"})
        if not args and len(command.split()) > 1:
            return ("sh", "-c", command)
        return (command, *args)

    async def _watch(self, terminal: Terminal, covering: ToolSeen | None) -> None:
        """Read to the end; what it wrote belongs to the call that it was started for."""
        await terminal.read()
        if covering is not None and covering.output is None:
            covering.output = terminal.text
        if terminal.action:
            await self.door.finish(terminal.action, terminal.result())

    def _terminal(self, params: Mapping[str, Any]) -> Terminal:
        found = self.terminals.get(str(params.get("terminalId")))
        if found is None:
            raise self.library.error.invalid_params({"terminalId": "there is no such terminal"})
        return found

    async def _output(self, params: Mapping[str, Any]) -> Any:
        terminal = self._terminal(params)
        status = terminal.status()
        ended = {"exitStatus": status} if status is not None else {}
        return {"output": terminal.text, "truncated": terminal.truncated, **ended}

    async def _wait_exit(self, params: Mapping[str, Any]) -> Any:
        terminal = self._terminal(params)
        if terminal.reading is not None:
            await asyncio.wait({terminal.reading})
        return terminal.status() or {}

    async def _kill(self, params: Mapping[str, Any]) -> Any:
        await self._end(self._terminal(params))
        return {}

    async def _release(self, params: Mapping[str, Any]) -> Any:
        await self._end(self._terminal(params))
        self.terminals.pop(str(params.get("terminalId")), None)
        return {}

    async def _end(self, terminal: Terminal) -> None:
        await terminal.child.end()
        if terminal.reading is not None:
            await asyncio.wait({terminal.reading}, timeout=2.0)

    async def close(self) -> None:
        """End every terminal and every wait: nothing outlives the turn."""
        self.over.set()
        for terminal in list(self.terminals.values()):
            await self._end(terminal)
            if terminal.reading is not None:
                terminal.reading.cancel()
        self.terminals.clear()


def _variables(given: Any) -> dict[str, str]:
    """Read a list of variables, as the protocol writes them."""
    return {
        one["name"]: one["value"]
        for one in (given if isinstance(given, list) else [])
        if isinstance(one, dict)
        and isinstance(one.get("name"), str)
        and isinstance(one.get("value"), str)
        and one["name"]
        and "=" not in one["name"]
        and "\0" not in one["name"] + one["value"]
    }
