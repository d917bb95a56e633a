"""Merges an agent's branch into the operator's, only where nothing can be lost by it."""

from __future__ import annotations

import os

from fleettui.adapters.git.repository import Repository
from fleettui.adapters.workspaces.history import GitHistory, hold, names_between, printable
from fleettui.adapters.workspaces.places import Places
from fleettui.adapters.workspaces.shadow import Shadow
from fleettui.core.errors import Refused, ToolFailed
from fleettui.core.grounds import Ground, Merge

_SHOWN = 12


class GitMerging:
    """Satisfies ports.Merging with git."""

    def __init__(self, places: Places, history: GitHistory) -> None:
        self._places, self._history = places, history

    async def propose(self, fleet: str, agent: str, ground: Ground, date: float) -> Merge:
        """Make the commit of a merge that is clean, and change nothing yet; raises Refused."""
        mine = await self._places.operators(ground, fresh=True)
        onto = (await mine.git("symbolic-ref", "--quiet", "HEAD")).text.strip()
        head = await mine.commit("HEAD")
        if not onto or not head:
            raise Refused(f"{ground.repository} is on no branch", "check a branch out first")
        if await mine.commit("MERGE_HEAD"):
            raise Refused(f"{ground.repository} is in the middle of a merge", "finish it first")
        kept = await self._history.keep(fleet, agent, ground, "")
        shadow = await self._places.shadow(fleet, agent, ground)
        branch = await (await self._places.agents(ground)).commit("HEAD")
        done = not (await mine.git("merge-base", "--is-ancestor", branch, head)).exit_code
        if not await names_between(shadow, ground.start, kept.commit) and done:
            raise Refused(f"{agent} has changed nothing that {_short(onto)} has not")
        tree = await self._merged(shadow, agent, ground.start, head, kept.commit)
        files = await names_between(shadow, head, tree)
        await self._refuse_overlap(mine, files)
        when, words = f"@{int(date)} +0000", f"Merge the work of {agent} ({fleet})"
        clean = not await names_between(shadow, ground.base, ground.start)
        shown = tuple(map(printable, files))
        ref = f"refs/fleettui/{fleet}/{agent}/merge-{kept.commit[:12]}"
        if not clean:
            # Its history has the operator's uncommitted changes: only the work itself goes over.
            commit = await shadow.commit(tree, head, words, when)
            await hold(mine, ref, kept.commit)
            return Merge(commit, onto, kept.commit, "", shown)
        work = branch
        if await shadow.tree_of(branch) != await shadow.tree_of(kept.commit):
            work = await shadow.commit(
                await shadow.tree_of(kept.commit), branch, f"Work of {agent} ({fleet})", when
            )
        commit = await shadow.join(tree, (head, work), words, when)
        await hold(mine, ref, work)
        return Merge(commit, onto, work, work, shown)

    async def _merged(self, shadow: Shadow, agent: str, start: str, head: str, work: str) -> str:
        """Give the tree of both: the agent's changes since its start, on top of HEAD."""
        ours = await shadow.commit(await shadow.tree_of(head), start, "ours")
        theirs = await shadow.commit(await shadow.tree_of(work), start, "theirs")
        ended = await shadow.git(
            "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs
        )
        parts = [os.fsdecode(part) for part in ended.output.split(b"\0") if part]
        if ended.exit_code == 1 and len(parts) > 1:
            raise Refused(
                f"{agent} and the branch both changed {_some(parts[1:])}",
                "roll the agent back, or merge its branch by hand",
            )
        if ended.exit_code or not parts:
            why = ended.errors.decode(errors="replace").strip()[:300]
            raise ToolFailed(f"git merge-tree failed: {why}", "fleettui merge needs git 2.38")
        return parts[0]

    async def _refuse_overlap(self, mine: Repository, files: list[str]) -> None:
        edited = (await mine.git("diff-index", "-z", "--name-only", "HEAD", "--")).output
        untracked = (await mine.git("ls-files", "-z", "--others")).output
        own = {os.fsdecode(one) for one in (edited + b"\0" + untracked).split(b"\0") if one}
        both = sorted(own & set(files))
        if both:
            raise Refused(
                f"you have uncommitted changes in {_some(both)}", "commit or stash them first"
            )

    async def land(self, ground: Ground, merge: Merge) -> None:
        """Take the operator's branch to the merge; done again, it comes to the same.

        Raises Refused where the branch or the files changed meanwhile: then nothing is done.
        """
        mine = await self._places.operators(ground, fresh=True)
        async with self._places.lock(ground.repository):
            onto = (await mine.git("symbolic-ref", "--quiet", "HEAD")).text.strip()
            there = await mine.git("merge-base", "--is-ancestor", merge.commit, merge.onto)
            if there.exit_code:
                if onto != merge.onto:
                    raise Refused(f"{_short(merge.onto)} is not checked out any more", "try again")
                done = await Repository(
                    mine.git_dir, mine.top, mine.top, mine.program, mine.env
                ).git("merge", "--ff-only", "--no-overwrite-ignore", "--quiet", merge.commit)
                if done.exit_code:
                    why = done.errors.decode(errors="replace").strip()[:500]
                    raise Refused(f"git did not merge: {why}", "nothing was changed; try again")
            if merge.branch:
                own = await self._places.agents(ground)
                await own.lines("update-ref", f"refs/heads/{ground.branch}", merge.branch)
                await own.lines("read-tree", merge.branch)


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/")


def _some(names: list[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
