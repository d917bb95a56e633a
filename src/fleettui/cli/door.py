"""What the commands need of the program they belong to: doors to hosts, and a checker of files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol, TypeVar

import click

from fleettui.client import Client
from fleettui.core.audit import End, Entry
from fleettui.core.spec.problem import Problem
from fleettui.core.views.queries import AnyQuery
from fleettui.core.views.rows import MetricRow

_T = TypeVar("_T")


class Audited(Protocol):
    """A store as it stands at one moment; core.audit says what is to be made of it."""

    def tenants(self) -> tuple[str, ...]:
        """Name every tenant that has anything."""

    def end(self, tenant: str) -> End | None:
        """Give what is noted of a tenant's chain."""

    def entries(self, tenant: str, after: int = 0) -> Iterator[Entry]:
        """Give a tenant's events above a place, in the order of their places."""

    def before(self, tenant: str, since: float) -> tuple[int, bytes]:
        """Give the place and hash before the first event that is not older than `since`."""

    def texts(self, tenant: str) -> Mapping[str, bool]:
        """Say of each large text of a tenant whether it is what its digest says."""


class MasterKey(Protocol):
    """Where the key of all secrets is found."""

    @property
    def is_given(self) -> bool:
        """Say whether it is a variable's."""

    def candidates(self) -> Sequence[bytes]:
        """Give the key, none where there is none yet."""

    def where(self) -> str:
        """Say where it is found."""


class KeptSecret(Protocol):
    """A secret as it may be shown."""

    name: str
    version: int
    at: float
    by: str


class KeptSecrets(Protocol):
    """The secrets of a state folder; whether a host runs there makes no difference."""

    @property
    def master(self) -> MasterKey:
        """Give where their key is found."""

    def listed(self, tenant: str) -> Sequence[KeptSecret]:
        """Give what a tenant has, by name."""

    def put(self, tenant: str, name: str, value: str, at: float, by: str, *, anew: bool) -> int:
        """Set a secret, and give its version; `anew` demands that there is one already."""

    def remove(self, tenant: str, name: str) -> None:
        """Forget a secret; raises NotFound."""

    def change_master(self, given: str = "") -> int:
        """Seal everything with another key, and count the tenants."""


class Doors(Protocol):
    """What main gives to every command, as click's `obj`; the two names say whose eyes it has."""

    tenant: str
    rights_of: str

    def join(self, state: str) -> AbstractAsyncContextManager[Client]:
        """Join the host of a state folder, starting one for a store that has none.

        Raises HostGone where there is neither host nor store.
        """

    def join_or_start(self, state: str) -> AbstractAsyncContextManager[Client]:
        """Join the host of a state folder, starting one if there is none."""

    def about_host(self, state: str) -> Mapping[str, Any] | None:
        """Describe the running host of a state folder, None if none runs; starts nothing."""

    def check_files(
        self, paths: Sequence[str], environment: Mapping[str, str]
    ) -> Sequence[Problem]:
        """Check files, and every YAML file below folders."""

    def audited(self, state: str) -> AbstractContextManager[Audited]:
        """Read the store of a state folder, with a host running or without; raises NotFound."""

    def secrets(self, state: str) -> KeptSecrets:
        """Open the secrets of a state folder, with a host or without."""

    def add_tenant(
        self, state: str, named: str, spec: Mapping[str, Any] | None, folder: str = ""
    ) -> str:
        """Put a tenant's file into `folder`, else the one that a host of `state` would read.

        It is made of the name, or a copy of that file.

        Gives its path; raises BadSpec, and Refused where there is one already.
        """

    def serve(self, state: str, config: str, flows: str) -> str:
        """Be a host that serves flows until a signal ends it; gives why it could not."""

    def exposition(self, rows: Sequence[MetricRow]) -> str:
        """Write metrics as Prometheus reads them."""

    def show(self, verb: str, values: Mapping[str, str]) -> int:
        """Show a fleet on this terminal, as `open` or `attach`; gives the exit code."""


STATE = click.option(
    "--state", metavar="DIR", default="", help="The state folder (default: FLEETTUI_STATE, XDG's)."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def state_of(context: click.Context, given: str) -> str:
    """Give the state folder asked for, before or after the command's name."""
    return given or str(context.meta.get("state", ""))


def read(context: click.Context, state: str, query: AnyQuery) -> Any:
    """Read one view from a host; the query's docstring names it."""
    return ask(context, state, lambda client: client.read(query))


def ask(
    context: click.Context,
    state: str,
    question: Callable[[Client], Awaitable[_T]],
    *,
    start: bool = False,
) -> _T:
    """Ask a host one thing, and give the answer."""
    doors: Doors = context.obj
    open_door = doors.join_or_start if start else doors.join

    async def through() -> _T:
        async with open_door(state_of(context, state)) as client:
            return await question(client)

    return asyncio.run(through())
