"""Several terminals on one host: each as if it were alone, and none able to hold up another."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import weakref

import pytest
from wires import TRUE_COLOUR, serving

from fleettui.host.frames import end_frame, frame, size_frame
from fleettui.host.serve import Loop


@pytest.fixture
async def served(tmp_path):
    async with serving(tmp_path) as served:
        yield served


async def test_a_terminal_sees_the_fleet_it_opened_and_who_it_is(served):
    peer = await served.terminal()
    await peer.until_text("at demo", "last=nothing", "size=80x24")
    peer.type("k")
    await peer.until_text("last=k")


async def test_two_terminals_have_their_own_size_and_keys(served):
    wide, narrow = await served.terminal(120, 36), await served.terminal(60, 20)
    await wide.until_text("size=120x36")
    await narrow.until_text("size=60x20")
    wide.type("w")
    await wide.until_text("last=w")
    narrow.type("j")
    await narrow.until_text("last=j")
    assert "last=w" in wide.text


async def test_leaving_gives_the_exit_code_and_the_last_words(served):
    peer = await served.terminal()
    await peer.until_text("last=nothing")
    peer.type("q")
    assert await peer.until_end() == (0, "detached")


async def test_keys_typed_before_the_first_paint_are_not_lost(served):
    peer = await served.terminal()
    peer.type("j")
    await peer.until_text("last=j")


async def test_a_crash_ends_one_terminal_with_its_kind_and_no_source(served):
    other = await served.terminal()
    await other.until_text("last=nothing")
    peer = await served.terminal()
    await peer.until_text("last=nothing")
    peer.type("x")
    code, message = await peer.until_end()
    assert code == 1
    assert "RuntimeError: it \\x1b[31mbroke" in message
    assert "raise" not in message
    assert "\x1b" not in message
    other.type("k")
    await other.until_text("last=k")


async def test_a_terminal_that_hangs_up_ends_its_app_and_nothing_else(served):
    other, peer = await served.terminal(), await served.terminal()
    await other.until_text("last=nothing")
    await peer.until_text("last=nothing")
    assert served.house.present == 2
    peer.hang_up()
    other.type("k")
    await other.until_text("last=k")
    while served.house.present != 1:
        await asyncio.sleep(0)


# --- trap 1 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["true", "few"])
async def test_colours_of_one_client_do_not_reach_another(served, first):
    kinds = {"true": TRUE_COLOUR, "few": {"TERM": "xterm"}, "256": {"TERM": "xterm-256color"}}
    order = sorted(kinds, key=lambda kind: kind != first)
    peers = {kind: await served.terminal(environment=kinds[kind]) for kind in order}
    for peer in peers.values():
        await peer.until_text("last=nothing")
    assert b"38;2;18;52;86" in peers["true"].raw
    assert b"38;5;" not in peers["true"].raw
    assert b"38;5;" in peers["256"].raw
    assert b"38;2;" not in peers["256"].raw
    assert b"38;" not in peers["few"].raw
    assert b"\x1b[3" in peers["few"].raw


# --- trap 2 ------------------------------------------------------------------------------------


async def test_no_app_stays_alive_after_it_got_keys_and_left(served):
    for _ in range(4):
        peer = await served.terminal()
        await peer.until_text("last=nothing")
        peer.type("\x1b[97;1ua")
        await peer.until_text("last=a")
        peer.type("q")
        await peer.until_end()
        peer.hang_up()
    ghosts = [weakref.ref(app) for app in served.apps]
    served.apps.clear()
    del peer
    served.peers.clear()
    for _ in range(20):
        await asyncio.sleep(0)
    gc.collect()
    assert [ghost() for ghost in ghosts] == [None] * 4


# --- trap 3 ------------------------------------------------------------------------------------


async def test_overlapping_apps_leave_the_process_its_own_streams(served):
    streams = sys.stdout, sys.stderr
    first, second = await served.terminal(), await served.terminal()
    await first.until_text("last=nothing")
    await second.until_text("last=nothing")
    first.type("q")
    await first.until_end()
    assert (sys.stdout, sys.stderr) == streams
    second.type("pq")
    await second.until_end()
    assert (sys.stdout, sys.stderr) == streams


# --- trap 4 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["\x1a", "\x1b[122;5u"])
async def test_ctrl_z_stops_the_client_and_never_the_host(served, key):
    peer = await served.terminal()
    await peer.until_text("last=nothing")
    assert not served.apps[0]._driver.can_suspend
    peer.type(key)
    await peer.until(lambda: (b"Z", b"") in peer.frames)
    assert "last=nothing" in peer.text


async def test_a_client_that_was_stopped_gets_its_screen_again(served):
    peer = await served.terminal()
    await peer.until_text("last=nothing")
    peer.write(size_frame(b"S", 80, 24))
    peer.raw.clear()
    peer.screen.reset()
    peer.write(size_frame(b"C", 100, 30))
    peer.screen.resize(30, 100)
    await peer.until_text("last=nothing", "size=100x30", "row 20")
    assert b"\x1b[?1049h" in peer.raw


# --- trap 5 ------------------------------------------------------------------------------------


async def test_no_color_is_the_clients_and_the_hosts_environment_stays(served, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    before = dict(os.environ)
    plain = await served.terminal(environment={**TRUE_COLOUR, "NO_COLOR": "1"})
    await plain.until_text("last=nothing")
    coloured = await served.terminal()
    await coloured.until_text("last=nothing")
    assert b"38;2;18;52;86" not in plain.raw
    assert b"38;2;18;52;86" in coloured.raw
    assert dict(os.environ) == before


# --- trap 7 ------------------------------------------------------------------------------------


def test_the_hosts_loop_keeps_its_task_factory():
    loop = Loop()
    try:
        loop.set_task_factory(getattr(asyncio, "eager_task_factory", lambda *_, **__: None))
        assert loop.get_task_factory() is None
    finally:
        loop.close()


# --- trap 8 ------------------------------------------------------------------------------------


async def test_an_address_is_opened_where_the_person_is(served):
    peer = await served.terminal()
    await peer.until_text("last=nothing")
    peer.type("u")
    await peer.until(lambda: (b"U", b"https://example.org/") in peer.frames)


# --- the write path ----------------------------------------------------------------------------


async def test_five_hundred_resizes_end_at_the_last_size(served):
    peer = await served.terminal()
    await peer.until_text("last=nothing")
    for number in range(500):
        await peer.write_all(size_frame(b"R", 1 + number % 500, 1 + number % 200))
    await peer.write_all(size_frame(b"R", 90, 30))
    peer.screen.resize(30, 90)
    await peer.until_text("size=90x30")


async def test_a_client_that_stops_reading_costs_no_memory_and_holds_up_nobody(served):
    slow = await served.terminal(200, 60)
    await slow.until_text("last=nothing")
    other = await served.terminal()  # only now: apps[0] is the slow one's
    await other.until_text("last=nothing")
    driver = served.apps[0]._driver
    slow.type("n")
    seen = 0
    while not driver.is_stale:
        key = "jk"[seen % 2]
        other.type(key)
        await other.until_text(f"last={key}")
        seen += 1
    assert driver.line.pending < 256 * 1024
    drawn = served.apps[0].query_one("Lines").noise
    while served.apps[0].query_one("Lines").noise < drawn + 30:
        await asyncio.sleep(0.01)
    assert driver.line.pending < 256 * 1024
    await slow.until(lambda: not driver.is_stale)
    noise = served.apps[0].query_one("Lines").noise
    await slow.until(lambda: _noise_on(slow) > noise)
    await slow.until(lambda: _is_whole(slow, 59))


def _noise_on(peer):
    line = peer.screen.display[3]
    return int(line.split("noise=")[1]) if "noise=" in line else 0


def _is_whole(peer, rows):
    """Say whether every row shows the same moment: nothing of an older frame was left."""
    moments = {line.split()[2] for line in peer.screen.display if line.startswith("row")}
    return len(moments) == 1


async def test_a_paste_of_a_megabyte_arrives_through_the_socket(served):
    peer = await served.terminal()
    await peer.until_text("last=nothing")
    text = b"\x1b[200~" + b"0123456789abcdef" * 65536 + b"\x1b[201~"
    for start in range(0, len(text), 65536):
        await peer.write_all(frame(b"D", text[start : start + 65536]))
    await peer.until_text("last=paste 1048576 '01234'")


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
async def test_a_terminal_without_a_screen_is_sent_to_the_commands_that_print(served, term):
    peer = await served.terminal(environment={"TERM": term})
    code, message = await peer.until_end()
    assert code == 1
    assert "fleettui run, ps, inbox, log" in message
    assert peer.raw == b""


async def test_problems_of_a_file_come_before_the_screen_changes_with_code_3(served):
    served.fleet.write_text("bad")
    peer = await served.terminal()
    code, message = await peer.until_end()
    assert code == 3
    assert ":1:1: error: kind: \\x1b[31munknown" in message.splitlines()[0]
    assert peer.raw == b""


async def test_attach_without_an_open_fleet_says_how_to_open_one(served):
    peer = await served.terminal(file="")
    assert (await peer.until_end())[0] == 1
    assert "fleettui open FILE" in peer.end[1]


async def test_attach_finds_a_fleet_by_name_and_names_the_open_ones(served):
    opened = await served.terminal()
    await opened.until_text("last=nothing")
    found = await served.terminal(file="", fleet="demo")
    await found.until_text("at demo")
    lost = await served.terminal(file="", fleet="domo")
    assert "open are: demo" in (await lost.until_end())[1]


@pytest.mark.parametrize(
    "data", [frame(b"H", b"rubbish"), frame(b"?"), b"GET / HTTP/1.1\r\n", end_frame(0)]
)
async def test_whatever_is_not_a_client_is_told_so_and_let_go(served, data):
    peer = await served.connect()
    peer.write(data)
    assert (await peer.until_end())[0] == 1


async def test_a_host_that_stops_tells_its_terminals(served):
    peer = await served.terminal()
    await peer.until_text("last=nothing")
    served.host.stop()
    code, message = await peer.until_end()
    assert code == 0
    assert "the host was stopped" in message
