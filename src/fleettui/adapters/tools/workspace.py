"""Keeps paths inside the workspace: names are resolved, then walked without following a link."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from dataclasses import dataclass
from typing import Final

from fleettui.core.errors import ToolFailed

_INSIDE: Final = "give a path inside the workspace, relative to it"
_KERNEL: Final = ("/proc", "/sys", "/dev")
_SECRET: Final = re.compile(
    r"(^|/)(\.env(\.[^/]*)?|[^/]*\.env|\.envrc|id_(rsa|dsa|ecdsa|ed25519)[^/]*|[^/]*\.(pem|key|p12|pfx"
    r"|jks|keystore|kdbx|ppk|asc|gpg)|\.netrc|_netrc|\.pgpass|\.npmrc|\.pypirc|\.git-credentials"
    r"|\.htpasswd|[^/]*credentials?[^/.]*(\.(json|ya?ml|ini|toml|csv|txt|xml))?"
    r"|[^/]*secrets?(\.(json|ya?ml|ini|toml|env|txt|xml))?|service-account[^/]*\.json"
    r"|\.aws/[^/]*|\.ssh/[^/]*|\.kube/config|\.docker/config\.json|kubeconfig|terraform\.tfstate[^/]*"
    r"|[^/]*\.tfvars)$"
)
_EXAMPLE: Final = re.compile(r"\.(example|sample|template|dist|pub)$")
# The same as _SECRET in git's words, coarser: what a search or diff over everything leaves out.
SECRET_GLOBS: Final = (
    ".env", ".env.*", "*.env", ".envrc", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*",
    "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk", ".netrc",
    "_netrc", ".pgpass", ".npmrc", ".pypirc", ".git-credentials", ".htpasswd", "credentials",
    "credentials.*", "secrets.json", "secrets.y*ml", "secret.y*ml", "secrets.toml",
    "service-account*.json", "kubeconfig", "terraform.tfstate*", "*.tfvars",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A path that was checked: `root` and `real` are resolved, `name` is relative to the root."""

    root: str
    name: str
    real: str

    @property
    def secret(self) -> bool:
        """Whether its name, or that of what it links to, looks like a file of secrets."""
        return looks_secret(self.name) or looks_secret(os.path.relpath(self.real, self.root))


def real_root(workspace: str) -> str:
    """Give the workspace resolved; raises ToolFailed when it is no folder."""
    root = os.path.realpath(workspace)
    if not os.path.isdir(root):
        raise ToolFailed(
            f"the workspace {workspace} is not a folder", "open the fleet in an existing folder"
        )
    return root


def confine(workspace: str, path: str) -> Place:
    """Check that `path` names something inside the workspace that is not git's own."""
    root = real_root(workspace)
    if "\0" in path:
        raise ToolFailed("the path has a NUL character", _INSIDE)
    real = os.path.realpath(os.path.join(root, path))
    outside = real != root and not real.startswith(root.rstrip("/") + "/")
    if outside or any(real == top or real.startswith(top + "/") for top in _KERNEL):
        raise ToolFailed(f"{path!r} leads outside the workspace", _INSIDE)
    plain = os.path.normpath(os.path.join(root, path))
    name = os.path.relpath(plain if plain.startswith(root) else real, root)
    if git_internal(name) or git_internal(os.path.relpath(real, root)):
        raise ToolFailed(
            f"{path!r} belongs to git itself",
            "use git_diff, git_log or git_show to look at history",
        )
    return Place(root, name, real)


def open_inside(place: Place, flags: int = os.O_RDONLY) -> int:
    """Open a checked place for reading and return its descriptor, following no link on the way.

    Raises ToolFailed for what is missing, was swapped for a link, or is no regular file.
    """
    folder = open_folder(place.root, os.path.relpath(os.path.dirname(place.real), place.root))
    try:
        opened = os.open(
            os.path.basename(place.real),
            flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
            dir_fd=folder,
        )
    except OSError as error:
        raise _unreadable(place.name, error) from None
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise ToolFailed(f"{place.name} is not a regular file", "use list_files to find files")
    return opened


def open_folder(root: str, relative: str, *, create: bool = False) -> int:
    """Open a folder below the root, component by component; make missing ones if asked."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in (part for part in relative.split("/") if part not in {"", "."}):
        try:
            if create:
                _make(part, folder)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            deeper = os.open(part, flags, dir_fd=folder)
        except OSError as error:
            raise _unreadable(relative, error) from None
        finally:
            os.close(folder)
        folder = deeper
    return folder


def read_inside(place: Place, most: int) -> bytes:
    """Read at most `most` bytes of a checked place."""
    with os.fdopen(open_inside(place), "rb") as file:
        return file.read(most)


def git_internal(name: str) -> bool:
    """Say whether a part of the path is `.git`, in any spelling some file system takes for it."""
    return any(_folded(part) in {".git", "git~1"} for part in name.split("/"))


def looks_secret(name: str) -> bool:
    """Say whether a file name is one that usually holds secrets."""
    folded = name.casefold()
    return bool(_SECRET.search(folded)) and not _EXAMPLE.search(folded)


def _folded(part: str) -> str:
    shown = (char for char in part if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFKC", "".join(shown)).casefold().split(":")[0].rstrip(" .")


def _make(part: str, folder: int) -> None:
    try:
        os.mkdir(part, 0o755, dir_fd=folder)
    except FileExistsError:
        return


def _unreadable(name: str, error: OSError) -> ToolFailed:
    why = error.strerror or "it can't be opened"
    return ToolFailed(f"{name}: {why.lower()}", "use list_files to see what is there")
