"""Secrets on the disk: sealed, bound to tenant, name and version, whole after every crash."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from adapters.file_keyring import FileKeyring
from fleettui.adapters.secrets.store import SecretStore
from fleettui.core.errors import MissingExtra, NotFound, Refused, SecretsLocked

KEY, OTHER = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


@pytest.fixture(autouse=True)
def _no_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield
    keyring.set_keyring(before)


def put(store: SecretStore, tenant: str, name: str, value: str, *, anew: bool = False) -> int:
    return store.put(tenant, name, value, 12.5, "ann", anew=anew)


VALUES = ["x", "two\nlines\n", "-----BEGIN KEY-----\nabc\n", 'é"\\\t\x01', " spaces "]


@pytest.mark.parametrize("value", VALUES)
def test_what_was_set_is_given_to_its_tenant_alone(tmp_path: Path, value: str) -> None:
    put(SecretStore(tmp_path), "acme", "tok", value)
    other = SecretStore(tmp_path)
    assert other.current("acme") == {"tok": value}
    assert other.current("beta") == {}
    assert other.known("acme") == (("tok", value),)


def test_files_are_for_the_owner_alone_and_hold_no_value(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    put(SecretStore(folder), "acme", "tok", "canary-canary")
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"canary" not in path.read_bytes()


def test_a_reader_sees_at_once_what_another_process_changed(tmp_path: Path) -> None:
    reader, writer = SecretStore(tmp_path), SecretStore(tmp_path)
    assert reader.current("acme") == {}
    put(writer, "acme", "tok", "first-value")
    assert reader.current("acme") == {"tok": "first-value"}
    assert put(writer, "acme", "tok", "second-value", anew=True) == 2
    assert reader.current("acme") == {"tok": "second-value"}
    assert dict(reader.known("acme")[::-1])["tok"] == "second-value"
    assert ("tok", "first-value") in reader.known("acme")
    writer.remove("acme", "tok")
    assert reader.current("acme") == {}
    assert ("tok", "second-value") in reader.known("acme")


def test_a_value_that_was_replaced_is_known_to_a_later_reader(tmp_path: Path) -> None:
    put(SecretStore(tmp_path), "acme", "tok", "first-value")
    put(SecretStore(tmp_path), "acme", "tok", "second-value")
    reader = SecretStore(tmp_path)
    assert reader.read_all() == []
    assert set(reader.known("acme")) == {("tok", "first-value"), ("tok", "second-value")}


def test_rotating_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        put(SecretStore(tmp_path), "acme", "tok", "value", anew=True)
    with pytest.raises(NotFound):
        SecretStore(tmp_path).remove("acme", "tok")


@pytest.mark.parametrize("value", ["", "a\0b", "x" * 100_001])
def test_a_value_that_no_program_could_have_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(Refused):
        put(SecretStore(tmp_path), "acme", "tok", value)


def test_a_list_needs_no_key_and_shows_no_value(tmp_path: Path) -> None:
    put(SecretStore(tmp_path), "acme", "tok", "canary-canary")
    (tmp_path / "master.key").unlink()
    (one,) = SecretStore(tmp_path).listed("acme")
    assert (one.name, one.version, one.at, one.by) == ("tok", 1, 12.5, "ann")


def test_the_same_value_is_never_sealed_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(SecretStore(tmp_path), "acme", name, "value")
    one, two = SecretStore(tmp_path).listed("acme")
    assert one.nonce != two.nonce
    assert one.box != two.box


@pytest.mark.parametrize("field", ["name", "version", "nonce", "box"])
def test_a_secret_that_was_tampered_with_is_not_opened(tmp_path: Path, field: str) -> None:
    put(SecretStore(tmp_path), "acme", "tok", "value")
    path = tmp_path / "acme.json"
    whole = json.loads(path.read_text())
    entry = whole["secrets"][0]
    changed = {"name": "other", "version": 7, "nonce": "A" * 16, "box": "A" + entry["box"][1:]}
    entry[field] = changed[field] if changed[field] != entry[field] else "B" + entry[field][1:]
    path.write_text(json.dumps(whole))
    with pytest.raises(SecretsLocked, match="damaged"):
        SecretStore(tmp_path).current("acme")


def test_the_file_of_one_tenant_is_not_another_ones(tmp_path: Path) -> None:
    put(SecretStore(tmp_path), "acme", "tok", "value")
    body = (tmp_path / "acme.json").read_text()
    (tmp_path / "beta.json").write_text(body)
    with pytest.raises(SecretsLocked, match="another tenant"):
        SecretStore(tmp_path).current("beta")
    (tmp_path / "beta.json").write_text(body.replace('"acme"', '"beta"'))
    with pytest.raises(SecretsLocked, match="was another's"):
        SecretStore(tmp_path).current("beta")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"format": 1}', b"[]"])
def test_a_damaged_file_says_so(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "acme.json").write_bytes(body)
    with pytest.raises(SecretsLocked, match="is damaged"):
        SecretStore(tmp_path).current("acme")


# --- the master key --------------------------------------------------------------------------


def test_the_variable_goes_before_the_file(tmp_path: Path) -> None:
    put(SecretStore(tmp_path, KEY), "acme", "tok", "value")
    assert not (tmp_path / "master.key").exists()
    assert SecretStore(tmp_path, KEY).current("acme") == {"tok": "value"}


def test_another_key_is_told_from_none(tmp_path: Path) -> None:
    put(SecretStore(tmp_path, KEY), "acme", "tok", "value")
    with pytest.raises(SecretsLocked, match="FLEETTUI_MASTER_KEY holds another master key"):
        SecretStore(tmp_path, OTHER).current("acme")
    with pytest.raises(SecretsLocked, match="there is no master key here"):
        SecretStore(tmp_path).current("acme")


def test_no_second_key_is_made_beside_a_lost_one(tmp_path: Path) -> None:
    put(SecretStore(tmp_path, KEY), "acme", "tok", "value")
    for tenant in ("acme", "beta"):
        with pytest.raises(SecretsLocked, match="there is no master key here"):
            put(SecretStore(tmp_path), tenant, "more", "value")
    assert not (tmp_path / "master.key").exists()


@pytest.mark.parametrize("text", ["short", "A" * 43, "é", base64.b64encode(b"x" * 31).decode()])
def test_a_variable_that_is_no_key_is_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(SecretsLocked, match="not base64 of 32 bytes") as locked:
        put(SecretStore(tmp_path, text), "acme", "tok", "value")
    assert text not in str(locked.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused_with_the_chmod(tmp_path: Path, mode: int) -> None:
    put(SecretStore(tmp_path), "acme", "tok", "value")
    (tmp_path / "master.key").chmod(mode)
    with pytest.raises(SecretsLocked, match=f"run `chmod 600 {tmp_path}/master.key`"):
        SecretStore(tmp_path).current("acme")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_somebody_else_is_refused(tmp_path: Path) -> None:
    put(SecretStore(tmp_path), "acme", "tok", "value")
    os.chown(tmp_path / "master.key", 12345, 12345)
    with pytest.raises(SecretsLocked, match="not a file of yours"):
        SecretStore(tmp_path).current("acme")


def test_a_link_is_no_key(tmp_path: Path) -> None:
    put(SecretStore(tmp_path), "acme", "tok", "value")
    (tmp_path / "master.key").rename(tmp_path / "elsewhere")
    (tmp_path / "master.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SecretsLocked, match="can't be read"):
        SecretStore(tmp_path).current("acme")


def test_a_keyring_holds_the_key_where_there_is_one(tmp_path: Path) -> None:
    keyring.set_keyring(FileKeyring(tmp_path / "ring"))
    folder = tmp_path / "secrets"
    put(SecretStore(folder), "acme", "tok", "value")
    assert not (folder / "master.key").exists()
    assert SecretStore(folder).current("acme") == {"tok": "value"}
    before = (tmp_path / "ring").read_text()
    assert SecretStore(folder).change_master() == 1
    assert (tmp_path / "ring").read_text() != before
    assert len(json.loads((tmp_path / "ring").read_text())) == 1
    assert SecretStore(folder).current("acme") == {"tok": "value"}


def test_another_master_key_seals_everything_anew(tmp_path: Path) -> None:
    store = SecretStore(tmp_path)
    put(store, "acme", "tok", "old-value")
    put(store, "acme", "tok", "new-value")
    put(store, "beta", "tok", "beta-value")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert store.change_master() == 2
    for name in ("acme.json", "beta.json", "master.key"):
        assert (tmp_path / name).read_bytes() != before[name]
    assert store.current("acme") == {"tok": "new-value"}
    fresh = SecretStore(tmp_path)
    assert fresh.current("beta") == {"tok": "beta-value"}
    assert fresh.current("acme") == {"tok": "new-value"}
    assert ("tok", "old-value") in fresh.known("acme")


def test_the_key_of_a_variable_is_its_owners_to_change(tmp_path: Path) -> None:
    put(SecretStore(tmp_path, KEY), "acme", "tok", "value")
    with pytest.raises(Refused, match="give the next one on standard input"):
        SecretStore(tmp_path, KEY).change_master()
    assert SecretStore(tmp_path, KEY).change_master(OTHER) == 1
    assert SecretStore(tmp_path, OTHER).current("acme") == {"tok": "value"}


def test_a_change_that_was_broken_off_can_be_read_and_is_finished(tmp_path: Path) -> None:
    store = SecretStore(tmp_path)
    put(store, "acme", "tok", "value")
    put(store, "beta", "tok", "value")
    half = (tmp_path / "beta.json").read_bytes()
    old = (tmp_path / "master.key").read_bytes()
    store.change_master()
    # As it was when only one tenant was sealed anew, and the next key not yet in place.
    (tmp_path / "master.key").rename(tmp_path / "master.key.next")
    (tmp_path / "master.key").write_bytes(old)
    (tmp_path / "master.key").chmod(0o600)
    (tmp_path / "beta.json").write_bytes(half)
    assert SecretStore(tmp_path).current("acme") == {"tok": "value"}
    assert SecretStore(tmp_path).current("beta") == {"tok": "value"}
    SecretStore(tmp_path).change_master()
    assert not (tmp_path / "master.key.next").exists()
    assert SecretStore(tmp_path).read_all() == []


def test_without_the_packages_the_extra_is_named(tmp_path: Path) -> None:
    put(SecretStore(tmp_path), "acme", "tok", "value")
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from pathlib import Path\n"
        "from fleettui.adapters.secrets.store import SecretStore\n"
        "store = SecretStore(Path(sys.argv[1]))\n"
        "print(len(store.listed('acme')))\n"
        "store.current('acme')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "1\n"
    assert MissingExtra.__name__ in done.stderr
    assert "pip install 'fleettui[secrets]'" in done.stderr


# --- crashes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rotates", ["values", "master"])
def test_a_writer_killed_at_any_time_loses_nothing_it_said(tmp_path: Path, rotates: str) -> None:
    said: dict[tuple[str, str], int] = {}
    for round_ in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-m", "adapters.secret_writer", str(tmp_path), rotates],
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1],
        )  # fmt: skip
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(5 + round_)]
        writer.kill()
        lines += writer.stdout.readlines()
        writer.wait()
        writer.stdout.close()
        now: dict[tuple[str, str], int] = {}
        for line in filter(lambda one: one.endswith("\n"), lines):
            tenant, name, value = line.split()
            now[tenant, name] = int(value.removeprefix("value-"))
        said |= now
        store = SecretStore(tmp_path)
        assert store.read_all() == []
        for (tenant, name), number in now.items():
            kept = int(store.current(tenant)[name].removeprefix("value-"))
            assert kept >= number
        for tenant, name in said:
            assert name in store.current(tenant)
