"""A git folder of our own over somebody's work tree: its own index, and bytes as they are.

Objects go to the repository's store, so that refs there keep them. Nothing the repository is set
up with counts here (filters, line ends, hooks, attributes), and its index, HEAD and branches are
not touched: what is kept is what lies on the disk, and what comes back is the same bytes.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from fleettui.adapters.git.repository import Repository
from fleettui.adapters.processes.program import Ended, run_program
from fleettui.core.errors import ToolFailed
from fleettui.core.grounds import LeftOut

# Larger files are left out of checkpoints, and said so.
LARGEST: Final = 50 << 20
_OUTPUT: Final = 512 << 20
_SECONDS: Final = 600.0
_RAW: Final = "* -text -eol -crlf -ident -filter -working-tree-encoding\n"
_CONFIG: Final = """\
[core]
\trepositoryformatversion = {version}
\tbare = false
\tautocrlf = false
\tsafecrlf = false
\tfileMode = true
\tsymlinks = true
\tuntrackedCache = false
\tfsmonitor = false
\thooksPath = /dev/null
\texcludesFile = {excludes}
[gc]
\tauto = 0
[index]
\tversion = 2
{extensions}"""
_IDENTITY: Final = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "fleettui"), ("EMAIL", "fleettui@localhost"))
}


@dataclass(frozen=True, slots=True)
class Shadow:
    """Our git folder `git_dir` over the work tree `tree`.

    `store` are the repository's objects, `ours` what below the tree is fleettui's own.
    """

    git_dir: str
    tree: str
    store: str
    program: str
    env: dict[str, str]
    ours: str = ""
    lock: str = os.devnull
    # What the last look found, so that nothing is written again where nothing changed.
    memory: dict[str, str] = field(default_factory=dict, compare=False)

    def is_there(self) -> bool:
        """Say whether our folder is whole, and nobody was killed while writing its index."""
        has_index = os.path.exists(os.path.join(self.git_dir, "index"))
        return has_index and not os.path.lexists(os.path.join(self.git_dir, "index.lock"))

    async def git(self, *args: str, stdin: bytes | None = None) -> Ended:
        """Run one git command at the top of the work tree and give what it wrote."""
        argv = (
            self.program, "--no-pager", "--no-replace-objects",
            f"--git-dir={self.git_dir}", f"--work-tree={self.tree}", *args,
        )  # fmt: skip
        with _holding(self.lock) as held:
            return await run_program(
                argv, cwd=self.tree, env=self.env, stdin=stdin, most=_OUTPUT, timeout=_SECONDS,
                keep=(held,),
            )  # fmt: skip

    async def out(self, *args: str, stdin: bytes | None = None) -> bytes:
        """Run git and give its output; raises ToolFailed with git's words when it fails."""
        ended = await self.git(*args, stdin=stdin)
        if ended.timed_out:
            raise ToolFailed(f"git {args[0]} took more than {_SECONDS:g} s", "see what is so large")
        if ended.exit_code:
            why = ended.errors.decode(errors="replace").strip()[:500]
            raise ToolFailed(f"git {args[0]} failed: {why}", "check the repository by `git fsck`")
        if ended.size > len(ended.output):
            raise ToolFailed(f"git {args[0]} says more than {_OUTPUT:,} bytes", "take fewer files")
        return ended.output

    async def word(self, *args: str, stdin: bytes | None = None) -> str:
        """Run git and give the one word it says."""
        return (await self.out(*args, stdin=stdin)).decode().strip()

    async def sync(self) -> tuple[str, tuple[LeftOut, ...]]:
        """Take the work tree as it is into our index; give its tree, and what is left out."""
        names = (await self.out("ls-files", "-z", "-m", "-o", "--exclude-standard")).split(b"\0")
        paths = list(dict.fromkeys(name for name in names if name))
        taken, gone, left = await asyncio.to_thread(self._sorted, paths)
        for how, some in (("--force-remove", gone), ("--add", taken)):
            if some:
                more = ("--remove", "--replace") if how == "--add" else ()
                body = b"\0".join(some) + b"\0"
                self.memory.pop("tree", None)
                await self.out("update-index", "-z", how, *more, "--stdin", stdin=body)
        if "tree" not in self.memory:
            self.memory["tree"] = await self.word("write-tree")
        return self.memory["tree"], tuple(left)

    def _sorted(self, paths: Sequence[bytes]) -> tuple[list[bytes], list[bytes], list[LeftOut]]:
        """Part what is to be kept from what is gone, and from what is left out."""
        taken: list[bytes] = []
        gone: list[bytes] = []
        left: list[LeftOut] = []
        real: dict[bytes, bool] = {b"": True}
        root = os.fsencode(self.tree)
        for path in paths:
            name = path.decode(errors="backslashreplace")
            if self.ours and (path + b"/").startswith(os.fsencode(self.ours) + b"/"):
                continue
            why = _why_not(os.path.join(root, path), path)
            if why:
                left.append(LeftOut(name.rstrip("/"), why))
            elif _is_folder(root, os.path.dirname(path), real) and _is_there(root, path):
                taken.append(path)
            else:
                gone.append(path)
        return taken, gone, left

    async def commit(self, tree: str, parent: str, message: str, date: str = "") -> str:
        """Make a commit; without a date the same content gives the same commit."""
        if date:
            return await self.join(tree, (parent,) if parent else (), message, date)
        known = f"{tree} {parent} {message}"
        if self.memory.get("kept") != known:
            date = f"{await self._date_of(parent)} +0000"
            made = await self.join(tree, (parent,) if parent else (), message, date)
            self.memory.update(kept=known, commit=made)
        return self.memory["commit"]

    async def join(self, tree: str, parents: Sequence[str], message: str, date: str) -> str:
        """Make a commit with any number of parents."""
        whole = {**self.env, **_IDENTITY, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        named = replace(self, env=whole)
        behind = [word for parent in parents for word in ("-p", parent)]
        return await named.word("commit-tree", *behind, "-m", message, tree)

    async def _date_of(self, commit: str) -> str:
        if not commit:
            return "@0"
        body = await self.out("cat-file", "commit", commit)
        line = next(one for one in body.split(b"\n") if one.startswith(b"committer "))
        return "@" + line.split(b" ")[-2].decode()

    async def tree_of(self, commit: str) -> str:
        """Give the tree of a commit."""
        return await self.word("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}")

    async def parent_of(self, commit: str) -> str:
        """Give what HEAD was when one of our commits was made; empty before the first commit."""
        ended = await self.git("rev-parse", "--verify", "--quiet", f"{commit}^")
        return "" if ended.exit_code else ended.text.strip()


def _is_folder(root: bytes, name: bytes, known: dict[bytes, bool]) -> bool:
    """Say whether a path is a real folder all the way: what is behind a link is not there."""
    if name not in known:
        where = os.path.join(root, name)
        above = _is_folder(root, os.path.dirname(name), known)
        known[name] = above and not os.path.islink(where) and os.path.isdir(where)
    return known[name]


def _is_there(root: bytes, path: bytes) -> bool:
    """Say whether a file, a link or a submodule is there; a folder in a file's place is not it."""
    where = os.path.join(root, path)
    if os.path.isdir(where) and not os.path.islink(where):
        return os.path.lexists(os.path.join(where, b".git"))
    return os.path.lexists(where)


def _why_not(where: bytes, path: bytes) -> str:
    """Say why a path can't be kept; empty if it can, or is gone."""
    if path.endswith(b"/"):
        return "a repository of its own"
    try:
        there = os.lstat(where)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if not stat.S_ISREG(there.st_mode):
        return ""
    if there.st_size > LARGEST:
        return f"{there.st_size:,} bytes, more than {LARGEST:,}"
    return "" if os.access(where, os.R_OK) else "it can't be read"


@contextmanager
def _holding(lock: str) -> Iterator[int]:
    """Hold the lock for a git, which keeps it should we be killed: who comes after us waits."""
    with open(lock, "ab") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        yield held.fileno()


def wait_alone(lock: str) -> None:
    """Wait until no git of a process that was killed works in our folders any more."""
    with open(lock, "ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)


async def open_shadow(folder: str, tree: str, repository: Repository, state: str) -> Shadow:
    """Give our git folder at `folder` over a work tree of the repository, made at first use."""
    ours = os.path.relpath(state, tree) if state.startswith(tree + os.sep) else ""
    common = (await repository.lines("rev-parse", "--git-common-dir")).strip()
    common = os.path.normpath(os.path.join(repository.workspace, common))
    store = os.path.join(common, "objects")
    env = {name: value for name, value in repository.env.items() if not _is_setting(name)}
    env |= {"GIT_OBJECT_DIRECTORY": store, "GIT_OPTIONAL_LOCKS": "1"}
    lock = os.path.join(state, "workspaces.lock")
    shadow = Shadow(folder, tree, store, repository.program, env, ours, lock)
    if not os.path.exists(os.path.join(folder, "HEAD")):
        excludes = await repository.git("config", "--path", "--get", "core.excludesFile")
        kind = (await repository.lines("rev-parse", "--show-object-format")).strip()
        await asyncio.to_thread(_make, folder, common, excludes.text.strip(), kind)
        await _seed(shadow, repository)
    for stale in ("index.lock",):
        # Nobody else uses this folder: a lock is of a process that was killed.
        if os.path.lexists(os.path.join(folder, stale)):
            os.unlink(os.path.join(folder, stale))
    return shadow


def _is_setting(name: str) -> bool:
    return name.startswith("GIT_CONFIG_") and name not in {
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
    }


def _make(folder: str, common: str, excludes: str, kind: str) -> None:
    fresh = f"{folder}.fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(os.path.join(fresh, "refs"), mode=0o700)
    os.makedirs(os.path.join(fresh, "info"), mode=0o700)
    extensions = "" if kind == "sha1" else f"[extensions]\n\tobjectFormat = {kind}\n"
    quoted = excludes.replace("\\", "\\\\").replace('"', '\\"')
    texts = {
        "HEAD": "ref: refs/heads/none\n",
        "config": _CONFIG.format(
            version=1 if extensions else 0,
            excludes=f'"{quoted}"' if quoted and "\n" not in quoted else "",
            extensions=extensions,
        ),
        "info/attributes": _RAW,
    }
    for name, text in texts.items():
        with open(os.path.join(fresh, name), "w", encoding="utf-8") as file:
            file.write(text)
    exclude = os.path.join(common, "info", "exclude")
    if os.path.isfile(exclude):
        shutil.copyfile(exclude, os.path.join(fresh, "info", "exclude"))
    os.rename(fresh, folder)


async def _seed(shadow: Shadow, repository: Repository) -> None:
    """Begin with what the repository's own index has, which saves reading what is known.

    Where files may be converted on their way, each is read once: its own bytes are what counts.
    """
    where = (await repository.lines("rev-parse", "--git-path", "index")).strip()
    index = os.path.join(repository.workspace, where)
    if not os.path.isfile(index):
        return
    target = os.path.join(shadow.git_dir, "index")
    shutil.copyfile(index, target)
    if (await shadow.git("ls-files", "-u", "-z")).exit_code:
        os.unlink(target)
    elif await _converts(repository):
        known = await shadow.git("write-tree")
        if known.exit_code:
            os.unlink(target)
            return
        await shadow.out("read-tree", known.text.strip())
        await shadow.git("update-index", "-q", "--refresh")


async def _converts(repository: Repository) -> bool:
    """Say whether files may differ from what the repository stores of them."""
    for name in ("core.autocrlf", "core.eol"):
        said = (await repository.git("config", "--get", name)).text.strip().lower()
        if said not in {"", "false", "input", "lf", "native"}:
            return True
    common = (await repository.lines("rev-parse", "--git-path", "info/attributes")).strip()
    if os.path.exists(os.path.join(repository.workspace, common)):
        return True
    there = await repository.lines(
        "ls-files", "-z", "--cached", "--others", "--", ":(top,glob)**/.gitattributes"
    )
    return bool(there)
