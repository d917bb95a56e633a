"""The thin client in a pseudo-terminal, with a real detached host: every kind of end."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from demo_host import PROGRAM
from ptys import Pty, clean_environment

import fleettui
from fleettui.host.lock import owner


class Machine:
    """A home folder, a fleet file, and the host that belongs to it."""

    def __init__(self, folder):
        self.home = str(folder)
        self.state = str(folder / "state")
        self.fleet = folder / "fleet.yaml"
        self.fleet.write_text("fine")
        self.env = clean_environment(self.home, FLEETTUI_IDLE="20")

    def argv(self, verb="open", *more):
        file = [] if verb == "attach" else [str(self.fleet)]
        return [*PROGRAM, verb, *file, "--state", self.state, *more]

    def open(self, verb="open", **more):
        return Pty(self.argv(verb), env=self.env, **more)

    @property
    def host(self):
        return owner(self.state)

    def end(self):
        if self.host and Path(f"/proc/{self.host}").exists():
            os.kill(self.host, signal.SIGKILL)


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path)
    yield machine
    machine.end()


@pytest.fixture
def attached(machine):
    with machine.open() as terminal:
        terminal.wait_text("last=nothing", "size=120x36")
        yield terminal


def assert_fleet_goes_on(machine):
    """See the same fleet again, from the same host."""
    host = machine.host
    with machine.open("attach") as again:
        again.wait_text("at demo", "last=nothing")
        again.press("q")
        assert again.wait_exit() == 0
    assert machine.host == host


def test_open_starts_a_host_and_paints(machine, attached):
    assert os.getsid(machine.host) == machine.host
    attached.wait_text("row 3 ", "row 33 ")


def test_q_leaves_with_last_words_and_a_terminal_as_before(machine, attached):
    attached.press("q")
    assert attached.wait_exit() == 0
    assert b"detached; the fleet goes on: fleettui attach" in attached.raw
    assert attached.is_reset
    assert_fleet_goes_on(machine)


def test_a_crash_of_the_app_restores_the_terminal_and_tells(machine, attached):
    attached.press("x")
    assert attached.wait_exit() == 1
    assert b"the screen crashed: RuntimeError: it \\x1b[31mbroke" in attached.raw
    assert attached.is_reset
    assert_fleet_goes_on(machine)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_the_client_with_the_terminal_restored(machine, attached, number):
    attached.kill(number)
    assert attached.wait_exit() == 128 + number
    assert attached.is_reset
    assert_fleet_goes_on(machine)


def test_a_terminal_that_hangs_up_ends_the_client_only(machine, attached):
    attached.kill(signal.SIGHUP)
    assert attached.wait_exit() == 129
    assert_fleet_goes_on(machine)


def test_a_terminal_that_is_gone_without_a_signal_ends_the_client_only(machine):
    ours, its = pty.openpty()
    client = subprocess.Popen(
        machine.argv(), env=machine.env, stdin=its, stdout=its, stderr=its, start_new_session=True
    )
    os.close(its)
    seen = b""
    while b"last=nothing" not in seen:
        seen += os.read(ours, 65536)
    os.close(ours)
    assert client.wait(timeout=20) == 129
    assert_fleet_goes_on(machine)


def test_kill_9_of_the_client_leaves_the_fleet_alone(machine, attached):
    attached.kill(signal.SIGKILL)
    attached.wait_exit()
    assert_fleet_goes_on(machine)


def test_kill_9_of_the_host_restores_the_terminal_and_says_so(machine, attached):
    attached.press("n")
    attached.wait_until(lambda: "noise=0" not in attached.text, "noise")
    os.kill(machine.host, signal.SIGKILL)
    assert attached.wait_exit() == 1
    assert b"the host ended" in attached.raw
    assert attached.is_reset


def test_a_dead_hosts_socket_is_no_obstacle_to_the_next(machine, attached):
    dead = machine.host
    os.kill(dead, signal.SIGKILL)
    attached.wait_exit()
    with machine.open() as again:
        again.wait_text("last=nothing")
        assert machine.host != dead


def test_ctrl_z_gives_the_shell_back_and_fg_the_screen(machine, attached):
    attached.press("k")
    attached.wait_text("last=k")
    attached.press("\x1a")
    attached.wait_until(lambda: _state(attached.child.pid) == "T", "the stop")
    attached.wait_until(lambda: attached.is_reset, "the reset")
    attached.raw.clear()
    attached.kill(signal.SIGCONT)
    attached.wait_raw(b"\x1b[?1049h", b"last=k")
    attached.press("j")
    attached.wait_text("last=j")
    attached.press("q")
    assert attached.wait_exit() == 0
    assert attached.is_reset


def test_sigtstp_stops_the_client_and_not_the_host(machine, attached):
    attached.kill(signal.SIGTSTP)
    attached.wait_until(lambda: _state(attached.child.pid) == "T", "the stop")
    attached.wait_until(lambda: attached.is_reset, "the reset")
    assert _state(machine.host) in "SR"
    attached.kill(signal.SIGCONT)
    attached.press("j")
    attached.wait_text("last=j")


def _state(pid):
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat.rsplit(")", 1)[1].split()[0]


def test_a_lone_escape_and_arrows_reach_the_app(attached):
    attached.press("esc")
    attached.wait_text("last=escape")
    attached.press("up")
    attached.wait_text("last=up")


def test_five_hundred_resizes_end_at_the_last_size(attached):
    for number in range(500):
        attached.resize(1 + number % 500, 1 + number % 200)
        if number % 10 == 0:
            attached.pump(0.001)
    attached.resize(100, 30)
    attached.wait_raw(b"size=100x30")
    attached.press("q")
    assert attached.wait_exit() == 0


def test_a_paste_of_a_megabyte_arrives_whole(attached):
    attached.send(b"\x1b[200~" + b"0123456789abcdef" * 65536 + b"\x1b[201~")
    attached.wait_text("last=paste 1048576 '01234'")


def test_what_an_app_prints_goes_to_the_log_and_not_to_a_screen(machine, attached):
    attached.press("p")
    attached.wait_text("last=printed")
    attached.press("q")
    attached.wait_exit()
    assert b"printed by an app" not in attached.raw


def test_a_file_with_errors_prints_them_without_touching_the_screen(machine):
    machine.fleet.write_text("bad")
    with machine.open() as terminal:
        assert terminal.wait_exit() == 3
        assert b":1:1: error: kind: \\x1b[31munknown" in terminal.raw
        assert b"\x1b[" not in terminal.raw


def test_an_engine_that_can_not_start_says_why(machine):
    Path(machine.state).mkdir(mode=0o700)
    Path(machine.state, "broken").touch()
    with machine.open() as terminal:
        assert terminal.wait_exit() == 1
        assert b"the store is from a newer fleettui; update this one" in terminal.raw


def test_attach_without_a_host_says_how_to_get_one(machine):
    with machine.open("attach") as terminal:
        assert terminal.wait_exit() == 1
        assert b"fleettui open FILE" in terminal.raw


def test_a_dumb_terminal_is_refused_before_a_host_is_started(machine):
    machine.env["TERM"] = "dumb"
    with machine.open() as terminal:
        assert terminal.wait_exit() == 1
        assert b"fleettui run" in terminal.raw
    assert not Path(machine.state).exists()


def test_a_pipe_in_place_of_a_terminal_is_refused(machine):
    done = subprocess.run(
        machine.argv(), env=machine.env, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"not a terminal" in done.stderr
    assert not Path(machine.state).exists()


def test_sigterm_stops_the_host_and_tells_its_terminals(machine, attached):
    host = machine.host
    os.kill(host, signal.SIGTERM)
    assert attached.wait_exit() == 0
    assert b"the host was stopped" in attached.raw
    assert attached.is_reset
    while Path(f"/proc/{host}").exists() and _state(host) != "Z":
        os.sched_yield()
    assert not Path(f"{machine.state}/host.sock").exists()


def test_sighup_is_nothing_to_a_host(machine, attached):
    os.kill(machine.host, signal.SIGHUP)
    attached.press("k")
    attached.wait_text("last=k")


def test_eight_opens_at_once_start_one_host(machine):
    terminals = []

    def open_one():
        terminals.append(machine.open())

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for terminal in terminals:
        terminal.wait_text("last=nothing")
    found = subprocess.run(
        ["pgrep", "-f", f"host --state {machine.state} "],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.split() == [str(machine.host)]
    for terminal in terminals:
        terminal.press("q")
        assert terminal.wait_exit() == 0
        terminal.close()


def test_a_host_with_nothing_to_do_ends(machine):
    machine.env["FLEETTUI_IDLE"] = "0.2"
    machine.fleet.write_text("bad")
    with machine.open() as terminal:
        terminal.wait_exit()
    host = machine.host
    while Path(f"/proc/{host}").exists() and _state(host) != "Z":
        os.sched_yield()
    assert not Path(f"{machine.state}/host.sock").exists()


def test_one_process_can_be_host_and_terminal(machine):
    with machine.open("beside") as terminal:
        terminal.wait_text("last=nothing")
        assert machine.host == terminal.child.pid
        terminal.press("p")
        terminal.wait_text("last=printed")
        with machine.open("attach") as other:
            other.wait_text("at demo")
            terminal.press("q")
            assert terminal.wait_exit() == 0
            assert b"detached" in terminal.raw
            assert b"printed by an app" not in terminal.raw
            assert terminal.is_reset
            assert other.wait_exit() == 0
            assert other.is_reset


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_host_and_terminal_of_one_process(machine, number):
    with machine.open("beside") as terminal:
        terminal.wait_text("last=nothing")
        terminal.kill(number)
        assert terminal.wait_exit() == 128 + number
        assert terminal.is_reset
    assert not Path(machine.state, "host.sock").exists()


def test_one_process_does_not_take_a_folder_from_a_host(machine, attached):
    with machine.open("beside") as terminal:
        assert terminal.wait_exit() == 1
        assert f"process {machine.host} is the host".encode() in terminal.raw


def test_the_thin_client_loads_nothing_heavy(machine):
    heavy = "asyncio json textual click msgspec pydantic logging subprocess signal pathlib"
    code = (
        "import sys, fleettui.main, fleettui.host.visit;"
        f"print(sorted(set({heavy.split()}) & sys.modules.keys()))"
    )
    # -S: an editable install's hooks are not ours.
    sources = str(Path(fleettui.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", code],
        env={**machine.env, "PYTHONPATH": sources},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
