"""YamlTenants: a folder of files of kind Tenant, read whole and watched."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import replace

from fleettui.adapters.yaml.checked import Checked
from fleettui.adapters.yaml.files import Unreadable, read_text, yaml_files
from fleettui.core.errors import BadSpec, Refused
from fleettui.core.spec.known import API_VERSION
from fleettui.core.spec.problem import Problem
from fleettui.core.spec.tenant import TenantFile
from fleettui.ports import LoadedTenant, LoadedTenants


class YamlTenants:
    """Satisfies ports.TenantFolder; a folder that isn't there has no tenants."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        """Name the folder."""
        return str(self._folder)

    def load(self) -> LoadedTenants:
        """Read every file; one with errors gives its problems and no tenant. Blocks."""
        tenants: dict[str, LoadedTenant] = {}
        problems: list[Problem] = []
        broken: list[str] = []
        for path in yaml_files([str(self._folder)]) if self._folder.is_dir() else ():
            file = Checked(path, {})
            mine = [one for one in file.problems if one.severity == "error"]
            for document in file.documents:
                if document.kind != "Tenant" or document.failed():
                    continue
                name = document.name()
                if name in tenants:
                    message = f"tenant '{name}' is in {tenants[name].file} already"
                    mine.append(Problem(path, document.root.line, 1, "error", "", message))
                    continue
                spec = TenantFile.model_validate(document.data).spec
                plain = spec.model_dump(mode="json", exclude_unset=True)
                tenants[name] = LoadedTenant(name, plain, path)
            problems += mine
            broken += [path] if mine else []
        return LoadedTenants(
            tuple(tenants.values()), tuple(broken), tuple(str(one) for one in problems)
        )

    async def changes(self) -> AsyncIterator[None]:
        """Say so whenever something in the folder changed, and once when watching has begun."""
        await asyncio.to_thread(self._folder.mkdir, 0o700, parents=True, exist_ok=True)
        # Loaded in a thread, behind the first paint.
        watchfiles = await asyncio.to_thread(import_module, "watchfiles")
        changes = watchfiles.awatch(
            self._folder, debounce=200, step=20, rust_timeout=60_000, yield_on_timeout=False
        )
        yield None
        async for _ in changes:
            yield None


def tenants_folder(state: Path, environment: Mapping[str, str]) -> Path:
    """Name the folder of the tenants' files: FLEETTUI_TENANTS, else one in the state folder."""
    chosen = environment.get("FLEETTUI_TENANTS", "")
    return Path(chosen).expanduser().absolute() if chosen else state / "tenants"


def add_tenant(folder: Path, named: str, spec: Mapping[str, Any] | None) -> str:
    """Put a file into the folder: a new tenant of that name and spec, or a copy of that file.

    Gives its path; raises BadSpec with placed problems, and Refused where there is one already.
    """
    if spec is None:
        text = _read(named)
    else:
        head = {"apiVersion": API_VERSION, "kind": "Tenant", "metadata": {"name": named}}
        text = yaml.safe_dump({**head, "spec": dict(spec)}, sort_keys=False, allow_unicode=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Of no name that the host would read, and only ours to read.
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".tmp", encoding="utf-8") as fresh:
        fresh.write(text)
        fresh.flush()
        names = _names(fresh.name, named if spec is None else f"{named}.yaml")
        known = {one.name: one.file for one in YamlTenants(folder).load().tenants}
        for name in names:
            if name in known:
                raise Refused(f"there is a tenant '{name}' already", f"change {known[name]}")
        path = folder / f"{names[0]}.yaml"
        try:
            # Never over a file that is there, whoever else adds one right now.
            path.hardlink_to(fresh.name)
        except FileExistsError:
            raise Refused(f"{path} is there already", "change it, or move it away") from None
    return str(path)


def _read(path: str) -> str:
    try:
        return read_text(path)
    except Unreadable as error:
        place = f"{path}:{error.line}:{error.column}: error: {error}"
        raise BadSpec(f"{path} can't be read", (place,)) from None


def _names(path: str, shown: str) -> list[str]:
    """Name the tenants of a file; raises BadSpec, its problems placed in the file as `shown`."""
    file = Checked(path, {})
    problems = [str(replace(one, file=shown)) for one in file.problems if one.severity == "error"]
    others = [one for one in file.documents if one.kind != "Tenant"]
    problems += [
        f"{shown}:{one.root.line}:1: error: expected kind Tenant, found {one.kind or 'none'}"
        for one in others
        if not problems
    ]
    if problems:
        raise BadSpec(f"{shown} is no tenant", problems, "mend the file and add it again")
    return [one.name() for one in file.documents]
