"""The doors main hands to the command line: hosts joined over their sockets, files checked here.

What a command needs is imported when it is called: `--help` and `validate` must start at once.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from fleettui.core.errors import HostGone
from fleettui.host.paths import state_folder

Show = Callable[[str, Mapping[str, str]], int]
Serve = Callable[[str, str, str], str]


class SocketDoors:
    """Satisfies cli.door.Doors."""

    def __init__(self, show: Show, serve: Serve) -> None:
        self.show, self._serve = show, serve
        # Whose things the command is about; set by the options before its name.
        self.tenant, self.rights_of = "", ""

    def serve(self, state: str, config: str, flows: str) -> str:
        """Be a host that serves flows until a signal ends it; gives why it could not."""
        return self._serve(state_folder(state), config, flows)

    @asynccontextmanager
    async def _joined(self, state: str, *, start: bool) -> AsyncIterator[Any]:
        from fleettui.host import remote

        folder = state_folder(state)
        join = remote.join_or_start if start else remote.join
        client = await join(folder, self.tenant, self.rights_of)
        async with client:
            yield client

    def join(self, state: str) -> AbstractAsyncContextManager[Any]:
        """Join a host, or start one for a store that has none; raises HostGone without either."""
        return self._joined(state, start=(Path(state_folder(state)) / "fleettui.db").exists())

    def join_or_start(self, state: str) -> AbstractAsyncContextManager[Any]:
        """Join a host, starting one if there is none."""
        return self._joined(state, start=True)

    def about_host(self, state: str) -> Mapping[str, Any] | None:
        """Describe the running host, None if none runs."""
        import asyncio

        import msgspec

        async def ask() -> Mapping[str, Any] | None:
            try:
                async with self._joined(state, start=False) as client:
                    about: Mapping[str, Any] = msgspec.to_builtins(getattr(client, "host", None))
                    return about
            except HostGone:
                return None

        return asyncio.run(ask())

    def audited(self, state: str) -> AbstractContextManager[Any]:
        """Read the store of a state folder, with a host running or without; raises NotFound."""
        from fleettui.adapters.sqlite.auditing import AuditedStore

        return AuditedStore.open(Path(state_folder(state)) / "fleettui.db")

    def exposition(self, rows: Sequence[Any]) -> str:
        """Write metrics as Prometheus reads them."""
        from fleettui.adapters.metrics.exposition import exposition

        return exposition(rows)

    def check_files(self, paths: Sequence[str], environment: Mapping[str, str]) -> Sequence[Any]:
        """Check files, and every YAML file below folders."""
        from fleettui.adapters.yaml.specs import check_files

        return check_files(paths, environment)

    def secrets(self, state: str) -> Any:
        """Open the secrets of a state folder; a host there reads again what changed."""
        from fleettui.adapters.secrets.store import SecretStore
        from fleettui.core.secrets import MASTER_KEY
        from fleettui.host.paths import make_private

        folder = state_folder(state)
        make_private(folder)
        return SecretStore(Path(folder) / "secrets", os.environ.get(MASTER_KEY, ""))

    def add_tenant(
        self, state: str, named: str, spec: Mapping[str, Any] | None, folder: str = ""
    ) -> str:
        """Put a tenant's file into a folder, else the one a host would read."""
        from fleettui.adapters.yaml.tenants import add_tenant, tenants_folder

        place = Path(folder) if folder else tenants_folder(Path(state_folder(state)), os.environ)
        return add_tenant(place, named, spec)

    def load_policy(self, path: str, environment: Mapping[str, str]) -> Any:
        """Read the rules of a fleet, a flow or a bare policy file; raises BadSpec."""
        from fleettui.adapters.yaml.policies import load_policy

        return load_policy(path, environment)

    def load_flows(
        self,
        folder: str,
        environment: Mapping[str, str],
        *,
        agents: str = "",
        fleets: str = "",
        recursive: bool = True,
    ) -> Any:
        """Load the flows of a folder, with all that is wrong in it; raises nothing."""
        from fleettui.adapters.yaml.flows import load_flows

        return load_flows(folder, environment, agents=agents, fleets=fleets, recursive=recursive)

    def load_daemon(self, path: str, environment: Mapping[str, str]) -> Any:
        """Read a DaemonConfig; raises BadSpec."""
        from fleettui.adapters.yaml.daemon import load_daemon

        return load_daemon(path, environment)

    def flow_from_agent(self, path: str, output: str, environment: Mapping[str, str]) -> Any:
        """Write the text of a flow for the agent of a file; raises BadSpec, Refused."""
        from fleettui.adapters.yaml.generating import flow_from_agent

        return flow_from_agent(path, output, environment)

    def import_aof(self, folder: str, environment: Mapping[str, str]) -> Sequence[Any]:
        """Say of each file of AOF's what it becomes here; raises NotFound."""
        from fleettui.adapters.yaml.importing import import_aof

        return import_aof(folder, environment)
