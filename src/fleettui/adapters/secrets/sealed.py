"""SealedFile: the secrets of one tenant as they lie in its file: names plain, values sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from fleettui.adapters.secrets.sealing import key_id, seal, unseal
from fleettui.core.errors import SecretsLocked

FORMAT: Final = 1
# So many replaced values of a name are still looked for.
MOST_OLD: Final = 20


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of one secret; `at` in seconds since the epoch, `by` a user of the machine."""

    name: str
    version: int
    at: float
    by: str
    nonce: bytes
    box: bytes


class SealedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tenant has, and what it had; `key` tells which master key opens it."""

    format: int
    tenant: str
    key: str
    secrets: tuple[Sealed, ...] = ()
    old: tuple[Sealed, ...] = ()

    def find(self, name: str) -> Sealed | None:
        """Give the present version of a secret."""
        return next((one for one in self.secrets if one.name == name), None)

    def with_value(self, master: bytes, name: str, value: str, at: float, by: str) -> SealedFile:
        """Put a value in place; the one before stays, for what is to be cut out of texts."""
        before = self.find(name)
        version = (
            max((one.version for one in (*self.secrets, *self.old) if one.name == name), default=0)
            + 1
        )
        nonce, box = seal(master, self.tenant, name, version, value)
        new = Sealed(name, version, at, by, nonce, box)
        kept = [one for one in self.secrets if one.name != name]
        old = [*self.old, before] if before is not None else list(self.old)
        mine = [one for one in old if one.name == name][-MOST_OLD:]
        others = [one for one in old if one.name != name]
        secrets = tuple(sorted((*kept, new), key=lambda one: one.name))
        return replace(self, key=key_id(master), secrets=secrets, old=(*others, *mine))

    def without(self, name: str) -> SealedFile:
        """Take a secret out, with all that it was."""
        return replace(
            self,
            secrets=tuple(one for one in self.secrets if one.name != name),
            old=tuple(one for one in self.old if one.name != name),
        )

    def opened(self, master: bytes) -> tuple[dict[str, str], list[tuple[str, str]]]:
        """Give the values by name, and the replaced ones; raises SecretsLocked for damage."""
        now = {one.name: self._value(master, one) for one in self.secrets}
        return now, [(one.name, self._value(master, one)) for one in self.old]

    def sealed_anew(self, before: bytes, after: bytes) -> SealedFile:
        """Seal everything with another master key, with fresh nonces."""
        return replace(
            self,
            key=key_id(after),
            secrets=tuple(self._anew(one, before, after) for one in self.secrets),
            old=tuple(self._anew(one, before, after) for one in self.old),
        )

    def _value(self, master: bytes, one: Sealed) -> str:
        return unseal(master, self.tenant, one.name, one.version, one.nonce, one.box)

    def _anew(self, one: Sealed, before: bytes, after: bytes) -> Sealed:
        nonce, box = seal(after, self.tenant, one.name, one.version, self._value(before, one))
        return replace(one, nonce=nonce, box=box)


def read_sealed(path: Path, tenant: str) -> SealedFile | None:
    """Read a tenant's file, None where it has none; raises SecretsLocked for what is none."""
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretsLocked(
            f"the secrets {path} can't be read: {error.strerror}", "mend its permissions"
        ) from error
    try:
        found = msgspec.json.decode(body, type=SealedFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SecretsLocked(
            f"the file of secrets {path} is damaged",
            "put a copy back, or move it away and set anew",
        ) from error
    if found.format != FORMAT:
        raise SecretsLocked(f"{path} was written by a newer fleettui", "update fleettui")
    if found.tenant != tenant:
        raise SecretsLocked(f"{path} holds the secrets of another tenant", "put its own file back")
    return found
