"""Which session an agent works in: its own again, a fork of it, or a new one told what was."""

from __future__ import annotations

from typing import Any, NamedTuple

from fleettui.adapters.runtimes.acp.link import Link, mapping
from fleettui.adapters.runtimes.acp.shown import one_line
from fleettui.core.errors import AgentDied, AgentFailed
from fleettui.ports import Assignment, GuestDoor

_WITHIN = 120.0  # seconds to open a session
_WAYS_BACK = (
    ("resume", "session/resume", "ResumeSessionRequest", "resumed"),
    ("load", "session/load", "LoadSessionRequest", "loaded"),
)


class Opened(NamedTuple):
    """A session to work in; `fresh` says that the agent knows nothing in it."""

    session: str
    fresh: bool


class Sessions:
    """Opens sessions on a link, for an agent that works in a folder; `meta` goes with each."""

    def __init__(self, link: Link, cwd: str, meta: dict[str, Any]) -> None:
        self._link, self._cwd, self._meta = link, cwd, meta

    async def open(self, task: Assignment, door: GuestDoor) -> Opened:
        """Give the session for a turn, and record it; raises AgentFailed."""
        link, before = self._link, self._link.session
        opened, how = await self._choose(task, door)
        if before and before != opened.session and link.can("close"):
            await self._quietly("session/close", "CloseSessionRequest", before)
        if opened.session != before:
            link.told = ""
        link.session = opened.session
        await door.keep_session(opened.session, how)
        return opened

    async def _choose(self, task: Assignment, door: GuestDoor) -> tuple[Opened, str]:
        wanted, link = task.session, self._link
        if not wanted:
            return await self._new(), "new"
        if task.frozen and link.can("fork"):
            # The checkpoint keeps the session as it is; the agent goes on in its fork.
            answer = await self._quietly("session/fork", "ForkSessionRequest", wanted)
            if answer is not None and answer.get("sessionId"):
                return Opened(str(answer["sessionId"]), fresh=False), f"forked from {wanted[:60]}"
        if wanted == link.session:
            return Opened(wanted, fresh=False), "kept"
        for what, method, shape, how in _WAYS_BACK:
            if link.can(what) and await self._quietly(method, shape, wanted) is not None:
                return Opened(wanted, fresh=False), how
        why = "can't go back to" if link.can("load") or link.can("resume") else "keeps no"
        text = f"the agent {why} its session: a new one is told what was said"
        await door.note("note", text)
        return await self._new(), "new"

    async def _new(self) -> Opened:
        request = self._request("NewSessionRequest")
        try:
            answer = await self._link.ask("session/new", request, _WITHIN)
        except (AgentDied, AgentFailed):
            if not self._link.needs_login or not await self._link.log_in():
                raise
            answer = await self._link.ask("session/new", request, _WITHIN)
        session = answer.get("sessionId")
        if not isinstance(session, (str, int)) or not str(session):
            raise AgentFailed(f"{self._link.name} opened a session without an id")
        self._link.options = _options(answer)
        return Opened(str(session), fresh=True)

    async def _quietly(self, method: str, shape: str, session: str) -> dict[str, Any] | None:
        """Ask for what an agent may be unable to do; None where it is, unless it is gone."""
        params = (
            self._link.library.schema.CloseSessionRequest(session_id=session)
            if shape == "CloseSessionRequest"
            else self._request(shape, session_id=session)
        )
        try:
            answer = await self._link.ask(method, params, _WITHIN)
        except (AgentDied, AgentFailed):
            if not self._link.alive:
                raise
            return None
        if options := _options(answer):
            self._link.options = options
        return answer

    def _request(self, shape: str, **more: Any) -> Any:
        made = getattr(self._link.library.schema, shape)
        return made(cwd=self._cwd, mcp_servers=[], field_meta=self._meta or None, **more)

    async def choose_model(self, model: str, door: GuestDoor) -> None:
        """Ask for the model that the file names; what the agent offers is said where it fails."""
        if not model:
            return
        chooser = next((one for one in self._link.options if one.get("category") == "model"), None)
        chooser = chooser or next((o for o in self._link.options if o.get("id") == "model"), None)
        if chooser is None:
            await door.note(
                "note", f"the agent lets nobody choose its model: {model} is not asked for"
            )
            return
        if chooser.get("currentValue") == model:
            return
        request = self._link.library.schema.SetSessionConfigOptionSelectRequest(
            session_id=self._link.session, config_id=str(chooser.get("id")), value=model
        )
        try:
            answer = await self._link.ask("session/set_config_option", request, _WITHIN)
        except (AgentDied, AgentFailed) as failure:
            if not self._link.alive:
                raise
            now = one_line(str(chooser.get("currentValue")))
            await door.note("note", f"the agent stays with its model {now}: {failure}")
            return
        self._link.options = _options(answer) or self._link.options


def _options(answer: dict[str, Any]) -> list[dict[str, Any]]:
    found = answer.get("configOptions")
    return [mapping(one) for one in found] if isinstance(found, list) else []
