"""An answer being put together: text, tool calls by index, tokens, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from fleettui.adapters.models.arguments import tool_call
from fleettui.adapters.models.failure import no_answer
from fleettui.adapters.models.prices import cost
from fleettui.adapters.models.route import Route
from fleettui.core.model import ModelReply, Usage

# More than a model can say; a server that sends more is broken or hostile.
MOST_CHARACTERS = 16_000_000
MOST_CALLS = 1_000

FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "max_tokens": "length",
    "refusal": "content_filter",
}


@dataclass(slots=True)
class Call:
    """A tool call in pieces."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Answer:
    """What has come so far; `finish` stays empty until the provider really sent a reason."""

    route: Route
    text: list[str] = field(default_factory=list)
    calls: dict[int, Call] = field(default_factory=dict)
    sent: int = 0
    answered: int = 0
    cached: int = 0
    finish: str = ""
    characters: int = 0

    def add_text(self, text: str) -> str:
        """Take a piece of text and give it back; lone surrogates become question marks."""
        clean = text if text.isascii() else text.encode("utf-8", "replace").decode()
        self._count(clean)
        self.text.append(clean)
        return clean

    def add_call(self, index: int, call_id: str = "", name: str = "", arguments: str = "") -> None:
        """Take a piece of the tool call at `index`; some servers send id and name each time."""
        call = self.calls.setdefault(index, Call())
        if len(self.calls) > MOST_CALLS:
            raise no_answer(self.route, "it asks for too many tool calls")
        call.id = call.id or call_id
        call.name = call.name or name
        self._count(arguments)
        call.arguments.append(arguments)

    def reply(self) -> ModelReply:
        """Give the whole answer; raises ModelFailed where it was not received to its end."""
        if not self.finish:
            raise no_answer(self.route, "it ended without a finish reason")
        calls = tuple(
            tool_call(call.name, "".join(call.arguments), call.id, place)
            for place, (_, call) in enumerate(sorted(self.calls.items()))
        )
        finish = FINISH.get(self.finish, self.finish)
        return ModelReply(
            "".join(self.text),
            calls,
            Usage(self.sent, self.answered, self._cost()),
            "tool_calls" if calls and finish == "stop" else finish,
        )

    def _cost(self) -> float | None:
        return cost(self.route, self.sent, self.answered, self.cached)

    def _count(self, text: str) -> None:
        self.characters += len(text)
        if self.characters > MOST_CHARACTERS:
            raise no_answer(self.route, "it is too long to be an answer")
