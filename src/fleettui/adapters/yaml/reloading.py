"""Flows that follow their files: every change is taken over, and of a broken file the last good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Final

from fleettui.adapters.yaml.checked import Checked
from fleettui.adapters.yaml.flows import LoadedFlows, flow_files, linked
from fleettui.adapters.yaml.last_good import LastGood
from fleettui.core.flow import Flow
from fleettui.core.spec.problem import Problem

# Writers need a moment between emptying a file and filling it; who saves many, saves them at once.
_STEP: Final = 100  # milliseconds without a change, after which changes are taken over...
_DEBOUNCE: Final = 1_000  # ...or this long after the first of them
_LOOK: Final = 2_000  # how often folders that came or went are looked for
_PASSED_BY: Final = frozenset({".git", "node_modules"})
_BESIDE: Final = ("agents", "fleets", "tools")


def _no_flow() -> None:
    """Give no flow for what none takes."""


_Mark = tuple[int, int, int]


class ReloadingFlows:
    """The flows of a folder as they are now; `now` never blocks, `follow` keeps it true.

    A file that got an error keeps the flows of its last good version, and its problems are told
    beside them. What was deleted is gone; what was renamed is there under its new name.
    """

    def __init__(
        self,
        folder: str,
        environment: Mapping[str, str],
        *,
        agents: str = "",
        fleets: str = "",
        tenant: str = "",
        recursive: bool = True,
        unwatched: Collection[str] = (),
        default: Callable[[], Flow | None] = _no_flow,
    ) -> None:
        """Take the folders as `load_flows` does; call `load` before anything else.

        Changes in folders that are `unwatched` ("flows", "agents", "fleets") are taken over with
        the next change elsewhere. `default` reads the flow of what no other takes; it may block.
        """
        self._folder, self._environment, self._recursive = folder, environment, recursive
        self._unwatched, self._default = unwatched, default
        self._places = {"agents": agents, "fleets": fleets, "tenant": tenant}
        self._good = LastGood()
        self._read: dict[str, tuple[_Mark, Checked]] = {}
        self.now = LoadedFlows()

    def load(self, *, changed: Collection[str] | None = None) -> LoadedFlows:
        """Read everything, or what is new where only the paths `changed` did.

        Blocks, call it in a thread where a loop runs.
        """
        whole = changed is None or not all(map(_stands_alone, changed))
        self._read = {
            path: read
            for path, read in self._read.items()
            if not whole and str(Path(path).absolute()) not in (changed or ())
        }
        paths = flow_files(self._folder, recursive=self._recursive)
        if paths is None:
            text = "folder not found, the flows it had go on; put it back"
            lost = Problem(self._folder, 1, 1, "error", "", text)
            self.now = self.now._replace(problems=(lost,))
            return self.now
        stale: list[Problem] = []
        files: list[Checked] = []
        for path in paths:
            file, wrong = self._good.of(self._checked(path))
            files.append(file)
            stale += wrong
        there = frozenset(paths)
        self._read = {path: read for path, read in self._read.items() if path in there}
        self._good.forget_gone()
        found = linked(self._folder, files, self._environment, **self._places, good=self._good)
        problems = tuple(dict.fromkeys([*stale, *found.problems]))
        self.now = LoadedFlows(found.flows, problems, self._default())
        return self.now

    def _checked(self, path: str) -> Checked:
        """Read a file, unless it is as it was."""
        mark = _mark(path)
        known = self._read.get(path)
        if known is None or mark is None or known[0] != mark:
            file = Checked(path, self._environment)
            if mark is not None:
                self._read[path] = (mark, file)
            return file
        return known[1]

    async def follow(self, stop: asyncio.Event | None = None) -> AsyncIterator[LoadedFlows]:
        """Give the flows as they are whenever they, or what is wrong with them, became otherwise.

        Ends when `stop` is set. What changes while flows are read is seen afterwards.
        """
        from watchfiles import awatch

        while stop is None or not stop.is_set():
            watched = self._watched()
            first = True
            watching = awatch(
                *watched,
                watch_filter=_matters,
                debounce=_DEBOUNCE,
                step=_STEP,
                stop_event=stop,
                rust_timeout=_LOOK,
                yield_on_timeout=True,
                ignore_permission_denied=True,
            )
            async with aclosing(watching):
                async for changes in watching:
                    # Nobody says what changed before the watch began: look once.
                    if changes or first:
                        before = self.now
                        paths = None if first else {path for _, path in changes}
                        if await asyncio.to_thread(self.load, changed=paths) != before:
                            yield self.now
                    first = False
                    if self._watched() != watched:
                        break

    def _watched(self) -> dict[Path, int]:
        """Give the folders that are there, with what tells a new one of the same name."""
        beside = Path(self._folder).absolute().parent
        places = {"flows": self._folder, **self._places}
        wanted = [
            Path(places.get(name) or beside / name)
            for name in ("flows", *_BESIDE)
            if name not in self._unwatched
        ]
        found = {}
        for folder in wanted:
            with suppress(OSError):
                found[folder.absolute()] = folder.stat().st_ino
        if not found:
            found[_nearest(beside)] = 0
        return found


def _stands_alone(path: str) -> bool:
    """Say whether no other file is read by what is in this one, as by tools and servers."""
    return path.endswith((".yaml", ".yml")) and "tools" not in Path(path).parts


def _mark(path: str) -> _Mark | None:
    """Give what tells a file from the one that it was, None where it can't be seen."""
    try:
        about = Path(path).stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino


def _nearest(folder: Path) -> Path:
    """Give a folder, or the first above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.is_dir())


def _matters(change: object, path: str) -> bool:
    """Say whether a change can be one of ours: a YAML file, `.mcp.json`, or a folder."""
    del change
    parts = Path(path).parts
    name = parts[-1]
    ours = name.endswith((".yaml", ".yml", ".mcp.json")) or "." not in name
    return ours and _PASSED_BY.isdisjoint(parts)
