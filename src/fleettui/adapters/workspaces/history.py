"""Keeps the files of a ground in commits under refs/fleettui, and takes them back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from typing import Final

from fleettui.adapters.git.repository import Repository
from fleettui.adapters.workspaces.places import Places
from fleettui.adapters.workspaces.shadow import Shadow
from fleettui.core.errors import ToolFailed
from fleettui.core.grounds import ChangedFile, Changes, Ground, Kept

_DIFF_MOST: Final = 400_000
_WORDS: Final = {"A": "added", "D": "deleted", "R": "renamed"}


class GitHistory:
    """Satisfies ports.FileHistory with git."""

    def __init__(self, places: Places) -> None:
        self._places = places

    async def keep(self, fleet: str, agent: str, ground: Ground, name: str) -> Kept:
        """Keep the files as they are now, under the ref of `name`; the same files, one commit."""
        folder = self._places.shadow_folder(fleet, agent, ground)
        async with self._places.room, self._places.lock(folder):
            shadow = await self._places.shadow(fleet, agent, ground)
            repository = await self._places.agents(ground)
            tree, left = await shadow.sync()
            head = await repository.commit("HEAD")
            commit = await shadow.commit(tree, head, "fleettui: the files at a checkpoint")
            if name:
                await hold(repository, f"refs/fleettui/{fleet}/{agent}/{name}", commit)
            return Kept(commit, left)

    async def restore(self, fleet: str, agent: str, ground: Ground, to: str) -> None:
        """Make the files those of the commit `to`; done again after a crash, it comes to the same.

        Nothing is changed where a file that is not kept would be lost: raises ToolFailed.
        """
        folder = self._places.shadow_folder(fleet, agent, ground)
        async with self._places.room, self._places.lock(folder):
            shadow = await self._places.shadow(fleet, agent, ground)
            now, _ = await shadow.sync()
            await take_over(shadow, now, to)
            if ground.kind == "worktree":
                await put_head(await self._places.agents(ground), ground, shadow, to)

    async def changes(
        self, fleet: str, agent: str, ground: Ground, since: str, until: str = ""
    ) -> Changes:
        """Give what differs between two commits; an empty one is the files as they are."""
        folder = self._places.shadow_folder(fleet, agent, ground)
        async with self._places.room, self._places.lock(folder):
            shadow = await self._places.shadow(fleet, agent, ground)
            now = "" if since and until else (await shadow.sync())[0]
            start = await shadow.tree_of(since) if since else now
            end = await shadow.tree_of(until) if until else now
            return await changes_of(shadow, start, end)

    async def paths(
        self, fleet: str, agent: str, ground: Ground, pairs: Sequence[tuple[str, str]]
    ) -> Sequence[tuple[str, ...]]:
        """Name what differs in each pair of commits; an empty end is the files as they are."""
        folder = self._places.shadow_folder(fleet, agent, ground)
        async with self._places.room, self._places.lock(folder):
            shadow = await self._places.shadow(fleet, agent, ground)
            now = ""
            if any(not end for _, end in pairs):
                now, _ = await shadow.sync()
            return [
                tuple(printable(name) for name in await names_between(shadow, start, end or now))
                for start, end in pairs
            ]


async def hold(repository: Repository, ref: str, commit: str) -> None:
    """Point a new ref at a commit so that git keeps it; another's ref of that name stays."""
    for number in range(1, 100):
        name = ref if number == 1 else f"{ref}-{number}"
        made = await repository.git("update-ref", name, commit, "0" * len(commit))
        if not made.exit_code or await repository.commit(name) == commit:
            return
    raise ToolFailed(f"the ref {ref} can't be made", "see `git for-each-ref refs/fleettui`")


async def take_over(shadow: Shadow, now: str, to: str) -> None:
    """Turn the work tree from the tree `now`, which our index has, into the tree of `to`.

    What `to` would ignore is left where it lies, although it was not ignored later.
    """
    target = await shadow.tree_of(to)
    if target == now:
        return
    shadow.memory.pop("tree", None)
    gone = await names_between(shadow, now, target, "--diff-filter=D")
    await _refuse_in_the_way(shadow, now, target, gone)
    rules = await names_between(shadow, now, target)
    if not gone or not any(os.path.basename(name) == ".gitignore" for name in rules):
        await shadow.out("read-tree", "-m", "-u", now, target)
        return
    await _take_over_ignoring(shadow, now, target, gone)


async def _refuse_in_the_way(shadow: Shadow, now: str, target: str, gone: Sequence[str]) -> None:
    """Refuse to put files where others lie that nobody keeps: ignored ones, and large ones."""
    fresh = await names_between(shadow, now, target, "--diff-filter=A")
    kept = set(gone)
    there = await asyncio.to_thread(
        lambda: sorted({one for name in fresh for one in _in_the_way(shadow.tree, name, kept)})
    )
    lost = [name for name in there if not await _is_done(shadow, target, name)]
    if lost:
        raise ToolFailed(
            f"files that no checkpoint holds are in the way: {', '.join(map(printable, lost))}",
            "move them away; nothing was changed",
        )


def _in_the_way(tree: str, name: str, kept: set[str]) -> Iterator[str]:
    parts = name.split("/")
    for depth in range(1, len(parts)):
        above = "/".join(parts[:depth])
        where = os.path.join(tree, above)
        if os.path.lexists(where) and (os.path.islink(where) or not os.path.isdir(where)):
            if above not in kept:
                yield above
            return
    where = os.path.join(tree, name)
    if os.path.isdir(where) and not os.path.islink(where):
        for folder, _, files in os.walk(where):
            inside = (os.path.relpath(os.path.join(folder, one), tree) for one in files)
            yield from (one for one in inside if one not in kept)
    elif os.path.lexists(where):
        yield name


async def _is_done(shadow: Shadow, target: str, name: str) -> bool:
    """Say whether a file is already what it shall be: of a rollback that was cut off."""
    wanted = await shadow.git("rev-parse", "--verify", "--quiet", f"{target}:{name}")
    where = os.path.join(shadow.tree, name)
    if wanted.exit_code or os.path.islink(where) or not os.path.isfile(where):
        return False
    return await shadow.word("hash-object", "--no-filters", "--", name) == wanted.text.strip()


async def _take_over_ignoring(shadow: Shadow, now: str, target: str, gone: Sequence[str]) -> None:
    """Bring back the rules of what is ignored first, and take away only what they don't name."""
    names = [os.fsencode(name) for name in gone]
    # First everything but the deletions: an index of the target with them still in it.
    listed = await shadow.out("ls-tree", "-r", "-z", now)
    kept = {line.partition(b"\t")[2]: line for line in listed.split(b"\0") if line}
    await shadow.out("read-tree", target)
    lines = b"\0".join(kept[name] for name in names) + b"\0"
    both = ""
    inserted = await shadow.git("update-index", "-z", "--add", "--index-info", stdin=lines)
    if not inserted.exit_code:
        both = await shadow.word("write-tree")
    await shadow.out("read-tree", now)
    await shadow.git("update-index", "-q", "--refresh")
    if not both:
        # A file stands where a folder was: there is no tree with both.
        await shadow.out("read-tree", "-m", "-u", now, target)
        return
    await shadow.out("read-tree", "-m", "-u", now, both)
    for name in names:
        await shadow.out("update-index", "--force-remove", "-z", "--stdin", stdin=name + b"\0")
    found = await shadow.git("check-ignore", "-z", "--stdin", stdin=b"\0".join(names) + b"\0")
    if found.exit_code not in {0, 1}:
        raise ToolFailed("git check-ignore failed", "see what is in .gitignore")
    ignored = set(found.output.split(b"\0"))
    doomed = [name for name in names if name not in ignored]
    await asyncio.to_thread(_delete, shadow.tree, doomed)


def _delete(tree: str, names: Sequence[bytes]) -> None:
    root = os.fsencode(tree)
    for name in names:
        try:
            os.unlink(os.path.join(root, name))
        except FileNotFoundError:
            continue
        folder = os.path.dirname(name)
        while folder:
            try:
                os.rmdir(os.path.join(root, folder))
            except OSError:
                break
            folder = os.path.dirname(folder)


async def put_head(worktree: Repository, ground: Ground, shadow: Shadow, to: str) -> None:
    """Put a worktree's branch where it was when `to` was made, and its index with it."""
    wanted = await shadow.parent_of(to)
    if not wanted:
        return
    ref = f"refs/heads/{ground.branch}"
    await worktree.lines("update-ref", ref, wanted)
    await worktree.lines("symbolic-ref", "HEAD", ref)
    await worktree.lines("read-tree", wanted)


async def names_between(shadow: Shadow, start: str, end: str, *options: str) -> list[str]:
    """Name the paths that differ between two trees or commits."""
    said = await shadow.out(
        "diff-tree", "-r", "-z", "--name-only", "--no-renames", *options, start, end
    )
    return [os.fsdecode(name) for name in said.split(b"\0") if name]


def printable(name: str) -> str:
    """Give a file name as text that can be stored: bytes that are no UTF-8 escaped."""
    return os.fsencode(name).decode(errors="backslashreplace")


async def changes_of(shadow: Shadow, start: str, end: str) -> Changes:
    """Give the files that differ between two trees, with a diff."""
    if start == end:
        return Changes()
    listed = await shadow.out("diff-tree", "-r", "-z", "-M", "--name-status", start, end)
    counted = await shadow.out("diff-tree", "-r", "-z", "-M", "--numstat", start, end)
    lines = dict(_counts(counted.decode(errors="backslashreplace")))
    files = [
        ChangedFile(path, change, *lines.get(path, (None, None)), was)  # type: ignore[arg-type]
        for path, change, was in _statuses(listed.decode(errors="backslashreplace"))
    ]
    patch = (await shadow.out("diff-tree", "-r", "-M", "-p", start, end)).decode(errors="replace")
    if len(patch) > _DIFF_MOST:
        patch = f"{patch[:_DIFF_MOST]}\n[... the rest of the diff is left out ...]"
    return Changes(tuple(files), patch)


def _statuses(text: str) -> Iterator[tuple[str, str, str]]:
    parts = iter(text.split("\0"))
    for status in parts:
        if not status:
            continue
        was = next(parts) if status[0] == "R" else ""
        yield next(parts), _WORDS.get(status[0], "changed"), was


def _counts(text: str) -> Iterator[tuple[str, tuple[int | None, int | None]]]:
    parts = iter(text.split("\0"))
    for part in parts:
        if not part:
            continue
        added, deleted, name = part.split("\t", 2)
        if not name:
            next(parts)
            name = next(parts)
        yield name, (None, None) if added == "-" else (int(added), int(deleted))
