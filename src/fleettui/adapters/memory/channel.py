"""MemoryChannel: a platform in memory, which can do all that a channel may be asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fleettui.core.channel import Delivery, Person, Question, Receipt, Reply, Take
from fleettui.core.errors import ChannelFailed


class MemoryChannel:
    """Satisfies ports.Channel. What was sent is kept; `failures` replies fail before one is taken.

    `people` are the users that it knows, by id.
    """

    def __init__(self, platform: str, people: Mapping[str, str] | None = None) -> None:
        self._platform, self._people = platform, dict(people or {})
        self._take: asyncio.Future[Take] | None = None
        self.replies: list[tuple[str, Reply]] = []
        self.questions: list[tuple[str, Question]] = []
        self.failures, self.retryable = 0, True

    @property
    def platform(self) -> str:
        return self._platform

    async def receive(self, take: Take) -> None:
        self._receiving().set_result(take)
        try:
            await asyncio.Event().wait()
        finally:
            self._take = None

    def _receiving(self) -> asyncio.Future[Take]:
        if self._take is None:
            self._take = asyncio.get_running_loop().create_future()
        return self._take

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Hand a message in as the platform would, once it is listened to."""
        take = await self._receiving()
        return await take(delivery)

    async def reply(self, address: str, reply: Reply) -> str:
        if self.failures:
            self.failures -= 1
            raise ChannelFailed(f"{self._platform} is not there", retryable=self.retryable)
        self.replies.append((address, reply))
        return f"{self._platform}-{len(self.replies)}"

    async def ask(self, address: str, question: Question) -> str:
        self.questions.append((address, question))
        return f"{self._platform}-question-{len(self.questions)}"

    async def resolve(self, user: str) -> Person | None:
        name = self._people.get(user)
        return None if name is None else Person(self._platform, user, name)
