"""What flows wait for: their triggers, with the values of the variables they name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fleettui.core.channel import FileTrigger, ScheduleTrigger, WebhookTrigger
from fleettui.core.flow import Flow, obstacle
from fleettui.core.incoming import canonical
from fleettui.core.spec.cron import parse_cron
from fleettui.core.spec.flow import TriggerConfig
from fleettui.core.spec.variables import reveal


class Triggers(NamedTuple):
    """The triggers of all flows by kind, and which flows have one that can't be used, and why."""

    schedules: tuple[ScheduleTrigger, ...] = ()
    webhooks: tuple[WebhookTrigger, ...] = ()
    files: tuple[FileTrigger, ...] = ()
    problems: tuple[str, ...] = ()


# The values that the flows of a tenant may name, by variable.
Values = Callable[[str], Mapping[str, str]]


def triggers_of(flows: Sequence[Flow], values: Values) -> Triggers:
    """Make the triggers of flows; what is wrong with one leaves the others as they are."""
    schedules: list[ScheduleTrigger] = []
    webhooks: list[WebhookTrigger] = []
    files: list[FileTrigger] = []
    problems: list[str] = []
    for flow in flows:
        if flow.spec.trigger is None or obstacle(flow):
            continue
        config = flow.spec.trigger.config
        try:
            match canonical(flow.platform):
                case "schedule":
                    schedules.append(_schedule(flow, config))
                case "webhook":
                    webhooks.append(_webhook(flow, config, values(flow.tenant)))
                case "file":
                    files.append(_file(flow, config))
                case _:
                    pass
        except (ValueError, OSError) as error:
            problems.append(f"{flow.file}:{flow.line}:1: {flow.name}: {error}")
    return Triggers(tuple(schedules), tuple(webhooks), tuple(files), tuple(problems))


def next_due(flow: Flow, now: float) -> float:
    """Say when a flow is due next, 0 for one that no clock starts."""
    if flow.spec.trigger is None or canonical(flow.platform) != "schedule":
        return 0.0
    try:
        trigger = _schedule(flow, flow.spec.trigger.config)
    except (ValueError, OSError):
        return 0.0
    return trigger.cron.after(now, trigger.zone)


def _schedule(flow: Flow, config: TriggerConfig) -> ScheduleTrigger:
    text = config.text or f"It is time for {flow.name}."
    return ScheduleTrigger(
        flow.tenant, flow.name, parse_cron(config.cron or ""), ZoneInfo(config.timezone), text,
        config.catch_up,
    )  # fmt: skip


def _webhook(flow: Flow, config: TriggerConfig, environment: Mapping[str, str]) -> WebhookTrigger:
    return WebhookTrigger(
        flow.tenant, flow.name, config.path or "", _value(config.secret or "", environment),
        config.signature, config.replay_window, config.algorithm, config.signature_header or "",
        config.timestamp_header or "",
    )  # fmt: skip


def _file(flow: Flow, config: TriggerConfig) -> FileTrigger:
    beside = Path(flow.file).absolute().parent
    folder = os.path.normpath(beside / Path(config.path or "").expanduser())
    replies = os.path.normpath(beside / Path(config.replies).expanduser()) if config.replies else ""
    return FileTrigger(flow.tenant, flow.name, folder, config.glob, config.text or "", replies)


def _value(text: str, environment: Mapping[str, str]) -> str:
    """Give a secret's value; one whose variable is not set is no secret at all."""
    found = reveal(text, environment)
    return "" if "${" in found else found
