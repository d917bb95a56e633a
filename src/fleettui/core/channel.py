"""What travels through a channel: messages in, replies and questions out, and who people are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import tzinfo
from typing import Literal, NamedTuple

from fleettui.core.spec.cron import Cron
from fleettui.core.spec.flow import SignatureStyle
from fleettui.core.tenancy import DEFAULT

ReceiptStatus = Literal["queued", "repeated", "dropped", "refused"]


class Attachment(NamedTuple):
    """A file that came with a message: `source` is opaque, only its channel can fetch it."""

    name: str
    media_type: str
    size: int
    source: str


class Answer(NamedTuple):
    """An answer to a Question, by a button, a reaction or words.

    It counts only with the digest and the nonce of the question it was an answer to.
    """

    action: str
    verdict: Literal["approve", "deny"]
    digest: str
    nonce: str
    reason: str = ""


class Delivery(NamedTuple):
    """A message as a channel hands it over, once or more often.

    `ids` are all the names under which the platform may deliver it again: where one of them was
    seen, it is a repetition. `address` says where a reply goes, opaque but to its channel and good
    after a restart; empty where nobody waits for one. `tenant` and `flow` are what the channel was
    set up for, never what the message says; without a `flow` the router chooses. `replaces` is
    the id of the message that this is a later version of, `answer` makes it an answer to a
    question instead of a request.
    """

    platform: str
    channel: str
    user: str
    text: str
    ids: tuple[str, ...]
    at: float
    event: str = ""
    address: str = ""
    tenant: str = DEFAULT
    flow: str = ""
    replaces: str = ""
    attachments: tuple[Attachment, ...] = ()
    answer: Answer | None = None


class Receipt(NamedTuple):
    """What became of a delivery; it is durable.

    `request` is the id of what was queued, now or the first time. `why` says why nothing was,
    `free_at` when it would be taken (seconds since the epoch, 0 for never by itself).
    """

    status: ReceiptStatus
    request: str = ""
    why: str = ""
    free_at: float = 0.0


Take = Callable[[Delivery], Awaitable[Receipt]]


class Reply(NamedTuple):
    """What is said to whoever wrote: `key` is the same whenever the same reply is tried again."""

    key: str
    text: str
    status: str


class Question(NamedTuple):
    """An action that waits for people.

    `text` is the whole action as drawn for a person, sanitised; `chain` who may answer and
    `needs` how many of them. The answer carries `action`, `digest` and `nonce` back.
    """

    action: str
    digest: str
    nonce: str
    text: str
    expires_at: float
    needs: int = 1
    chain: str = ""


class Person(NamedTuple):
    """Somebody on a platform: `user` is what members' identities name, `name` is for eyes only."""

    platform: str
    user: str
    name: str = ""


class ScheduleTrigger(NamedTuple):
    """A flow that is due at times; `catch_up` runs it once for all that was missed."""

    tenant: str
    flow: str
    cron: Cron
    zone: tzinfo
    text: str
    catch_up: bool = True


class WebhookTrigger(NamedTuple):
    """A flow that takes requests at a path, signed with `secret`; empty headers are the style's."""

    tenant: str
    flow: str
    path: str
    secret: str
    style: SignatureStyle = "github"
    window: float = 300.0
    algorithm: Literal["sha256", "sha512"] = "sha256"
    signature_header: str = ""
    timestamp_header: str = ""


class FileTrigger(NamedTuple):
    """A flow that takes what appears or changes in a folder, where it fits one of the globs.

    `replies` is the folder that answers are written to, empty for none.
    """

    tenant: str
    flow: str
    folder: str
    globs: tuple[str, ...] = ()
    text: str = ""
    replies: str = ""
