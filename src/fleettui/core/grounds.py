"""Grounds: where an agent works, and what is kept and told of its files."""

from __future__ import annotations

from typing import Literal

import msgspec

GroundKind = Literal["worktree", "shared", "none"]
# What a rollback takes back.
RollbackPart = Literal["all", "transcript", "files"]


class Ground(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an agent works.

    `path` is the folder of its tools, `tree` the top of the work tree it stands in, `repository`
    the top of the operator's own; both are empty without git. A worktree is on `branch`, which
    began at the commit `base`; `start` is a commit of the files it was given (more than `base`
    where the operator had uncommitted changes). `note` says what a person should know.
    """

    kind: GroundKind
    path: str
    tree: str = ""
    repository: str = ""
    branch: str = ""
    base: str = ""
    start: str = ""
    note: str = ""


class LeftOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that a checkpoint does not hold, and why."""

    path: str
    why: str


class Kept(msgspec.Struct, frozen=True):
    """The files of a moment: a commit, and what it does not hold."""

    commit: str
    left_out: tuple[LeftOut, ...] = ()


class ChangedFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that differs; `added` and `deleted` lines are None where it is binary."""

    path: str
    change: Literal["added", "changed", "deleted", "renamed"]
    added: int | None = None
    deleted: int | None = None
    was: str = ""


class Changes(msgspec.Struct, frozen=True):
    """What differs between two moments: the files, and a unified diff, cut where it is long."""

    files: tuple[ChangedFile, ...] = ()
    diff: str = ""


class Merge(msgspec.Struct, frozen=True):
    """A merge that is clean: its commit, the branch it goes to, and where the agent's branch goes.

    `work` is a commit of the agent's work as it is in the merge; `branch` is where the agent's
    own branch then stands, empty where it stays.
    """

    commit: str
    onto: str
    work: str
    branch: str = ""
    files: tuple[str, ...] = ()
