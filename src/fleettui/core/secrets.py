"""Secrets by name: how they are called, which variable each becomes, who is given which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from fleettui.core.errors import Refused, ToolFailed
from fleettui.core.tenancy import DEFAULT, is_tenant_name

# The variable that may hold the key of all stored secrets; no agent is ever given it.
MASTER_KEY: Final = "FLEETTUI_MASTER_KEY"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}\Z")
GLOB: Final = re.compile(r"[A-Za-z0-9*?\[][A-Za-z0-9._*?\[\]!-]{0,126}\Z")
VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,126}\Z")
# How a text of a file names a secret: `${secret:github-token}`.
PREFIX: Final = "secret:"
# What says how a program runs, rather than what it knows.
RESERVED: Final = frozenset({"PATH", "HOME", "TERM", "USER", "LOGNAME", "SHELL", "IFS", MASTER_KEY})
_LOADER: Final = ("LD_", "DYLD_", "FLEETTUI_")


def is_glob(name: str) -> bool:
    """Say whether a name of a list stands for several."""
    return any(mark in name for mark in "*?[")


def variable_of(name: str) -> str:
    """Give the variable a secret becomes unless the file says another: GITHUB_TOKEN."""
    plain = re.sub(r"[^A-Za-z0-9]", "_", name).upper()
    return f"_{plain}" if plain[0].isdigit() else plain


def is_reserved(variable: str) -> bool:
    """Say whether a variable may not be a secret's, because it says how programs run."""
    return variable in RESERVED or variable.startswith(_LOADER)


def is_listed(name: str, listed: Iterable[str]) -> bool:
    """Say whether a list of names and globs has a name."""
    return any(fnmatchcase(name, pattern) for pattern in listed)


def check_name(name: str) -> str:
    """Give a secret's name back, or raise Refused; what looks like NAME=VALUE is not repeated."""
    if not NAME.match(name):
        shown = "that" if "=" in name or len(name) > 60 else f"'{name}'"
        raise Refused(
            f"{shown} is no name of a secret",
            "use letters, digits, '-', '_' and '.'; the value comes on standard input",
        )
    if is_reserved(variable_of(name)):
        raise Refused(f"'{name}' would become {variable_of(name)}", "choose another name")
    return name


def check_tenant(tenant: str) -> str:
    """Give a tenant's name back, or raise Refused."""
    if not is_tenant_name(tenant):
        raise Refused(
            "that is no name of a tenant", "use lower-case letters, digits and '-', at most 63"
        )
    return tenant


def granted(
    wanted: Mapping[str, str], there: Sequence[str], tenant: str, allowed: Sequence[str] = ("*",)
) -> Mapping[str, str]:
    """Give the secrets of an agent as variable: name, of those that are there.

    `wanted` is the list of its file (name or glob: variable, empty for the usual one), `allowed`
    that of its tenant's file, within which `there` are. Raises
    ToolFailed where a named one is not there, or two would become the same variable.
    """
    found: dict[str, str] = {}
    for pattern, variable in wanted.items():
        names = [name for name in there if fnmatchcase(name, pattern)]
        if not names and not is_glob(pattern):
            if not any(fnmatchcase(pattern, one) for one in allowed):
                raise ToolFailed(
                    f"the file of tenant {tenant} does not list the secret '{pattern}'",
                    "add it there under spec.secrets, or take it out of the agent's",
                )
            of = "" if tenant == DEFAULT else f"--tenant {tenant} "
            raise ToolFailed(
                f"the secret '{pattern}' is not set, which spec.secrets names",
                f"fleettui secret set {of}{pattern}",
            )
        for name in names:
            own = variable or variable_of(name)
            if found.setdefault(own, name) != name:
                raise ToolFailed(
                    f"the secrets '{found[own]}' and '{name}' would both become {own}",
                    f"write spec.secrets as {{{name}: ANOTHER_VARIABLE}}",
                )
    return found
