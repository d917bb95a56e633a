"""Serving: the parts of a house that take messages to flows, put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import get_args

from fleettui.adapters.channels.file import FileChannel
from fleettui.adapters.channels.schedule import ScheduleChannel
from fleettui.adapters.channels.webhook import WebhookChannel
from fleettui.adapters.yaml.daemon import default_flow, load_daemon
from fleettui.adapters.yaml.reloading import ReloadingFlows
from fleettui.core.commands.requests import UseFlows
from fleettui.core.commands.tenants import AdmitTenant
from fleettui.core.errors import NotFound, Refused
from fleettui.core.flow import Flow
from fleettui.core.incoming import canonical
from fleettui.core.spec.daemon import DaemonSpec
from fleettui.core.spec.tenant import TenantPlan
from fleettui.core.tenancy import is_tenant_name
from fleettui.engine.engine import Engine
from fleettui.engine.flow_door import FlowDoor
from fleettui.engine.flows import Flows, FlowSettings
from fleettui.engine.intake import Intake
from fleettui.engine.items import Items
from fleettui.engine.keeping import Keeping
from fleettui.engine.lanes import Lanes
from fleettui.engine.questions import Questions
from fleettui.engine.replies import Replies
from fleettui.engine.requests import Requests
from fleettui.engine.triggers import Triggers
from fleettui.engine.watching import isolated
from fleettui.ports import Channel, FlowFolder, Vault

_log = logging.getLogger(__name__)


def _open_folder(command: UseFlows) -> FlowFolder:
    """Open the folder of flows that an operator names; raises NotFound."""
    if not Path(command.folder).exists():
        raise NotFound(f"there is no folder {command.folder}", "name one with --flows")
    return ReloadingFlows(
        command.folder, command.environment, agents=command.agents, fleets=command.fleets
    )


def daemon_settings(
    config: str, folder: str, environment: Mapping[str, str]
) -> tuple[FlowSettings, str]:
    """Give how flows are served by a DaemonConfig, or without one, and the folder of tenants.

    A `folder` goes before the one of the config. Raises BadSpec with every placed problem.
    """
    daemon = load_daemon(config, environment) if config else None
    spec = daemon.spec if daemon else DaemonSpec()
    for warning in daemon.warnings if daemon else ():
        _log.warning("%s", warning)
    place = folder or (daemon.flows if daemon else "flows")
    if spec.flows.enabled and not (place and Path(place).is_dir()):
        raise NotFound(f"there is no folder of flows {place}".rstrip(), "name one with --flows-dir")
    place = str(Path(place).absolute())
    source = ReloadingFlows(
        place,
        environment,
        agents=daemon.agents if daemon else "",
        fleets=daemon.fleets if daemon else "",
        recursive=spec.flows.recursive,
    )
    settings = FlowSettings(
        folder=source if spec.flows.enabled else None,
        place=place,
        pinned=True,
        environment=environment,
        host=spec.server.host,
        port=spec.server.port,
        longest_answer=spec.server.timeout_secs,
        off=frozenset(
            canonical(name) for name, platform in spec.platforms.items() if not platform.enabled
        ),
        default=default_flow(config, daemon, environment) if daemon else None,
        strict=spec.routing.strict_mode,
        watch=spec.flows.watch,
        most=spec.runtime.max_concurrent_tasks,
        most_of_user=spec.runtime.max_tasks_per_user or 0,
        timeout=spec.runtime.task_timeout_secs,
    )
    return settings, daemon.tenants if daemon else ""


async def _stored(sent: asyncio.Future[str]) -> None:
    await sent


class Hearing:
    """The channels of a host, each told what the flows wait for from it."""

    def __init__(self, engine: Engine, notes: Path, further: Mapping[str, Channel]) -> None:
        self._engine, clock = engine, engine.clock
        self._schedule = ScheduleChannel(clock, self._last_due)
        self.webhook = WebhookChannel(clock)
        self._file = FileChannel(clock, notes)
        mine: tuple[Channel, ...] = (self._schedule, self.webhook, self._file)
        self.channels: Mapping[str, Channel] = {one.platform: one for one in mine} | dict(further)

    def use(self, triggers: Triggers) -> tuple[str, ...]:
        """Go by other triggers from now on, and say what is wrong with some of them."""
        self._schedule.use(triggers.schedules)
        self._file.use(triggers.files)
        return self.webhook.use(triggers.webhooks)

    def _last_due(self, tenant: str, flow: str) -> float:
        return self._engine.tenant(tenant).requests.due.get(flow, 0.0)


class Serving:
    """The parts of a house that take messages to flows, and what came of them back."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        state: Path,
        channels: Mapping[str, Channel],
        settings: FlowSettings,
        keeping: Keeping,
        items: Items,
        group: asyncio.TaskGroup,
    ) -> None:
        self.hearing = Hearing(engine, state / "files.done", channels)
        self._engine = engine
        self.flows = Flows(self._admit, self.hearing.use, vault)
        self._settings, self._group = settings, group
        questions = Questions(engine, self.hearing.channels)
        lanes = Lanes(engine, self.flows, vault, keeping, state / "flows")
        self._replies = Replies(engine, self.hearing.channels, group)
        self._intake = Intake(engine, self.flows, questions)
        self.requests = Requests(engine, self.flows, lanes, items, questions, self._replies, group)
        self.door = FlowDoor(engine, self.flows, self._intake, self.requests, _open_folder)

    def _admit(self, flow: Flow) -> None:
        """Let the organization of a flow in that no tenant's file describes; its tier is its plan.

        Flows are the host's own: who may put one there may give the host a tenant.
        """
        if self._engine.find_tenant(flow.tenant) is not None or not is_tenant_name(flow.tenant):
            return
        tier = flow.labels.get("tier", "")
        spec = {"plan": tier} if tier in get_args(TenantPlan) else {}
        admitted = self._engine.send(AdmitTenant(flow.tenant, spec))
        self._group.create_task(isolated(lambda: _stored(admitted)))

    async def begin(self) -> list[asyncio.Task[None]]:
        """Take messages from now on; gives the tasks to be ended with the host."""
        settings = self._settings
        self.hearing.webhook.listen_at(settings.host, settings.port, settings.longest_answer)
        await self.flows.use(settings)
        begin = self._group.create_task
        return [
            begin(self.requests.run(), name="requests"),
            begin(self.flows.run(), name="flows"),
            *(
                begin(isolated(channel.receive, self._intake.take), name=channel.platform)
                for channel in self.hearing.channels.values()
            ),
        ]

    async def wait_settled(self) -> None:
        """Wait until flows can be reached, and say so; raises Refused where they can't."""
        webhook = self.hearing.webhook
        await webhook.wait_settled()
        if webhook.trouble:
            raise Refused(webhook.trouble)
        at = f", webhooks at {webhook.listening_at}" if webhook.listening_at else ""
        _log.info("ready: %d flows of %s%s", len(self.flows.flows), self._settings.place, at)

    def tasks(self) -> Iterator[asyncio.Task[None]]:
        """Give what goes on, to be ended with the host."""
        return chain(self.requests.tasks(), self._replies.tasks())
