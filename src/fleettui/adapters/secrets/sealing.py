"""Sealing: AES-256-GCM with a key of each tenant's own, made out of the master key."""

from __future__ import annotations

import json
import os
from importlib import import_module
from typing import Any, Final

from fleettui.core.errors import MissingExtra, SecretsLocked

KEY_BYTES: Final = 32
_NONCE: Final = 12
_ID_BYTES: Final = 6
_EXTRA: Final = "pip install 'fleettui[secrets]'"


def seal(master: bytes, tenant: str, name: str, version: int, value: str) -> tuple[bytes, bytes]:
    """Give (nonce, box) of a value; the box opens only as this version of this name."""
    nonce = os.urandom(_NONCE)
    box: bytes = _cipher(master, tenant).encrypt(
        nonce, value.encode("utf-8", "surrogatepass"), _bound(tenant, name, version)
    )
    return nonce, box


def unseal(master: bytes, tenant: str, name: str, version: int, nonce: bytes, box: bytes) -> str:
    """Give the value back; raises SecretsLocked where a bit of it, or its place, is another."""
    cipher, bound = _cipher(master, tenant), _bound(tenant, name, version)
    invalid = import_module("cryptography.exceptions").InvalidTag
    try:
        body: bytes = cipher.decrypt(nonce, box, bound)
    except (invalid, ValueError) as error:
        raise SecretsLocked(
            f"the secret '{name}' of tenant {tenant} is damaged, or was another's",
            "set it again: fleettui secret set",
        ) from error
    return body.decode("utf-8", "surrogatepass")


def key_id(master: bytes) -> str:
    """Give what tells one master key from another, and says nothing about it."""
    return _derived(master, b"fleettui key id", _ID_BYTES).hex()


def _cipher(master: bytes, tenant: str) -> Any:
    key = _derived(master, b"fleettui secrets 1\0" + tenant.encode(), KEY_BYTES)
    return _part("hazmat.primitives.ciphers.aead").AESGCM(key)


def _derived(master: bytes, purpose: bytes, length: int) -> bytes:
    hashes = _part("hazmat.primitives.hashes")
    hkdf = _part("hazmat.primitives.kdf.hkdf").HKDF(
        algorithm=hashes.SHA256(), length=length, salt=None, info=purpose
    )
    found: bytes = hkdf.derive(master)
    return found


def _bound(tenant: str, name: str, version: int) -> bytes:
    return json.dumps([tenant, name, version], separators=(",", ":")).encode()


def _part(name: str) -> Any:
    try:
        return import_module(f"cryptography.{name}")
    except ImportError as error:
        raise MissingExtra("secrets need the package cryptography", _EXTRA) from error
