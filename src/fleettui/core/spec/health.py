"""How a fleet's agents are watched, and what is done about one that dies or stands still."""

from __future__ import annotations

from pydantic import Field

from fleettui.core.spec.shape import Seconds, Shape


class Restarts(Shape):
    """When an agent that dies is started again, and when that is given up."""

    most: int = Field(default=5, ge=0, le=100, description="Restarts within `within`.")
    within: Seconds = Field(default=60.0, description="The time that `most` is counted in.")
    backoff: Seconds = Field(
        default=1.0, description="Wait before the first restart, doubled for each further one."
    )
    longest: Seconds = Field(default=60.0, description="The longest of these waits.")
    reset_after: Seconds = Field(
        default=600.0, description="After so long without a crash all is forgotten."
    )
    rollback: bool = Field(
        default=True, description="Whether it goes back to its last checkpoint before it is failed."
    )


class Health(Shape):
    """How agents are watched."""

    interval: Seconds = Field(default=30.0, description="How often every agent is looked at.")
    stalled_after: Seconds = Field(
        default=300.0, description="No progress for so long is an alert; twice that is a crash."
    )
    slow_after: Seconds = Field(
        default=120.0, description="An answer of its model that takes longer is an alert."
    )
    memory: int | None = Field(
        default=None, ge=1, description="MiB of its programs from which it is an alert."
    )
    cpu: float | None = Field(
        default=None, gt=0, description="Cores used on average since the last look, likewise."
    )
    restarts: Restarts = Field(
        default_factory=Restarts, description="What is done about an agent that dies."
    )
