"""What a request can be: its states, and why one can fail."""

from __future__ import annotations

from typing import Final, Literal

RequestStatus = Literal["queued", "running", "finished", "dead", "dropped"]
ReplyStatus = Literal["none", "owed", "sent", "lost"]
# failed, not_reached, cancelled: how its run ended. timeout: it took too long. deadline: it waited
# too long. unable: no fleet could take it.
ErrorType = Literal["failed", "not_reached", "cancelled", "timeout", "deadline", "unable"]

# How often a reply is tried, and after how many seconds again.
REPLY_BACKOFF: Final = (1.0, 5.0, 30.0, 120.0)


def request_key_of_run(tenant: str, request: str, tries: int) -> str:
    """Name one try of a request on the whole host: a run that has it is that try."""
    return f"{tenant}/{request}/{tries}"
