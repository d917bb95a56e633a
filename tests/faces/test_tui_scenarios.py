"""Scenarios of the bypass corpus at the keys; each names its id."""

from __future__ import annotations

import pytest
from boards import action, agent, board, item
from cockpits import cockpit

from fleettui.core.commands import Approve

ONE, TWO = item("code-review/a1"), item("code-review/a2")


async def test_s24_a_bulk_approval_takes_only_what_was_shown():
    rows = tuple(item(f"code-review/a{number:02}") for number in range(1, 21))
    async with cockpit(board(inbox=rows)) as shown:
        await shown.press("6", *["space"] * 20, "a")
        assert "allow 20 actions" in shown.text()
        late = item("code-review/a00", asked_at=rows[0].asked_at - 500)
        await shown.change(inbox=(late, *rows))
        await shown.press("G", "exclamation_mark")
        await shown.until(lambda: len(shown.client.sent) == 20)
        assert [sent.action for sent in shown.client.sent] == [row.id for row in rows]


async def test_s25_a_key_goes_to_the_item_it_was_pressed_on_or_nowhere():
    async with cockpit(board(inbox=(ONE, TWO))) as shown:
        await shown.press("6")
        shown.clock.seconds += 5
        # The list changes under the key: what stands there now came up less than 300 ms ago.
        await shown.change(inbox=(TWO,))
        await shown.press("a", after=0.2)
        assert shown.client.sent == []
        await shown.press("a", after=1.0)
        await shown.until(lambda: shown.client.sent)
        assert [type(sent) for sent in shown.client.sent] == [Approve]
        assert (shown.client.sent[0].action, shown.client.sent[0].nonce) == (TWO.id, TWO.nonce)


async def test_s25_an_item_keeps_its_place_while_others_come_before_it():
    async with cockpit(board(inbox=(ONE, TWO))) as shown:
        await shown.press("6", "j")
        older = item("code-review/a0", asked_at=ONE.asked_at - 100)
        await shown.change(inbox=(older, ONE, TWO))
        await shown.press("a")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent[0].action == TWO.id


async def test_the_chain_its_people_and_who_does_not_count_are_on_the_screen():
    row = item(chain="critical", needs=2, approvers=("ann", "bob"), requester="ann")
    async with cockpit(board(inbox=(row,))) as shown:
        await shown.press("6", "enter")
        text = shown.text()
        assert "critical" in text
        assert "2 more to approve, of ann, bob" in text
        assert "ann, who gave the task" in text


@pytest.mark.parametrize(("sandbox", "words"), [("on", "sandboxed"), ("absent", "no sandbox")])
async def test_the_row_of_an_agent_says_whether_its_sandbox_is_on(sandbox, words):
    async with cockpit(board(agents=(agent("boxed", sandbox=sandbox),), inbox=())) as shown:
        assert words in shown.text()


async def test_an_item_says_that_it_is_confined():
    row = item(action=action(sandbox="/usr/bin/bwrap"))
    async with cockpit(board(inbox=(row,))) as shown:
        await shown.press("6", "enter")
        assert "confined to the workspace, without network" in shown.text()
