"""When the terminal is told that something needs a person."""

from __future__ import annotations

from fleettui.tui.alerts import COOLDOWN, DWELL, Alerts, notice_sequence, title_sequence


def test_a_need_rings_once_after_its_dwell():
    alerts = Alerts()
    alerts.see({"a"}, looking=False, at=0.0)
    assert alerts.ring(DWELL / 2) == frozenset()
    assert alerts.ring(DWELL) == {"a"}
    alerts.see({"a"}, looking=False, at=DWELL + 1)
    assert alerts.wait(DWELL + 1) is None


def test_a_need_that_is_answered_within_the_dwell_rings_never():
    alerts = Alerts()
    alerts.see({"a"}, looking=False, at=0.0)
    alerts.see(set(), looking=False, at=0.5)
    assert alerts.wait(10.0) is None


def test_who_looks_at_the_inbox_is_not_told():
    alerts = Alerts()
    alerts.see({"a"}, looking=True, at=0.0)
    alerts.see({"a"}, looking=False, at=1.0)
    assert alerts.wait(10.0) is None


def test_a_second_need_waits_for_the_cooldown_and_rings_with_the_third():
    alerts = Alerts()
    alerts.see({"a"}, looking=False, at=0.0)
    alerts.ring(DWELL)
    alerts.see({"a", "b"}, looking=False, at=2.0)
    alerts.see({"a", "b", "c"}, looking=False, at=3.0)
    assert alerts.ring(5.0) == frozenset()
    assert alerts.ring(DWELL + COOLDOWN) == {"b", "c"}


def test_a_need_that_comes_back_rings_again():
    alerts = Alerts()
    alerts.see({"a"}, looking=False, at=0.0)
    alerts.ring(DWELL)
    alerts.see(set(), looking=False, at=5.0)
    alerts.see({"a"}, looking=False, at=100.0)
    assert alerts.ring(100.0 + DWELL) == {"a"}


def test_the_title_counts():
    assert title_sequence(3, "code-review") == "\x1b]0;(3!) fleettui code-review\x07"
    assert title_sequence(0, "code-review") == "\x1b]0;fleettui code-review\x07"


def test_a_notice_goes_through_tmux():
    plain = notice_sequence("x", "xterm")
    assert plain == "\x07\x1b]9;fleettui: x\x07\x1b]777;notify;fleettui;x\x07"
    assert "\x1bPtmux;\x1b\x1b]9;fleettui: x\x07\x1b\\" in notice_sequence("x", "tmux-256color")
