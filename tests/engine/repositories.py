"""Real git repositories for tests: made, changed and looked at by git itself."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{who}_{what}": "ann@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
}


def git(folder: Path, *argv: str) -> str:
    done = subprocess.run(["git", *argv], cwd=folder, env=ENV, check=True, capture_output=True)
    return done.stdout.decode(errors="surrogateescape")


def repository(folder: Path, **files: str) -> Path:
    """Make a repository with one commit; `a__txt` names a.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    for name, text in (files or {"a__txt": "one\n"}).items():
        path = folder / name.replace("__", ".")
        path.write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return folder


def pictured(folder: Path) -> dict[str, tuple[str, str]]:
    """Give every file of a folder but git's own: what it is, and the digest of its bytes."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name.split("/", maxsplit=1)[0] == ".git":
            continue
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        elif path.is_file():
            kind = "program" if path.stat().st_mode & 0o100 else "file"
            found[name] = (kind, hashlib.sha256(path.read_bytes()).hexdigest())
    return found


def untouched(folder: Path) -> tuple[str, ...]:
    """Give what a checkpoint must leave as it is: HEAD, branches, index, status, hooks, config."""
    hooks = sorted(one.name for one in (folder / ".git" / "hooks").glob("*"))
    return (
        git(folder, "rev-parse", "HEAD"),
        (folder / ".git" / "HEAD").read_text(),
        git(folder, "for-each-ref", "refs/heads", "refs/tags", "refs/stash"),
        git(folder, "ls-files", "--stage"),
        git(folder, "status", "--porcelain", "--ignored"),
        (folder / ".git" / "config").read_text(),
        ",".join(hooks),
    )
