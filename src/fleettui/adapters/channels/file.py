"""Folders that are watched: each new or changed file is a message."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from fleettui.adapters.channels import dropped
from fleettui.adapters.channels.dropped import Look, Unfinished, Unfit
from fleettui.adapters.channels.ledger import Ledger
from fleettui.adapters.channels.mute import Mute
from fleettui.core.channel import Delivery, FileTrigger, Reply, Take
from fleettui.core.errors import ChannelFailed, FleettuiError
from fleettui.core.safe import one_line
from fleettui.ports import Clock

_log = logging.getLogger(__name__)
# A file is looked at twice, this far apart (seconds), and must be the same both times.
SETTLE: Final = 0.3
# How long until what could not be done is tried again: a full disk, a folder that is not there.
_AGAIN: Final = 5.0

_Waiting = tuple[FileTrigger, str]


class FileChannel(Mute):
    """Satisfies ports.Channel: hands over what appears or changes in the folders of flows.

    A file that somebody is still writing is waited for. Links are not followed out of a folder.
    What was handed over is noted beside the store, so a restart hands over only what is new.
    """

    platform = "file"

    def __init__(self, clock: Clock, notes: Path) -> None:
        self._clock, self._ledger = clock, Ledger(notes)
        self._triggers: tuple[FileTrigger, ...] = ()
        self._changed = asyncio.Event()
        self._waiting: dict[_Waiting, Look | None] = {}
        self._until: dict[_Waiting, float] = {}
        self._arrived = asyncio.Event()
        self.trouble = ""

    def use(self, triggers: Sequence[FileTrigger]) -> None:
        """Go by these flows from now on."""
        # Where the answers lie among the questions, each would be the next question.
        self._triggers = tuple(
            one._replace(replies="") if one.replies == one.folder else one for one in triggers
        )
        self._changed.set()

    async def receive(self, take: Take) -> None:
        await asyncio.to_thread(self._ledger.load)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle(take))
            while True:
                self._changed.clear()
                watching = [
                    group.create_task(self._watch(folder))
                    for folder in {one.folder for one in self._triggers}
                ]
                await self._changed.wait()
                for task in watching:
                    task.cancel()

    async def _watch(self, folder: str) -> None:
        """Note what changes in a folder; what lies there at first counts as changed."""
        watchfiles = await asyncio.to_thread(import_module, "watchfiles")
        root = await asyncio.to_thread(os.path.realpath, folder)
        while True:
            try:
                async with asyncio.TaskGroup() as group:
                    # It begins when the watch waits for the first time: nothing is missed.
                    group.create_task(self._list(folder))
                    async for changes in watchfiles.awatch(root, watch_filter=None, debounce=200):
                        paths = [changed for _, changed in changes]
                        for path in await asyncio.to_thread(_changed_below, root, paths):
                            self._note(folder, path)
            except* OSError as error:
                self.trouble = f"the folder {folder} can't be watched: {error.exceptions[0]}"
                _log.warning("%s", one_line(self.trouble))
            await asyncio.sleep(_AGAIN)

    async def _list(self, folder: str) -> None:
        """Note all that lies in a folder, and forget what does not any more."""
        found = await asyncio.to_thread(lambda: list(_files_below(folder)))
        self.trouble = ""
        for path in found:
            self._note(folder, path)
        flows = {(one.tenant, one.flow) for one in self._triggers if one.folder == folder}
        await asyncio.to_thread(self._ledger.keep_only, flows, set(found))

    def _note(self, folder: str, path: str) -> None:
        for trigger in self._triggers:
            if trigger.folder != folder or _is_reply(trigger, path):
                continue
            if dropped.fits(path, trigger.globs):
                self._waiting.setdefault((trigger, path), None)
                self._arrived.set()

    async def _settle(self, take: Take) -> None:
        """Look at what changed until it is whole, and hand it over."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                for waiting, before in list(self._waiting.items()):
                    await self._look(waiting, before, take)
                await asyncio.sleep(SETTLE if self._waiting else 0)

    async def _look(self, waiting: _Waiting, before: Look | None, take: Take) -> None:
        trigger, path = waiting
        name = (trigger.tenant, trigger.flow, path)
        if trigger not in self._triggers:
            del self._waiting[waiting]
            return
        if self._until.get(waiting, 0.0) > self._clock.now():
            return
        try:
            look = await asyncio.to_thread(dropped.look_at, trigger.folder, path)
            if look != before:
                self._waiting[waiting] = look
                return
            content = await asyncio.to_thread(dropped.read, trigger.folder, path)
        except Unfinished:
            return
        except FileNotFoundError:
            del self._waiting[waiting]
            await asyncio.to_thread(self._ledger.note, name, "")
            return
        except Unfit as unfit:
            del self._waiting[waiting]
            _log.warning("a file for %s is left alone: %s", trigger.flow, one_line(unfit))
            return
        if content.digest == self._ledger.digest(name):
            del self._waiting[waiting]
            return
        message = _delivery(trigger, path, content, look)
        try:
            receipt = await take(message)
            if receipt.status == "refused" and receipt.free_at:
                self._until[waiting] = receipt.free_at
                return
            await asyncio.to_thread(self._ledger.note, name, content.digest)
        except (FleettuiError, OSError) as error:
            _log.warning("a file for %s was not taken: %s", trigger.flow, one_line(error))
            self._until[waiting] = self._clock.now() + _AGAIN
            return
        self._until.pop(waiting, None)
        # It may have changed while it was handed over.
        self._waiting[waiting] = None

    async def reply(self, address: str, reply: Reply) -> str:
        """Write an answer into the folder that the flow names for them now."""
        tenant, flow, path = address.split("/", 2)
        for trigger in self._triggers:
            if (trigger.tenant, trigger.flow) == (tenant, flow) and trigger.replies:
                name = f"{path}.{reply.key}.{reply.status}.md"
                try:
                    await asyncio.to_thread(_write, trigger.replies, name, reply.text)
                except (OSError, Unfit) as error:
                    what = f"the reply {name} can't be written into {trigger.replies}: {error}"
                    raise ChannelFailed(what) from error
                return name
        raise ChannelFailed(f"{flow} has no folder for replies any more", retryable=False)


def _is_reply(trigger: FileTrigger, path: str) -> bool:
    """Say whether a file lies where the flow's own answers are written."""
    return bool(trigger.replies) and Path(trigger.folder, path).is_relative_to(trigger.replies)


def _write(folder: str, name: str, text: str) -> None:
    """Write a file whole or not at all, below a folder and through no link out of it."""
    root, path = Path(folder), Path(folder) / name
    root.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise Unfit(f"{name} would lie outside")
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with fresh.open("x", encoding="utf-8", errors="replace") as file:
        file.write(f"{text.rstrip()}\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _changed_below(root: str, changed: Sequence[str]) -> set[str]:
    """Name what changed below a folder; what came with a new folder was not told by itself."""
    found: set[str] = set()
    for path in map(Path, changed):
        if path.is_dir() and not path.is_symlink():
            inner = path.relative_to(root)
            found |= {str(inner / one) for one in _files_below(str(path))}
        elif path.is_relative_to(root):
            found.add(str(path.relative_to(root)))
    return found


def _files_below(folder: str) -> Iterator[str]:
    """Name the files below a folder, following no link; raises FileNotFoundError."""
    root = Path(folder)
    root.stat()
    for place, folders, names in os.walk(root):
        folders.sort()
        yield from (str((Path(place) / name).relative_to(root)) for name in sorted(names))


def _delivery(trigger: FileTrigger, path: str, content: dropped.Content, look: Look) -> Delivery:
    lead = f"{trigger.text}\n\n" if trigger.text else ""
    return Delivery(
        platform=FileChannel.platform,
        channel=trigger.folder,
        user="",
        text=f"{lead}File {path} ({content.size} bytes):\n\n{content.text}",
        ids=(f"{trigger.flow}:{path}:{look.changed}:{content.digest}",),
        at=look.changed / 1e9,
        event=path,
        address=f"{trigger.tenant}/{trigger.flow}/{path}" if trigger.replies else "",
        tenant=trigger.tenant,
        flow=trigger.flow,
    )
