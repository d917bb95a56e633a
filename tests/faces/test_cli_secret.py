"""`fleettui secret` from outside: values come in hidden, and never out."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ptys import Pty, clean_environment

from fleettui.engine.redaction import Redaction
from fleettui.host.journal import _Plain, redact_journal

CANARY = "canary-cli-9f"


class Shell:
    """A user with an empty home and a state folder."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.env = clean_environment(str(folder))
        self.env["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

    def run(self, *words: str, stdin: str | bytes = "") -> subprocess.CompletedProcess[bytes]:
        argv = [sys.executable, "-m", "fleettui", "--state", str(self.state), *words]
        body = stdin.encode() if isinstance(stdin, str) else stdin
        return subprocess.run(argv, env=self.env, input=body, capture_output=True, check=False)

    def names(self, *more: str) -> list[str]:
        return [
            row["name"] for row in json.loads(self.run("secret", "list", "--json", *more).stdout)
        ]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_set_list_rotate_and_rm_need_no_host_and_show_no_value(shell: Shell) -> None:
    done = [
        shell.run("secret", "set", "tok", stdin=f"{CANARY}\n"),
        shell.run("secret", "rotate", "tok", stdin=f"{CANARY}-2\n"),
        shell.run("secret", "list"),
        shell.run("secret", "list", "--json"),
        shell.run("secret", "rm", "tok"),
    ]
    assert [one.returncode for one in done] == [0] * 5
    assert not any(CANARY.encode() in one.stdout + one.stderr for one in done)
    (row,) = json.loads(done[3].stdout)
    assert set(row) == {"name", "tenant", "version", "at", "by", "variable"}
    assert (row["name"], row["tenant"], row["version"], row["variable"]) == (
        "tok", "default", 2, "TOK",
    )  # fmt: skip
    assert shell.names() == []
    assert not (shell.state / "host.lock").exists()


def test_each_tenant_has_its_own_named_before_or_behind(shell: Shell) -> None:
    shell.run("secret", "set", "--tenant", "acme", "a", stdin="value-a")
    shell.run("--tenant", "acme", "secret", "set", "b", stdin="value-b")
    assert shell.names("--tenant", "acme") == ["a", "b"]
    assert shell.names() == []


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (("set", "tok", CANARY), "", "on the command line is seen by everybody"),
        (("set", f"tok={CANARY}"), "x", "is no name of a secret"),
        (("rotate", "tok", CANARY), "", "on the command line is seen by everybody"),
        (("set", "tok"), "", "the value is empty"),
        (("set", "tok"), "\n", "the value is empty"),
        (("set", "tok"), b"\xff\xfe", "is not UTF-8"),
        (("set", "tok"), "a\0b", "NUL byte"),
        (("rotate", "tok"), "x", "has no secret 'tok'"),
        (("rm", "tok"), "", "has no secret 'tok'"),
        (("set", "--tenant", "../x", "tok"), "x", "no name of a tenant"),
        (("rotate",), "", "name the secret, or give --master"),
    ],
)
def test_what_is_wrong_is_refused_in_a_line(
    shell: Shell, words: tuple[str, ...], stdin: str | bytes, said: str
) -> None:
    done = shell.run("secret", *words, stdin=stdin)
    assert done.returncode != 0
    assert said in done.stderr.decode()
    assert CANARY not in done.stderr.decode() + done.stdout.decode()
    assert "Traceback" not in done.stderr.decode()
    assert not list(shell.state.rglob("default.json"))


def test_it_is_the_owners_of_the_folder(shell: Shell) -> None:
    done = shell.run("--as", "bob", "secret", "set", "tok", stdin="value")
    assert (done.returncode, "leave --as out" in done.stderr.decode()) == (1, True)


def test_a_wide_key_is_refused_with_the_chmod(shell: Shell) -> None:
    shell.run("secret", "set", "tok", stdin="value")
    key = shell.state / "secrets" / "master.key"
    key.chmod(0o644)
    done = shell.run("secret", "set", "tok", stdin="value")
    assert f"chmod 600 {key}" in done.stderr.decode()


def test_another_master_key_is_made_or_taken(shell: Shell) -> None:
    shell.run("secret", "set", "tok", stdin="value")
    key = shell.state / "secrets" / "master.key"
    before = key.read_bytes()
    done = shell.run("secret", "rotate", "--master")
    assert (done.returncode, key.read_bytes() != before) == (0, True)
    shell.env["FLEETTUI_MASTER_KEY"] = "nonsense-canary"
    done = shell.run("secret", "set", "tok", stdin="value")
    assert "FLEETTUI_MASTER_KEY is not base64 of 32 bytes" in done.stderr.decode()
    assert "nonsense-canary" not in done.stderr.decode()


def test_a_prompt_shows_nothing(shell: Shell) -> None:
    argv = [sys.executable, "-m", "fleettui", "--state", str(shell.state), "secret", "set", "tok"]
    terminal = Pty(argv, env=shell.env, cwd=str(shell.state.parent), columns=80, rows=24)
    terminal.wait_text("The value of tok")
    terminal.press(f"{CANARY}\r")
    terminal.wait_text("Again")
    terminal.press(f"{CANARY}\r")
    terminal.wait_text("tok is set, version 1")
    assert CANARY not in terminal.text
    assert shell.names() == ["tok"]


def test_a_host_takes_the_key_out_of_what_others_can_read(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from fleettui.adapters.secrets.environ import take\n"
        "assert take('FLEETTUI_MASTER_KEY') == 'canary-of-keys'\n"
        "assert take('FLEETTUI_MASTER_KEY') == ''\n"
        "assert 'FLEETTUI_MASTER_KEY' not in os.environ\n"
        "seen = open('/proc/self/environ', 'rb').read()\n"
        "assert b'canary' not in seen, seen\n"
        "assert b'OTHER=stays' in seen\n"
        "print('fine')\n"
    )
    env = {**os.environ, "FLEETTUI_MASTER_KEY": "canary-of-keys", "OTHER": "stays"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("fine\n", "")


def test_lines_of_the_hosts_log_are_without_secrets() -> None:
    def line(text: str) -> str:
        return _Plain("%(message)s").format(logging.makeLogRecord({"msg": text}))

    redact_journal(Redaction([("tok", CANARY)]).text)
    try:
        assert line(f"it failed on {CANARY}\x1b[2J") == "it failed on [secret tok]\\x1b[2J"
    finally:
        redact_journal(str)
    assert line("as it is") == "as it is"
