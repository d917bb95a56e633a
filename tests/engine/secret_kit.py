"""A house of real parts with stored secrets, for tests: SQLite, programs, models over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fleettui.adapters.secrets.store import SecretStore
from fleettui.core.commands import Approve, OpenFleet, StartRun
from fleettui.core.model import Payload
from fleettui.core.state.fleet import RunState
from fleettui.core.views.queries import ReadInbox
from fleettui.engine.session import Session
from fleettui.wiring import House, house
from tests.engine.kit import wait_for


class Place:
    """A state folder with its secrets, and a workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state, self.workspace = folder, folder / "state", folder / "ws"
        self.state.mkdir(mode=0o700)
        self.workspace.mkdir()
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}

    def put(self, tenant: str, name: str, value: str) -> None:
        store = SecretStore(self.state / "secrets")
        store.put(tenant, name, value, 0.0, "ann", anew=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[House]:
        async with house(self.state, self.environment) as built:
            yield built

    async def open(
        self,
        session: Session,
        agents: Mapping[str, Mapping[str, Any]],
        environment: Mapping[str, str],
        name: str = "f",
    ) -> str:
        """Open a fleet of these agents, and give its id."""
        path = self.folder / f"{name}.yaml"
        entries = [{"name": agent, **fields} for agent, fields in agents.items()]
        spec = {"agents": entries, "coordination": {"mode": "peer"}}
        head = {"apiVersion": "aof.dev/v1", "kind": "AgentFleet", "metadata": {"name": name}}
        path.write_text(json.dumps({**head, "spec": spec}))
        return await session.send(
            OpenFleet("", str(path), str(self.workspace), "", dict(environment))
        )


async def run_approved(built: House, session: Session, fleet: str, task: str = "go") -> RunState:
    """Run a task to its report; whatever asks is approved."""
    state = built.engine.state(fleet)
    name = await session.send(StartRun(fleet, Payload(task)))

    async def approve() -> None:
        async with session.watch(fleet) as watch:
            while True:
                for row in await session.read(ReadInbox(fleet)):
                    if row.action is not None:
                        await session.send(
                            Approve(
                                fleet, row.id, row.version, row.action.digest, row.nonce,
                                confirmed=True,
                            )
                        )  # fmt: skip
                await watch.take()

    approving = asyncio.create_task(approve())
    try:
        await wait_for(session, lambda: bool(state.runs[name].report))
    finally:
        approving.cancel()
        await asyncio.gather(approving, return_exceptions=True)
    return state.runs[name]


def stored_bytes(folder: Path, leave_out: Sequence[Path] = ()) -> bytes:
    """Give the bytes of every file below a folder, as they lie on the disk."""
    return b"\n".join(
        path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path not in leave_out
    )
