"""SecretStore: the secrets of all tenants of a state folder, a sealed file each."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from fleettui.adapters.secrets.master import MasterKey, read_key
from fleettui.adapters.secrets.sealed import FORMAT, Sealed, SealedFile, read_sealed
from fleettui.adapters.secrets.sealing import KEY_BYTES, key_id
from fleettui.adapters.secrets.writing import write_whole
from fleettui.core.errors import FleettuiError, NotFound, Refused, SecretsLocked
from fleettui.core.secrets import MASTER_KEY, check_name, check_tenant

_END: Final = ".json"
# Longer ones fit no variable of a program (Linux takes 128 KiB for one).
_MOST: Final = 100_000


class SecretStore:
    """Sets, lists and opens secrets; satisfies ports.Secrets for a host that lives long.

    Writers exclude each other by a lock and put whole files in place, so a reader needs none: it
    looks at each use whether the file is another one.
    """

    def __init__(self, folder: Path, master: str = "") -> None:
        """Take the folder of the secrets, and what FLEETTUI_MASTER_KEY says, empty for unset."""
        self._folder, self.master = folder, MasterKey(folder, master)
        self._key: bytes | None = None
        self._seen: dict[str, tuple[object, Mapping[str, str]]] = {}
        self._known: dict[str, tuple[tuple[str, str], ...]] = {}

    # --- reading, as a host does ---------------------------------------------------------------

    def current(self, tenant: str) -> Mapping[str, str]:
        """Give the values by name, read again if the file changed; raises SecretsLocked."""
        mark = self._mark(tenant)
        if mark is None:
            self._seen.pop(tenant, None)
            return {}
        seen = self._seen.get(tenant)
        if seen is not None and seen[0] == mark:
            return seen[1]
        self._seen.pop(tenant, None)
        sealed = read_sealed(self._path(tenant), tenant)
        if sealed is None:
            return {}
        now, old = sealed.opened(self._key_of(sealed))
        self._seen[tenant] = (mark, now)
        self._note(tenant, [*now.items(), *old])
        return now

    def known(self, tenant: str) -> Sequence[tuple[str, str]]:
        """Give every value that was read so far; what is removed stays until this process ends."""
        return self._known.get(tenant, ())

    def tenants(self) -> Sequence[str]:
        """Name the tenants of whom a value was read."""
        return list(self._known)

    def read_all(self) -> Sequence[str]:
        """Read the secrets of every tenant, and say in a line each what can't be opened."""
        troubles = []
        for tenant in self._stored():
            try:
                self.current(tenant)
            except FleettuiError as error:
                troubles.append(str(error))
        return troubles

    # --- changing, as the command line does ----------------------------------------------------

    def listed(self, tenant: str) -> Sequence[Sealed]:
        """Give what a tenant has, by name; no key is needed, and no value is opened."""
        found = read_sealed(self._path(tenant), tenant)
        return () if found is None else found.secrets

    def put(self, tenant: str, name: str, value: str, at: float, by: str, *, anew: bool) -> int:
        """Set a secret, and give its version; `anew` demands that there is one already."""
        check_name(name)
        _check_value(value)
        with self._locked():
            sealed = read_sealed(self._path(tenant), tenant)
            if anew and (sealed is None or sealed.find(name) is None):
                raise _not_there(name, tenant)
            master = self._key_to_write(sealed)
            sealed = sealed or SealedFile(FORMAT, tenant, key_id(master))
            new = sealed.with_value(master, name, value, at, by)
            self._write(new)
        found = new.find(name)
        assert found is not None
        return found.version

    def remove(self, tenant: str, name: str) -> None:
        """Forget a secret with all that it was; raises NotFound."""
        with self._locked():
            sealed = read_sealed(self._path(tenant), tenant)
            if sealed is None or sealed.find(name) is None:
                raise _not_there(name, tenant)
            self._write(sealed.without(name))

    def change_master(self, given: str = "") -> int:
        """Seal everything with another master key, and count the tenants.

        A key in a variable is its owner's to change: then `given` is the next one, else it is
        made. Broken off in the middle, everything can be read, and a second call finishes it.
        """
        with self._locked():
            keys = {key_id(key): key for key in self.master.candidates()}
            if self.master.is_given:
                if not given:
                    raise Refused(
                        f"{MASTER_KEY} holds the master key",
                        "give the next one on standard input, then set the variable to it",
                    )
                after = read_key(given, "the new key")
                keys[key_id(after)] = after
            elif len(keys) > 1:
                after = list(keys.values())[-1]
            else:
                after = os.urandom(KEY_BYTES)
                self.master.begin_change(after)
            tenants = self._stored()
            for tenant in tenants:
                sealed = read_sealed(self._path(tenant), tenant)
                if sealed is not None and sealed.key != key_id(after):
                    self._write(sealed.sealed_anew(self._fitting(sealed, keys), after))
            if not self.master.is_given:
                self.master.end_change(after)
        return len(tenants)

    # --- keys and files ------------------------------------------------------------------------

    def _key_of(self, sealed: SealedFile) -> bytes:
        """Give the master key of a file; raises SecretsLocked where nobody has it."""
        if self._key is None or key_id(self._key) != sealed.key:
            self._key = self._fitting(
                sealed, {key_id(key): key for key in self.master.candidates()}
            )
        return self._key

    def _fitting(self, sealed: SealedFile, keys: Mapping[str, bytes]) -> bytes:
        found = keys.get(sealed.key)
        if found is not None:
            return found
        of, where = f"the secrets of tenant {sealed.tenant}", self.master.where()
        if not keys:
            raise SecretsLocked(
                f"{of} can't be opened: there is no master key here",
                f"start the host with {MASTER_KEY} set, or put back {self._folder}/master.key",
            )
        raise SecretsLocked(
            f"{of} can't be opened: {where} holds another master key than they were sealed with",
            f"put back the one with the id {sealed.key}",
        )

    def _key_to_write(self, sealed: SealedFile | None) -> bytes:
        """Give the key to seal with: that of what is there, else the first one, made if need be."""
        if sealed is not None and (sealed.secrets or sealed.old):
            return self._key_of(sealed)
        keys = self.master.candidates()
        others = [one for one in self._stored() if self._has_values(one)]
        if others and not keys:
            other = read_sealed(self._path(others[0]), others[0])
            assert other is not None
            return self._key_of(other)
        return keys[-1] if keys else self.master.make()

    def _has_values(self, tenant: str) -> bool:
        found = read_sealed(self._path(tenant), tenant)
        return found is not None and bool(found.secrets or found.old)

    def _note(self, tenant: str, values: Sequence[tuple[str, str]]) -> None:
        known = self._known.get(tenant, ())
        fresh = [pair for pair in values if pair not in known]
        if fresh:
            self._known[tenant] = (*fresh, *known)

    def _path(self, tenant: str) -> Path:
        return self._folder / f"{check_tenant(tenant)}{_END}"

    def _mark(self, tenant: str) -> tuple[int, int, int] | None:
        try:
            found = self._path(tenant).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _stored(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        return sorted(path.name.removesuffix(_END) for path in self._folder.glob(f"[!.]*{_END}"))

    def _write(self, sealed: SealedFile) -> None:
        write_whole(self._path(sealed.tenant), msgspec.json.encode(sealed) + b"\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _check_value(value: str) -> None:
    if not value:
        raise Refused("the value is empty", "give it on standard input, or at the prompt")
    if "\0" in value:
        raise Refused(
            "the value has a NUL byte, which no variable can hold", "encode it, as base64 say"
        )
    if len(value.encode("utf-8", "surrogatepass")) > _MOST:
        raise Refused(f"the value is longer than {_MOST:,} bytes", "keep it in a file")


def _not_there(name: str, tenant: str) -> NotFound:
    return NotFound(
        f"tenant {tenant} has no secret '{name}'" if len(name) <= 60 else "there is no such secret",
        "fleettui secret list names them",
    )
