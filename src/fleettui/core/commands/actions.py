"""Commands about an action, of its agent and of the people who answer."""

from __future__ import annotations

from typing import Literal

from fleettui.core.commands.root import Command
from fleettui.core.model import Facts, Payload, ToolCall, ToolResult


class ProposeAction(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent wants to do one exact thing. Answers the id of the action.

    `turn` is empty for what the fleet itself proposes, for a `part` of a run or after it. `nonce`
    is fresh randomness.
    """

    turn: str
    call: ToolCall
    facts: Facts
    nonce: str
    run: str = ""
    why: str = ""
    part: str = ""


class RejectCall(Command, frozen=True, tag=True, omit_defaults=True):
    """A call that makes no sense: nobody is asked, the agent gets the reason."""

    turn: str
    call: str
    reason: str


class Approve(Command, frozen=True, tag=True, omit_defaults=True):
    """Allow one exact action once; `always` saves a rule for the agent or the whole fleet.

    `version`, `digest` and `nonce` are those of the item that was shown; a face that shows the
    item now fills them in.
    """

    action: str
    version: int
    digest: str
    nonce: str
    always: Literal["", "agent", "fleet"] = ""
    confirmed: bool = False


class Withdraw(Command, frozen=True, tag=True, omit_defaults=True):
    """Take back an own approval, while others are still needed."""

    action: str


class Deny(Command, frozen=True, tag=True, omit_defaults=True):
    """Refuse an action; the agent gets the reason."""

    action: str
    version: int
    reason: str = ""


class EditAction(Command, frozen=True, tag=True, omit_defaults=True):
    """Put another argv in place of the one an action asks for; it asks again, as a new version."""

    action: str
    version: int
    argv: tuple[str, ...]
    facts: Facts | None = None
    nonce: str = ""


class ExtendExpiry(Command, frozen=True, tag=True, omit_defaults=True):
    """Give an action or a ballot more time, in seconds from now."""

    item: str
    seconds: float = 900.0


class WithdrawAction(Command, frozen=True, tag=True, omit_defaults=True):
    """The agent does not want an action any more that has not begun."""

    action: str
    why: str


class ExpireAction(Command, frozen=True, tag=True, omit_defaults=True):
    """The time to answer an action is up."""

    action: str


class StartAction(Command, frozen=True, tag=True, omit_defaults=True):
    """The action is about to be done; `facts` were frozen again just now and must be the same."""

    action: str
    facts: Facts


class FinishAction(Command, frozen=True, tag=True, omit_defaults=True):
    """The action was done; `result.output` is empty, its text is in `output`."""

    action: str
    result: ToolResult
    output: Payload


class LoseAction(Command, frozen=True, tag=True, omit_defaults=True):
    """Nobody knows whether a started action was done: the process that did it died."""

    action: str
    why: str = ""


class RevokeRule(Command, frozen=True, tag=True, omit_defaults=True):
    """Take back an "always" rule."""

    rule: str
