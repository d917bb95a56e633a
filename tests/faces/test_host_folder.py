"""The state folder: where it is, who may enter, and which one process owns it."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from fleettui.core.errors import Refused
from fleettui.host.lock import claim, owner
from fleettui.host.paths import make_private, socket_paths, state_folder
from fleettui.host.spawn import connect, host_environment


@pytest.fixture
def taken(tmp_path):
    claimed = claim(str(tmp_path / "state"))
    assert claimed is not None
    yield claimed
    claimed.release()


@pytest.mark.parametrize(
    ("chosen", "environment", "folder"),
    [
        ("/chosen", {"FLEETTUI_STATE": "/named", "XDG_STATE_HOME": "/xdg"}, "/chosen"),
        ("", {"FLEETTUI_STATE": "/named", "XDG_STATE_HOME": "/xdg"}, "/named"),
        ("", {"XDG_STATE_HOME": "/xdg"}, "/xdg/fleettui"),
        ("", {"XDG_STATE_HOME": "relative"}, "/home/me/.local/state/fleettui"),
        ("", {}, "/home/me/.local/state/fleettui"),
    ],
)
def test_the_folder_is_the_chosen_one_then_the_named_then_xdgs(
    monkeypatch, chosen, environment, folder
):
    for name in ("FLEETTUI_STATE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert state_folder(chosen) == folder


def test_everything_in_the_folder_is_ours_alone(taken):
    assert stat.S_IMODE(Path(taken.state).stat().st_mode) == 0o700
    for name in ("host.lock", "host.sock"):
        assert stat.S_IMODE(Path(f"{taken.state}/{name}").stat().st_mode) == 0o600


def test_a_folder_others_may_write_into_is_refused_with_the_mend(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(Refused, match="chmod 700"):
        make_private(str(tmp_path))


def test_a_file_or_a_link_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(Refused, match="--state DIR"):
            make_private(str(tmp_path / name))


def test_a_folder_is_claimed_once_and_names_its_owner(taken):
    assert claim(taken.state) is None
    assert owner(taken.state) == os.getpid()


def test_a_folder_that_was_let_go_can_be_claimed_again(tmp_path):
    first = claim(str(tmp_path))
    assert first is not None
    first.release()
    second = claim(str(tmp_path))
    assert second is not None
    second.release()


def test_whatever_lies_at_the_sockets_place_is_replaced_under_the_lock(tmp_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "host.sock"))
    assert connect(str(tmp_path)) is None
    claimed = claim(str(tmp_path))
    assert claimed is not None
    joined = connect(str(tmp_path))
    assert joined is not None
    joined.close()
    claimed.release()


def test_a_link_at_the_locks_place_is_not_followed(tmp_path):
    (tmp_path / "host.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        claim(str(tmp_path))
    assert not (tmp_path / "elsewhere").exists()


def test_a_path_too_long_for_a_socket_is_replaced_by_a_short_private_one(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    state = str(tmp_path / ("long" * 30))
    paths = socket_paths(state)
    assert paths[0].startswith(f"{tmp_path}/fleettui/")
    assert all(len(path) <= 107 for path in paths)
    claimed = claim(state)
    assert claimed is not None
    joined = connect(state)
    assert joined is not None
    joined.close()
    assert stat.S_IMODE(Path(tmp_path / "fleettui").stat().st_mode) == 0o700
    claimed.release()
    assert socket_paths(state)[0] != socket_paths(state + "x")[0]


def test_a_host_does_not_take_a_shells_secrets_with_it(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "secret")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TEXTUAL_FPS", "1")
    environment = host_environment()
    assert "PATH" in environment
    assert not {"SOME_API_KEY", "NO_COLOR", "TEXTUAL_FPS", "TERM"} & environment.keys()
