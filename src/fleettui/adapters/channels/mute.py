"""What channels share through which nobody is written to: no reply, no question, no person."""

from __future__ import annotations

from fleettui.core.channel import Person, Question, Reply
from fleettui.core.errors import NotBuilt


class Mute:
    """The half of ports.Channel that goes out, where there is nobody."""

    async def reply(self, address: str, reply: Reply) -> str:
        raise NotBuilt(f"there is nobody to send {reply.key} to at '{address}'")

    async def ask(self, address: str, question: Question) -> str:
        raise NotBuilt(f"{question.action} is asked in the inbox, not at '{address}'")

    async def resolve(self, user: str) -> Person | None:
        """Know nobody: no person stands behind a clock, a secret or a folder."""
        del user
        return None
