"""What the commands need of the program they belong to: doors to hosts, and a checker of files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

import click

from fleettui.client import Client
from fleettui.core.spec.problem import Problem
from fleettui.core.views.queries import AnyQuery

_T = TypeVar("_T")


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

    def add_tenant(self, state: str, named: str, spec: Mapping[str, Any] | None) -> str:
        """Put a tenant's file into the host's folder: of that name, or a copy of that file.

        Gives its path; raises BadSpec, and Refused where there is one already.
        """

    def serve(self, state: str, config: str, flows: str) -> str:
        """Be a host that serves flows until a signal ends it; gives why it could not."""

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
