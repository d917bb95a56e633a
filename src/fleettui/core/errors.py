"""Every refusal fleettui can give, each with its mend.

FleettuiError
├── Refused              the rules say no; nothing changed
│   ├── NotFound         no such thing, or not yours: the two look the same
│   ├── Ambiguous        a short name fits several things
│   ├── IllegalMove      the lifecycle does not allow it now
│   ├── Stale            the thing changed, or somebody else was first
│   ├── Forbidden        this actor may not do that
│   └── QuotaReached     a tenant or a person has as much as it may; carries when it may again
├── NotBuilt             the file asks for something that is not built yet
├── MissingExtra         an optional package is not installed
├── BadSpec              a file has errors; carries the placed problems
├── StoreFailed          the store could not do its work
│   ├── SequenceConflict two writers, or a gap in a stream
│   ├── StoreForeign     the file is not a fleettui store, or is damaged
│   ├── StoreNewer       the file was written by a newer fleettui
│   ├── StoreLocked      another process owns the store
│   ├── StoreReadOnly    the file or its folder can't be written
│   ├── StoreSealed      what is asked for is not the caller's tenant's
│   └── StoreFull        the disk is full
├── SecretsLocked        the stored secrets can't be opened: no key, another one, damage
├── MemoryLost           the shared memory can't be reached, or did not do its work
├── ChannelFailed        a platform did not take what was sent; carries whether to try again
├── ModelFailed          a model call failed; carries whether to try again
├── AgentFailed          a program that is an agent failed; carries whether to try again
├── AgentDied            the program of an agent ended, or its runtime broke
├── ToolFailed           a tool refuses a call, or its work failed
├── OutcomeUnknown       a tool began, and nobody can say whether it was done
└── HostGone             the host process ended or can't be reached
"""

from __future__ import annotations

from collections.abc import Sequence


class FleettuiError(Exception):
    """The root: `message` says what and why, `mend` what to do about it."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message if not mend else f"{message}; {mend}")
        self.message = message
        self.mend = mend


class Refused(FleettuiError):
    """The rules say no; nothing changed."""


class NotFound(Refused):
    """There is no such thing for this actor."""


class Ambiguous(Refused):
    """A short name fits several things."""


class IllegalMove(Refused):
    """The lifecycle does not allow this move from the present state."""


class Stale(Refused):
    """The thing changed since it was shown, or somebody else was first."""


class Forbidden(Refused):
    """This actor may not do that."""


class QuotaReached(Refused):
    """A tenant or a person has as much as it may.

    `quota` is the field of the tenant's file, `again_at` when it is possible again by time alone
    (seconds since the epoch, 0 for: when something ends).
    """

    def __init__(
        self, message: str, mend: str = "", *, quota: str = "", again_at: float = 0.0
    ) -> None:
        super().__init__(f"{message} (quota {quota})" if quota else message, mend)
        self.quota = quota
        self.again_at = again_at


class NotBuilt(FleettuiError):
    """The file asks for something that this version can't do yet."""


class MissingExtra(FleettuiError):
    """An optional package is not installed; the mend names the extra."""


class BadSpec(FleettuiError):
    """A file has errors; `problems` are the placed lines `file:line:column: ...`."""

    def __init__(self, message: str, problems: Sequence[str], mend: str = "") -> None:
        super().__init__(message, mend)
        self.problems = tuple(problems)


class StoreFailed(FleettuiError):
    """The store could not do its work; what was not acknowledged is not stored."""


class SequenceConflict(StoreFailed):
    """A row is not the next of its stream: two writers, or a gap."""


class StoreForeign(StoreFailed):
    """The file is not a fleettui store, or it is damaged."""


class StoreNewer(StoreFailed):
    """The file was written by a newer fleettui."""


class StoreLocked(StoreFailed):
    """Another process owns the store."""


class StoreReadOnly(StoreFailed):
    """The file or its folder can't be written."""


class StoreSealed(StoreFailed):
    """Something asked for what is not its tenant's, or named no tenant."""


class StoreFull(StoreFailed):
    """The disk is full."""


class SecretsLocked(FleettuiError):
    """The stored secrets of a tenant can't be opened, or their key can't be had."""


class MemoryLost(FleettuiError):
    """The shared memory of a fleet can't be reached, or did not do its work."""


class ChannelFailed(FleettuiError):
    """A platform did not take a reply or a question; `retryable` says whether it may later."""

    def __init__(self, message: str, mend: str = "", *, retryable: bool = True) -> None:
        super().__init__(message, mend)
        self.retryable = retryable


class ModelFailed(FleettuiError):
    """A model call failed.

    `retryable` says whether the engine may try again by its own rules, `retry_after` (seconds)
    what the provider asked for, `status` the HTTP status if there was one.
    """

    def __init__(
        self,
        message: str,
        mend: str = "",
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message, mend)
        self.retryable = retryable
        self.retry_after = retry_after
        self.status = status


class AgentDied(FleettuiError):
    """An agent itself broke: its program ended, or its runtime did; supervision decides."""


class AgentFailed(FleettuiError):
    """A program that is an agent itself refused, or did not keep to its protocol.

    `retryable` says whether the engine may try the turn again by its own rules.
    """

    def __init__(self, message: str, mend: str = "", *, retryable: bool = False) -> None:
        super().__init__(message, mend)
        self.retryable = retryable


class ToolFailed(FleettuiError):
    """A tool refuses a call, or its work failed; the agent is told."""


class OutcomeUnknown(FleettuiError):
    """A tool asked for something and got no answer: it may have been done, or not."""


class HostGone(FleettuiError):
    """The host process ended or can't be reached."""
