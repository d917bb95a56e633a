"""`scripted:FILE`: replies read from a YAML file, for tests and demos.

    agents:
      security-reviewer:
        - content: I read the diff first.
          tool_calls: [{name: git_diff, arguments: {}}]
        - tool_calls: [{name: submit_result, arguments: {verdict: approve, confidence: 0.9}}]
      "*":
        - error: {message: overloaded, retryable: true, times: 1}
          content: "VOTE: approve (0.8) nothing found"
          delay: 0.5
          usage: {input_tokens: 100, output_tokens: 20, cost: 0.001}

Which reply is next is read from the request alone, so a restart goes on where it was: step N of a
turn (the request's id is turn.step.attempt) gets the Nth reply of its agent, in every turn anew.
For an id of another form it is the number of assistant messages in the conversation plus one.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from fleettui.adapters.models.arguments import tool_call
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelReply, ModelRequest, ToolCall, Usage

ANYBODY: Final = "*"
MOST_BYTES: Final = 4 << 20
_STEP: Final = re.compile(r".+\.(\d+)\.(\d+)\Z", re.DOTALL)
_PIECE: Final = re.compile(r"\s*\S+\s*")


class ScriptedCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tool call; `arguments` as text may be broken on purpose."""

    name: str
    arguments: dict[str, Any] | str = {}
    id: str = ""


class ScriptedError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A failure of the first `times` attempts; 0 is every one."""

    message: str
    retryable: bool = False
    retry_after: float | None = None
    times: int = 0


class ScriptedReply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer: `delay` in seconds before it ends."""

    content: str = ""
    tool_calls: tuple[ScriptedCall, ...] = ()
    delay: float = 0.0
    error: ScriptedError | None = None
    usage: Usage = Usage()
    finish_reason: str = ""


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file: replies by the agent's name in its fleet file, `*` for everybody else."""

    agents: dict[str, tuple[ScriptedReply, ...]]


class ScriptedModel:
    """Answers from scripts; `load` turns the text of a file into plain objects."""

    def __init__(self, load: Callable[[str], object]) -> None:
        self._load = load

    async def complete(
        self,
        request: ModelRequest,
        on_text: Callable[[str], None] | None = None,
    ) -> ModelReply:
        """Give the next reply of the script that `request.model` names; raises ModelFailed."""
        name = request.model.partition(":")[2].strip()
        script = await asyncio.to_thread(self._read, name, request.environment)
        reply, step = self._choose(script, request, name)
        await asyncio.sleep(min(reply.delay, request.timeout))
        if reply.delay > request.timeout:
            raise ModelFailed(
                f"the script did not answer within {request.timeout:g} s",
                retryable=True,
            )
        attempt = _numbers(request)[1]
        if reply.error and (not reply.error.times or attempt < reply.error.times):
            raise ModelFailed(
                reply.error.message,
                retryable=reply.error.retryable,
                retry_after=reply.error.retry_after,
            )
        if request.stream and on_text is not None:
            for piece in _PIECE.findall(reply.content):
                on_text(piece)
        return _reply(reply, step)

    def _read(self, name: str, environment: Mapping[str, str]) -> Script:
        path = find(name, environment)
        text = _text(path)
        try:
            return msgspec.convert(self._load(text), Script)
        except Exception as error:
            raise ModelFailed(
                f"the script {path} is wrong: {error}",
                "docs/models.md shows how one looks",
            ) from error

    def _choose(
        self,
        script: Script,
        request: ModelRequest,
        name: str,
    ) -> tuple[ScriptedReply, int]:
        replies = script.agents.get(request.agent, script.agents.get(ANYBODY))
        if replies is None:
            raise ModelFailed(
                f"the script {name} has nothing for the agent {request.agent!r}",
                f"add it under agents, or {ANYBODY!r} for everybody",
            )
        step = _numbers(request)[0]
        if step > len(replies):
            raise ModelFailed(
                f"the script {name} holds {len(replies)} replies for the agent "
                f"{request.agent!r}, and this is call {step} of its turn",
                "add replies, or end the turn with submit_result or a VOTE line",
            )
        return replies[step - 1], step


def find(name: str, environment: Mapping[str, str]) -> Path:
    """Find a script: absolute, or where the opener of the fleet stood, or where this process is."""
    path = Path(name).expanduser()
    places = [Path(environment["PWD"]) / path] if environment.get("PWD") else []
    places.append(Path(os.path.abspath(path)))  # noqa: PTH100 - resolve would follow links
    return next((place for place in places if place.is_file()), places[0])


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ModelFailed(
            f"the script {path} can't be read: {error.strerror}",
            "write scripted:FILE with the path of a script",
        ) from error
    if len(body) > MOST_BYTES:
        raise ModelFailed(f"the script {path} is over {MOST_BYTES} bytes")
    return body.decode("utf-8", "replace")


def _numbers(request: ModelRequest) -> tuple[int, int]:
    """Give the step of the turn (from 1) and the attempt (from 0) that a request is."""
    if found := _STEP.match(request.id):
        return max(int(found[1]), 1), int(found[2])
    return sum(message.role == "assistant" for message in request.messages) + 1, 0


def _reply(reply: ScriptedReply, step: int) -> ModelReply:
    calls = tuple(_call(call, step, place) for place, call in enumerate(reply.tool_calls))
    finish = reply.finish_reason or ("tool_calls" if calls else "stop")
    return ModelReply(reply.content, calls, reply.usage, finish)


def _call(call: ScriptedCall, step: int, place: int) -> ToolCall:
    given = call.arguments
    text = given if isinstance(given, str) else json.dumps(given)
    return tool_call(call.name, text, call.id or f"scripted_{step}_{place}", place)
