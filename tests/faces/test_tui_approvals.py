"""Approvals can't be given by accident: the six rules, key by key."""

from __future__ import annotations

import pytest
from boards import action, board, item
from cockpits import NARROW, TABBED, WIDE, cockpit
from textual import events

from fleettui.core.commands import Approve, Deny, EditAction, ExtendExpiry, OverrideBallot
from fleettui.core.errors import Stale
from fleettui.tui.arming import Arming, Target
from fleettui.tui.screens.choice import ChoiceScreen
from fleettui.tui.screens.inbox_item import ItemScreen

ONE = item()
LONG = item(action=action(argv=("git", *(f"argument-{number}" for number in range(60)))))


@pytest.mark.parametrize("size", [WIDE, TABBED])
async def test_a_allows_exactly_what_is_shown(size):
    async with cockpit(board(inbox=(ONE,)), size) as shown:
        await shown.press("6", "a")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [
            Approve("code-review", ONE.id, 1, ONE.action.digest, ONE.nonce)
        ]


# --- rule 1 -------------------------------------------------------------------------------------


async def test_a_new_item_moves_neither_focus_nor_cursor_nor_scroll():
    async with cockpit(board(inbox=(ONE,))) as shown:
        await shown.press("6")
        table = shown.screen.inbox.table
        before = (table.cursor_key, table.scroll_offset, table.has_focus)
        older = item("code-review/a0", asked_at=ONE.asked_at - 100)
        await shown.change(inbox=(older, ONE, item("code-review/a2")))
        assert (table.cursor_key, table.scroll_offset, table.has_focus) == before
        assert table.keys[0] == ONE.id
        assert set(table.keys[1:]) == {"code-review/a0", "code-review/a2"}


async def test_a_new_item_leaves_the_pane_in_front_where_it_is():
    async with cockpit(board(inbox=())) as shown:
        focused = shown.app.focused
        await shown.change(inbox=(ONE,))
        assert shown.app.focused is focused
        assert "6 Inbox 1" in shown.text()


# --- rule 2 -------------------------------------------------------------------------------------


async def test_a_key_right_after_the_item_came_up_does_not_count():
    async with cockpit(board(inbox=(ONE,))) as shown:
        await shown.press("6")
        await shown.press("a", after=0.2)
        assert shown.client.sent == []
        assert "only just came up" in shown.text()


async def test_keys_in_a_burst_do_not_count():
    async with cockpit(board(inbox=(ONE,))) as shown:
        await shown.press("6")
        await shown.press("g")
        await shown.press("a", after=0.1)
        assert shown.client.sent == []
        assert "too fast" in shown.text()
        await shown.press("a")
        await shown.until(lambda: shown.client.sent)


@pytest.mark.parametrize("key", ["enter", "space", "y", "Y", *"0123456789"])
async def test_enter_space_y_and_digits_never_answer(key):
    async with cockpit(board(inbox=(ONE,))) as shown:
        await shown.press("6", key)
        await shown.pilot.pause()
        assert shown.client.sent == []


async def test_answers_count_only_where_the_inbox_has_the_focus():
    async with cockpit(board(inbox=(ONE,))) as shown:
        await shown.press("3", "a", "d")
        assert shown.client.sent == []


async def test_an_item_that_took_the_place_of_another_is_not_armed_yet():
    async with cockpit(board(inbox=(ONE, item("code-review/a2")))) as shown:
        await shown.press("6")
        shown.clock.seconds += 5
        await shown.change(inbox=(item("code-review/a2"),))
        await shown.press("a", after=0.2)
        assert shown.client.sent == []
        await shown.press("a")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent[0].action == "code-review/a2"


async def test_a_click_on_an_item_only_moves_the_cursor():
    async with cockpit(board(inbox=(ONE, item("code-review/a2")))) as shown:
        await shown.pilot.click("#inbox-rows", offset=(3, 1))
        await shown.pilot.pause()
        assert shown.screen.inbox.table.cursor_key == "code-review/a2"
        assert shown.client.sent == []


async def test_coming_back_to_the_terminal_arms_anew():
    async with cockpit(board(inbox=(ONE,))) as shown:
        await shown.press("6")
        shown.clock.seconds += 5
        for event in (events.AppBlur(), events.AppFocus()):
            shown.app.post_message(event)
            await shown.pilot.pause()
        await shown.press("a", after=0.2)
        assert shown.client.sent == []


# --- rule 3 -------------------------------------------------------------------------------------


async def test_a_changed_action_disarms_the_key():
    async with cockpit(board(inbox=(ONE,))) as shown:
        await shown.press("6")
        shown.clock.seconds += 5
        await shown.change(inbox=(item(version=2, action=action(digest="other")),))
        await shown.press("a", after=0.2)
        assert shown.client.sent == []
        await shown.press("a")
        await shown.until(lambda: shown.client.sent)
        assert (shown.client.sent[0].version, shown.client.sent[0].digest) == (2, "other")


async def test_who_was_first_is_shown_to_the_second():
    async with cockpit(board(inbox=(ONE,))) as shown:
        shown.client.refuse = Stale("code-review/a1 is approved already by ops2")
        await shown.press("6", "a")
        await shown.until(lambda: "already by ops2" in shown.text())


# --- rule 4 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "scope"), [("a", "agent"), ("f", "fleet")])
async def test_always_shows_the_exact_rule_and_asks_for_its_scope(key, scope):
    async with cockpit(board(inbox=(ONE,))) as shown:
        await shown.press("6", "A")
        assert "run git notes *" in shown.text()
        await shown.press("enter")
        assert shown.client.sent == []
        await shown.press(key)
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent[0].always == scope


async def test_what_has_no_rule_is_allowed_once_only():
    async with cockpit(board(inbox=(item(always=""),))) as shown:
        await shown.press("6", "A")
        assert "can't be allowed for good" in shown.text()
        assert shown.client.sent == []


async def test_deny_goes_out_with_the_reason_typed():
    async with cockpit(board(inbox=(ONE,))) as shown:
        await shown.press("6", "D", *"no", "enter")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [Deny("code-review", ONE.id, 1, "no")]


# --- rule 5 -------------------------------------------------------------------------------------


async def test_more_time_is_given_by_hand_and_the_end_is_shown():
    async with cockpit(board(inbox=(ONE,))) as shown:
        assert "ttl 10:4" in shown.text()
        await shown.press("6", "t")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [ExtendExpiry("code-review", ONE.id, 900.0)]


# --- rule 6 -------------------------------------------------------------------------------------


async def test_the_whole_action_is_drawn_one_argument_a_line():
    async with cockpit(board(inbox=(ONE,))) as shown:
        await shown.press("6")
        text = shown.text()
        for number, argument in enumerate(ONE.action.argv[1:], 1):
            assert f"| {number:>2} {argument} " in text
        for words in ("| /usr/bin/git", "cwd   /home/ana/web", "env   HOME PATH", "risk  WRITE",
                      "sha 9f2c", "everything that is not reading asks"):  # fmt: skip
            assert words in text


async def test_invisible_characters_and_newlines_are_shown_inside_the_gutter():
    argv = ("sh", "a\u202eb", "one\nrisk  none", "", "end ")
    async with cockpit(board(inbox=(item(action=action(argv=argv)),))) as shown:
        await shown.press("6", "enter")
        text = shown.text()
        assert "a\\u{202e}b" in text
        assert "'one\\n" in text
        assert "|    risk  none'" in text
        assert "'end '" in text


@pytest.mark.parametrize("size", [WIDE, TABBED, NARROW])
async def test_what_does_not_fit_is_allowed_only_after_its_end_was_seen(size):
    async with cockpit(board(inbox=(LONG,)), size) as shown:
        await shown.press("6", "a")
        assert isinstance(shown.app.screen, ItemScreen)
        await shown.press("a")
        assert shown.client.sent == []
        await shown.press("G", "a")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent[0].action == LONG.id


async def test_a_change_of_an_open_item_voids_what_was_read():
    async with cockpit(board(inbox=(LONG,))) as shown:
        await shown.press("6", "enter", "G")
        shown.clock.seconds += 5
        changed = item(version=2, action=action(argv=(*LONG.action.argv, "more"), digest="new"))
        await shown.change(inbox=(changed,))
        await shown.press("a")
        assert shown.client.sent == []
        assert "read it" in shown.text()


async def test_what_destroys_needs_a_second_different_key():
    async with cockpit(board(inbox=(item(destructive=True),))) as shown:
        await shown.press("6", "a")
        assert isinstance(shown.app.screen, ChoiceScreen)
        await shown.press("a", "enter", "y", "space")
        assert shown.client.sent == []
        await shown.press("exclamation_mark")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent[0].confirmed


async def test_marked_items_are_allowed_together_after_all_were_shown():
    rows = (ONE, item("code-review/a2"))
    async with cockpit(board(inbox=rows)) as shown:
        await shown.press("6", "space", "space", "a")
        assert "allow 2 actions" in shown.text()
        await shown.press("G", "exclamation_mark")
        await shown.until(lambda: len(shown.client.sent) == 2)
        assert [sent.action for sent in shown.client.sent] == [row.id for row in rows]


# --- other kinds --------------------------------------------------------------------------------


async def test_an_edited_command_is_sent_as_words():
    async with cockpit(board(inbox=(ONE,))) as shown:
        await shown.press("6", "e", *[" ", "'", "a", " ", "b", "'"], "enter")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [
            EditAction("code-review", ONE.id, 1, (*ONE.action.argv, "a b"))
        ]


async def test_a_lost_action_says_that_nobody_knows():
    async with cockpit(board(inbox=(item(kind="unknown", expires_at=None, always=""),))) as shown:
        await shown.press("6")
        assert "nobody knows whether it was done" in shown.text().replace("\n", " ") or (
            "nobody knows" in shown.text()
        )
        await shown.press("d")
        await shown.until(lambda: shown.client.sent)
        assert isinstance(shown.client.sent[0], Deny)


async def test_a_ballot_is_decided_with_a_reason():
    ballot = item(
        "code-review/b0", kind="ballot", action=None, nonce="", options=("APPROVE", "REJECT"),
        expires_at=None, always="", agent="",
    )  # fmt: skip
    async with cockpit(board(inbox=(ballot,))) as shown:
        await shown.press("6", "a")
        assert shown.client.sent == []
        await shown.press("o", "b")
        await shown.press("enter")
        assert shown.client.sent == []
        await shown.press(*"bad", "enter")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [
            OverrideBallot("code-review", "code-review/b0", "REJECT", "bad")
        ]


def test_arming_forgets_what_was_shown_when_it_is_another():
    arming = Arming()
    arming.show(Target("a", 1, "d", "n"), 10.0)
    arming.key(11.0)
    assert arming.refusal() == ""
    arming.show(Target("a", 2, "d", "n"), 11.0)
    arming.key(11.2)
    assert arming.refusal()
