"""The cockpit's keys: what they send, what they show, and that one table knows them all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from boards import DIFF, EMPTY, PREVIEW, agent, board, message, run
from cockpits import NARROW, TABBED, client_of, cockpit
from msgspec.structs import replace

from fleettui.client import Streamed
from fleettui.core.commands import (
    DropMessage,
    ForgetEntry,
    ForkAgent,
    MakeCheckpoint,
    MergeAgent,
    MoveAgent,
    MoveMessage,
    OpenFleet,
    RetryMessage,
    RollBack,
    SendMessage,
    StartRun,
    StopFleet,
)
from fleettui.core.errors import BadSpec, HostGone
from fleettui.core.events import ActionFinished, Recorded
from fleettui.core.model import Payload
from fleettui.core.views import queries
from fleettui.tui.app import CockpitApp, colors_of
from fleettui.tui.keymap import KEYS, load_keymap
from fleettui.tui.screens.cockpit import CockpitScreen

DOCS = Path(__file__).parents[2] / "docs" / "cockpit.md"
READY = board(runs=(), inbox=(), ballots=(), messages=())


def test_every_key_does_something_that_is_built():
    for key in KEYS:
        name, _, _ = key.action.partition("(")
        owner, _, method = name.rpartition(".")
        holder = {"screen": CockpitScreen, "app": CockpitApp}.get(owner)
        if holder is not None:
            assert hasattr(holder, f"action_{method}"), key


def test_no_two_keys_of_a_scope_are_the_same():
    for scope in {key.scope for key in KEYS}:
        keys = [one for key in KEYS if key.scope == scope for one in key.keys.split(",")]
        assert len(keys) == len(set(keys)), scope
    assert len({key.id for key in KEYS}) == len(KEYS)


def test_the_docs_have_a_line_for_every_key():
    text = DOCS.read_text("utf-8")
    rows = set(re.findall(r"^\| `([a-z_.]+)` \| ([^|]+) \| ([^|]+) \|", text, re.MULTILINE))
    documented = {(name, keys.strip(" `"), words.strip()) for name, keys, words in rows}
    assert documented == {(key.id, key.cap.replace("|", ""), key.description) for key in KEYS}


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        ("p", MoveAgent("code-review", "security-1", "pause")),
        ("s", MoveAgent("code-review", "security-1", "start")),
        ("x", MoveAgent("code-review", "security-1", "stop")),
        ("c", MakeCheckpoint("code-review", "security-1")),
        ("jjs", MoveAgent("code-review", "docs-1", "resume")),
        ("js", MoveAgent("code-review", "test-1", "restart")),
    ],
)
async def test_an_agent_key_acts_on_the_agent_under_the_cursor(keys, sent):
    async with cockpit() as shown:
        await shown.press("3", *keys)
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [sent]


async def test_marked_agents_are_acted_on_after_one_confirmation_that_counts_them():
    async with cockpit() as shown:
        await shown.press("3", "space", "space", "p")
        assert "pause 2 agents of tenant default?" in shown.text()
        assert shown.client.sent == []
        await shown.press("y")
        await shown.until(lambda: len(shown.client.sent) == 2)
        assert [one.agent for one in shown.client.sent] == ["security-1", "test-1"]


async def test_a_rollback_shows_what_it_does_and_can_be_undone():
    async with cockpit() as shown:
        await shown.press("3", "r")
        await shown.until(lambda: "what cannot be undone" in shown.text())
        await shown.press("r")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [RollBack("code-review", "security-1", "code-review/c2")]
        await shown.until(lambda: shown.screen.steps)
        await shown.press("z")
        await shown.until(lambda: len(shown.client.sent) == 2)
        assert shown.client.sent[1] == RollBack("code-review", "security-1", "made/1")


async def test_pause_is_undone_and_done_again():
    async with cockpit() as shown:
        await shown.press("3", "p")
        await shown.until(lambda: shown.screen.steps)
        await shown.press("z")
        await shown.until(lambda: shown.screen.undone)
        await shown.press("Z")
        await shown.until(lambda: len(shown.client.sent) == 3)
        assert [one.verb for one in shown.client.sent] == ["pause", "resume", "pause"]


async def test_nothing_to_undo_says_so():
    async with cockpit() as shown:
        await shown.press("z")
        assert "nothing of yours can be undone" in shown.text()


async def test_a_message_is_typed_and_sent():
    async with cockpit() as shown:
        await shown.press("3", "m")
        assert "TYPING" in shown.text()
        await shown.press(*"hi", "enter")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [SendMessage("code-review", "security-1", Payload("hi"))]


async def test_letters_typed_into_a_dialog_are_text_and_no_keys():
    async with cockpit() as shown:
        await shown.press("3", "m", *"qadxpc", "escape")
        assert shown.client.sent == []
        assert shown.app.is_running


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        (("greater_than_sign",), MoveMessage("code-review", "m", "low")),
        (("less_than_sign",), MoveMessage("code-review", "m", "high")),
        (("x", "y"), DropMessage("code-review", "m")),
    ],
)
async def test_a_queue_key_acts_on_the_message_under_the_cursor(keys, sent):
    async with cockpit(board(messages=(message("m"),))) as shown:
        await shown.press("4", *keys)
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [sent]


async def test_a_dead_letter_is_retried_and_a_living_one_is_not():
    async with cockpit(board(messages=(message("m"), message("d", status="dead")))) as shown:
        await shown.press("4", "b")
        assert "no dead letter" in shown.text()
        await shown.press("j", "b")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [RetryMessage("code-review", "d")]


async def test_the_default_task_is_offered_and_enter_runs_it():
    async with cockpit(READY, base="main") as shown:
        await shown.until(lambda: "press enter to run" in shown.text())
        assert "review the changes" in shown.text()
        await shown.press("enter")
        await shown.until(lambda: shown.client.sent)
        task = Payload("review the changes")
        assert shown.client.sent == [StartRun("code-review", task, base="main")]


async def test_another_task_is_typed_instead():
    async with cockpit(READY) as shown:
        await shown.until(lambda: "press enter to run" in shown.text())
        await shown.press("t", "ctrl+u", *"look", "enter")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [StartRun("code-review", Payload("look"))]


async def test_nothing_is_offered_where_a_run_was():
    async with cockpit() as shown:
        assert "press enter to run" not in shown.text()


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("run look at it", StartRun("code-review", Payload("look at it"))),
        ("pause perf", MoveAgent("code-review", "perf-1", "pause")),
        ("send docs-1 hi there", SendMessage("code-review", "docs-1", Payload("hi there"))),
        ("forget bus", ForgetEntry("code-review", "bus")),
    ],
)
async def test_a_typed_command_is_sent(line, sent):
    async with cockpit() as shown:
        keys = [{" ": "space", "-": "minus"}.get(char, char) for char in line]
        await shown.press("colon", *keys, "enter")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [sent]


@pytest.mark.parametrize("line", ["nonsense", "pause nobody", "run"])
async def test_a_typed_line_that_means_nothing_says_what_would(line):
    async with cockpit() as shown:
        keys = [{" ": "space"}.get(char, char) for char in line]
        await shown.press("colon", *keys, "enter")
        assert shown.client.sent == []
        assert shown.screen.said.tone == "fail"


async def test_leaving_detaches_by_default():
    async with cockpit() as shown:
        await shown.press("q", "enter")
        await shown.until(lambda: not shown.app.is_running or shown.app.return_value)
        assert shown.app.return_value == "detach"
        assert shown.client.sent == []


async def test_leaving_can_stop_the_fleet():
    async with cockpit() as shown:
        await shown.press("q", "s")
        await shown.until(lambda: shown.app.return_value)
        assert shown.app.return_value == "stop"
        assert shown.client.sent == [StopFleet("code-review")]


async def test_leaving_can_be_cancelled():
    async with cockpit() as shown:
        await shown.press("q", "escape")
        assert shown.app.return_value is None
        assert isinstance(shown.app.screen, CockpitScreen)


async def test_reload_sends_the_file_with_the_operators_environment():
    async with cockpit(environment={"A": "b"}) as shown:
        await shown.press("ctrl+r", "y")
        await shown.until(lambda: shown.client.sent)
        row = shown.client.board.fleets[0]
        assert shown.client.sent == [
            OpenFleet(row.id, row.file, row.workspace, row.name, {"A": "b"})
        ]


@pytest.mark.parametrize(
    ("text", "names"),
    [("st:need", ["security-1"]), ("!1", []), ("perf", ["perf-1"]), ("tenant:other", [])],
)
async def test_a_filter_leaves_the_rows_that_fit(text, names):
    async with cockpit() as shown:
        keys = {":": "colon", "!": "exclamation_mark"}
        await shown.press("3", "slash", *(keys.get(char, char) for char in text), "enter")
        await shown.until(lambda: shown.screen.agents.table.keys == names)
        await shown.press("escape")
        await shown.until(lambda: len(shown.screen.agents.table.keys) == 5)


async def test_w_jumps_to_what_needs_me():
    async with cockpit() as shown:
        await shown.press("3", "w")
        assert shown.screen.inbox.table.has_focus
        await shown.press("w", "w")
        assert shown.screen.agents.table.cursor_key == "test-1"


async def test_the_cursor_stays_on_its_agent_when_the_order_changes():
    async with cockpit() as shown:
        await shown.press("3", "j", "j")
        assert shown.screen.agents.table.cursor_key == "docs-1"
        rows = shown.client.board.agents
        await shown.change(agents=(agent("new", attention="need"), *reversed(rows)))
        assert shown.screen.agents.table.cursor_key == "docs-1"


async def test_what_a_model_says_right_now_is_in_the_log():
    async with cockpit() as shown:
        shown.client.notify(Streamed("code-review", "security-1", "t1", "thinking of "))
        shown.client.notify(Streamed("code-review", "security-1", "t1", "walls"))
        await shown.until(lambda: "thinking of walls" in shown.text())


async def test_how_far_a_tool_is_stands_in_the_log_until_it_is_done():
    async with cockpit() as shown:
        for lines in ("3 lines", "9 lines"):
            notice = Streamed("code-review", "security-1", "t1", f"{lines}: make", "code-review/9")
            shown.client.notify(notice)
        await shown.until(lambda: "9 lines: make" in shown.text())
        assert "3 lines" not in shown.text()
        done = ActionFinished("code-review/9", ok=True, output=Payload("ok"))
        shown.client.notify(Recorded("code-review", 99, 0.0, "system", done))
        await shown.until(lambda: "9 lines: make" not in shown.text())


async def test_every_tab_of_the_detail_shows_its_own():
    async with cockpit() as shown:
        await shown.press("0")
        words = (
            "plan: run pip-audit",
            "+two, by the agent",
            "no messages",
            "before run r1",
            "nobody has looked yet",
            "bus in spain",
            "waiting",
        )
        for word in words:
            await shown.until(lambda word=word: word in shown.text())
            await shown.press("right_square_bracket")


async def test_a_search_goes_from_place_to_place():
    async with cockpit() as shown:
        await shown.press("0")
        await shown.until(lambda: "pip-audit" in shown.text())
        await shown.press("slash", *"pip", "enter")
        text = shown.screen.detail.text
        first = text._found
        await shown.press("N")
        assert 0 <= text._found < first


async def test_an_empty_host_says_what_to_press():
    async with cockpit(EMPTY) as shown:
        assert "fleettui open FILE" in shown.text()
        assert "nothing waits for you" in shown.text()


async def test_a_lost_client_is_said_and_survived():
    client = client_of()
    async with cockpit(client=client) as shown:
        client.lost = HostGone("the host is gone")
        client.notify(HostGone("the host is gone"))
        await shown.until(lambda: "does not answer" in shown.text())
        await shown.press("3", "4", "question_mark", "escape")
        assert shown.app.is_running


@pytest.mark.parametrize("size", [TABBED, NARROW])
async def test_the_inbox_is_always_in_sight(size):
    async with cockpit(size=size) as shown:
        for key in "123450":
            await shown.press(key)
            assert "6 Inbox 2" in shown.text()


async def test_an_idle_cockpit_draws_nothing():
    quiet = board(runs=(run(state="finished", finished=1.0, pending=0),), inbox=(), fleets=())
    async with cockpit(quiet) as shown:
        assert not shown.screen._fine
        assert shown.screen._tick._active.is_set() is False


def test_a_keymap_moves_keys_and_refuses_ids_that_are_not_there(tmp_path):
    file = tmp_path / "keymap.yaml"
    file.write_text("agents.pause: f5\n")
    assert load_keymap(file) == {"agents.pause": "f5"}
    file.write_text("agents.fly: f5\n")
    with pytest.raises(BadSpec, match=r"agents\.fly"):
        load_keymap(file)


async def test_a_moved_key_works_at_its_new_place(tmp_path):
    (tmp_path / "keymap.yaml").write_text("agents.pause: P\n")
    async with cockpit(config=tmp_path) as shown:
        await shown.press("3", "p")
        assert shown.client.sent == []
        await shown.press("P")
        await shown.until(lambda: shown.client.sent)


async def test_the_terminal_decides_the_colours():
    assert colors_of({"COLORTERM": "truecolor"}) == "truecolor"
    assert colors_of({"TERM": "xterm-256color"}) == "256"
    assert colors_of({"NO_COLOR": "1", "COLORTERM": "truecolor"}) == "none"
    async with cockpit(colors="ansi") as shown:
        assert shown.app.theme == "ansi"
        await shown.press("T")
        assert shown.app.theme != "ansi"


async def test_the_palette_finds_a_key_by_its_words():
    async with cockpit() as shown:
        await shown.press("ctrl+p", *"ballots")
        await shown.until(lambda: "everywhere: ballots" in shown.text())
        await shown.press("enter")
        await shown.until(lambda: shown.screen.query_one("#votes-rows").has_focus)


async def test_a_new_need_is_said_at_once_and_rung_after_a_while():
    async with cockpit(board(inbox=())) as shown:
        shown.screen.say("something else")
        await shown.change(inbox=board().inbox[:1])
        await shown.until(lambda: "security-1 waits for you" in shown.text())


async def test_only_the_transcript_or_only_the_files_go_back():
    for key, part in (("t", "transcript"), ("f", "files")):
        async with cockpit() as shown:
            await shown.press("3", "r")
            await shown.until(lambda: "2 files go back" in shown.text())
            await shown.press(key)
            await shown.until(lambda: shown.client.sent)
            wanted = RollBack("code-review", "security-1", "code-review/c2", part)
            assert shown.client.sent == [wanted]
            await shown.until(lambda: shown.screen.steps)
            await shown.press("z")
            await shown.until(lambda: len(shown.client.sent) == 2)
            undone = RollBack("code-review", "security-1", "made/1", part)
            assert shown.client.sent[1] == undone


async def test_what_others_changed_needs_a_second_key():
    client = client_of()
    client.answers[queries.PreviewRollback] = replace(PREVIEW, foreign=("app.py",))
    async with cockpit(client=client) as shown:
        await shown.press("3", "r")
        await shown.until(lambda: "changed by somebody else" in shown.text())
        await shown.press("r")
        assert shown.client.sent == []
        assert "! goes over them" in shown.text()
        await shown.press("exclamation_mark", "r")
        await shown.until(lambda: shown.client.sent)
        wanted = RollBack("code-review", "security-1", "code-review/c2", force=True)
        assert shown.client.sent == [wanted]


async def test_a_checkpoint_without_files_says_so():
    client = client_of()
    client.answers[queries.PreviewRollback] = replace(PREVIEW, commit="", files=(), diff="")
    async with cockpit(client=client) as shown:
        await shown.press("3", "r")
        await shown.until(lambda: "only the transcript: it holds no files" in shown.text())
        await shown.press("f")
        assert "r or t takes the transcript back" in shown.text()
        assert shown.client.sent == []


async def test_a_fork_is_named_or_not():
    async with cockpit() as shown:
        await shown.press("3", "f")
        await shown.until(lambda: "2 files go back" in shown.text())
        await shown.press("f")
        await shown.until(lambda: "TYPING" in shown.text())
        await shown.press(*"bold", "enter")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [
            ForkAgent("code-review", "security-1", "code-review/c2", "bold")
        ]


async def test_a_merge_shows_the_diff_and_asks_once_more():
    async with cockpit() as shown:
        await shown.press("3", "M")
        await shown.until(lambda: "two, by the agent" in shown.text())
        assert shown.client.sent == []
        await shown.press("M")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [MergeAgent("code-review", "security-1")]


async def test_an_agent_without_a_branch_has_nothing_to_merge():
    client = client_of()
    client.answers[queries.ReadDiff] = replace(DIFF, kind="shared")
    async with cockpit(client=client) as shown:
        await shown.press("3", "M")
        await shown.until(lambda: "has no branch of its own" in shown.text())


async def test_an_agent_that_changed_nothing_shows_the_diff_it_read():
    client = client_of()
    client.answers[queries.ReadDiff] = replace(DIFF, files=(), diff="")
    async with cockpit(client=client) as shown:
        await shown.press("0", "right_square_bracket")
        await shown.until(lambda: "+os.system(x)" in shown.text())
