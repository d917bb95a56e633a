"""What "the changes" are: uncommitted ones, else the last commit, or everything since a base."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Final

from fleettui.adapters.tools.git import NO_PROGRAMS, Repository, but_secrets
from fleettui.adapters.tools.workspace import Place, confine, looks_secret, read_inside
from fleettui.core.errors import ToolFailed

_MOST_UNTRACKED: Final = 1_000
_LARGE: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """One changed file; `added` and `deleted` lines are None where it is binary."""

    path: str
    added: int | None
    deleted: int | None
    note: str = ""

    def __str__(self) -> str:
        name = self.path if self.path.isprintable() else json.dumps(self.path)
        size = "binary" if self.added is None else f"+{self.added} -{self.deleted}"
        return f"{name} | {size}" + (f" ({self.note})" if self.note else "")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which changes are meant: a sentence for people, git's two ends, and untracked files."""

    title: str
    ends: tuple[str, ...]
    untracked: tuple[str, ...] = ()


async def changes_of(repository: Repository, base: str) -> Scope | None:
    """Say which changes are meant; None when there are none to speak of (no commit, no file).

    `base` is a revision: then everything since its merge base with HEAD, or since itself.
    """
    head = await repository.commit("HEAD")
    if base:
        return await _since(repository, base, head)
    untracked = await _untracked(repository)
    against = head or await repository.empty_tree()
    if untracked or await _differs(repository, against):
        where = f"against HEAD {head[:10]}" if head else "before the first commit"
        title = f"uncommitted changes {where} (staged, unstaged and untracked)"
        return Scope(title, (against,), untracked)
    if not head:
        return None
    parent = await repository.commit("HEAD^") or await repository.empty_tree()
    subject = (await repository.lines("log", "-1", "--format=%s", head)).strip()
    return Scope(f"the last commit {head[:10]}: {subject}", (parent, head))


async def list_changes(repository: Repository, scope: Scope, path: Place | None) -> list[Change]:
    """List the changed files of a scope, all or below one path, with their counts of lines."""
    limits = _pathspec(path)
    text = await repository.lines(
        "diff", *NO_PROGRAMS, "--relative", "--find-renames", "--numstat", "-z", *scope.ends,
        "--", *limits,
    )  # fmt: skip
    parts, listed = iter(text.split("\0")), []
    for part in parts:
        if not part:
            continue
        added, deleted, name = part.split("\t", 2)
        note = "" if name else f"renamed from {next(parts)}"
        name = name or next(parts)
        note = note or ("looks secret: shown only by its path" if looks_secret(name) else "")
        binary = added == "-"
        counted = (None, None) if binary else (int(added), int(deleted))
        listed.append(Change(name, counted[0], counted[1], note))
    new = _chosen(scope, path)
    return listed + await asyncio.to_thread(
        lambda: [_untracked_change(repository, name) for name in new]
    )


async def diff_text(repository: Repository, scope: Scope, path: Place | None) -> str:
    """Give the unified diff of a scope, all but what looks secret, or of one path whole."""
    hidden = () if path else but_secrets()
    ended = await repository.git(
        "diff", *NO_PROGRAMS, "--relative", "--find-renames", "--unified=3",
        "--src-prefix=a/", "--dst-prefix=b/", *scope.ends, "--", *_pathspec(path), *hidden,
    )  # fmt: skip
    if ended.exit_code:
        why = ended.errors.decode(errors="replace").strip()[:300]
        raise ToolFailed(f"git diff failed: {why}", "ask for one path at a time")
    names = [name for name in _chosen(scope, path) if path or not looks_secret(name)]
    new = await asyncio.to_thread(lambda: [_as_diff(repository, name) for name in names])
    return ended.text + "".join(new)


async def _since(repository: Repository, base: str, head: str) -> Scope:
    start = await repository.commit(base)
    if not start:
        raise ToolFailed(f"there is no revision {base!r}", "name one that `git log` shows")
    merged = await repository.git("merge-base", start, head or start)
    origin = merged.text.strip() or start
    title = f"changes since {base} ({origin[:10]}), uncommitted ones too"
    return Scope(title, (origin,), await _untracked(repository))


async def _differs(repository: Repository, against: str) -> bool:
    ended = await repository.git(
        "diff", *NO_PROGRAMS, "--quiet", "--relative", against, "--", "."
    )  # fmt: skip
    return ended.exit_code == 1


async def _untracked(repository: Repository) -> tuple[str, ...]:
    """Name the untracked text files that git does not ignore, at most a thousand."""
    text = await repository.lines("ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    names = [name for name in text.split("\0") if name and not name.endswith("/")]
    return await asyncio.to_thread(
        lambda: tuple(name for name in names[:_MOST_UNTRACKED] if _readable(repository, name))
    )


def _readable(repository: Repository, name: str) -> bool:
    try:
        return b"\0" not in read_inside(confine(repository.workspace, name), 8_000)
    except ToolFailed:
        return False


def _pathspec(path: Place | None) -> tuple[str, ...]:
    return (f":(literal){path.name}",) if path else (".",)


def _chosen(scope: Scope, path: Place | None) -> tuple[str, ...]:
    if path is None or path.name == ".":
        return scope.untracked
    below = path.name + "/"
    return tuple(name for name in scope.untracked if name == path.name or name.startswith(below))


def _untracked_lines(repository: Repository, name: str) -> list[str]:
    text = read_inside(confine(repository.workspace, name), _LARGE).decode(errors="replace")
    return text.split("\n")[:-1] if text.endswith("\n") else text.split("\n") if text else []


def _untracked_change(repository: Repository, name: str) -> Change:
    note = "untracked, looks secret: shown only by its path" if looks_secret(name) else "untracked"
    return Change(name, len(_untracked_lines(repository, name)), 0, note)


def _as_diff(repository: Repository, name: str) -> str:
    lines = _untracked_lines(repository, name)
    shown = name if name.isprintable() else json.dumps(name)
    head = f"diff --git a/{shown} b/{shown}\nnew file mode 100644\n"
    if not lines:
        return head
    body = "".join(f"+{line}\n" for line in lines)
    return f"{head}--- /dev/null\n+++ b/{shown}\n@@ -0,0 +1,{len(lines)} @@\n{body}"
