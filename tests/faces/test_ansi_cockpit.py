"""No text of an agent, tool or file reaches the terminal as anything but text."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml
from boards import CHECKPOINTS, LOG, NOW, PREVIEW, action, agent, ballot, board, item, message, run
from cockpits import NOWHERE, client_of
from msgspec.structs import replace
from textual._context import active_app
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from fleettui.core.errors import Refused
from fleettui.core.safe import one_line
from fleettui.core.views import queries
from fleettui.core.views.rows import DiffRow, FileRow, FleetRow, LogRow, MemoryRow, TenantRow
from fleettui.tui.alerts import notice_sequence, title_sequence
from fleettui.tui.app import CockpitApp

CORPUS = yaml.safe_load((Path(__file__).parent / "ansi_corpus.yaml").read_text("utf-8"))
ENTRIES = CORPUS["entries"]


def text_of(entry) -> str:
    """Give an entry's text; long ones are written as a repetition."""
    if "text" in entry:
        return str(entry["text"])
    repeat = entry["repeat"]
    return entry.get("prefix", "") + repeat["unit"] * repeat["n"] + entry.get("suffix", "")


TEXTS = [text_of(entry) for entry in ENTRIES]
# What Textual and we write on purpose: colours, cursor moves, modes, title, notices, clipboard.
OURS = re.compile(
    r"\x1b\[[0-9;:]*m|\x1b\[[0-9;]*H|\x1b\[\?[0-9;]*[hl]"
    r"|\x1b\]0;(\(\d+!\) )?fleettui [^\x00-\x1f\x7f-\x9f]*\x07"
    r"|\x1b\]22;[a-z-]*\x07|\x1b\]9;fleettui: [^\x00-\x1f\x7f-\x9f]*\x07"
    r"|\x1b\]777;notify;fleettui;[^\x00-\x1f\x7f-\x9f;]*\x07"
    r"|\x1b\]52;c;[A-Za-z0-9+/=]*\x07|\n|\x07"
)
FOREIGN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


class Recording(HeadlessDriver):
    """Keeps every byte that would go to the terminal."""

    written: list[str]
    is_headless = False

    def write(self, data: str) -> None:
        self.written.append(data)


@asynccontextmanager
async def recorded(client, size=(120, 36)):
    """Run a cockpit whose app believes that it is on a terminal."""
    driver = type("Driver", (Recording,), {"written": []})
    app = CockpitApp(
        client, fleet=client.board.fleet, driver_class=driver, colors="truecolor", config=NOWHERE
    )
    running, leaving = asyncio.Event(), asyncio.Event()

    async def ready(_pilot: Pilot) -> None:
        running.set()
        await leaving.wait()

    task = asyncio.create_task(app.run_async(size=size, auto_pilot=ready, mouse=False))
    async with asyncio.timeout(10):
        await running.wait()
    active_app.set(app)
    pilot = Pilot(app)
    try:
        async with asyncio.timeout(20):
            while app.screen_stack[0].board is not client.board:
                await pilot.pause()
            await pilot.pause()
            yield app, pilot, driver
    finally:
        leaving.set()
        app.exit()
        app._driver.close()
        await asyncio.wait({task}, timeout=10)


def foreign_in(written) -> list[str]:
    """Give the control sequences and invisible characters that are not ours."""
    return FOREIGN.findall(OURS.sub("", "".join(written)))


def hostile_board(text: str):
    """Put a text wherever a person, an agent, a tool or a file may have written one."""
    fleet = FleetRow(text, "default", text, text, text, text, "open", 2, 1, text, (text,))
    return board(
        fleet="code-review",
        fleets=(replace(fleet, id="code-review"), fleet),
        tenants=(TenantRow("default", 1, 1, 1, 1.0, 1), TenantRow(text, 1, 1, 1, None, 1)),
        agents=(agent("a", name=text, step=text, model=text, missing_tools=(text,)),
                agent(text, trouble=text)),
        runs=(run(task=text, by=text, reason=text), run(id=text, task=text)),
        messages=(message("m", sender=text, to=text, text=text, why=text),),
        ballots=(ballot(question=text, options=(text,), shares={text: 0.5}, dissent=(text,)),),
        inbox=(
            item(agent=text, summary=text, rule=text, why=text, always=text,
                 action=action(tool=text, argv=(text, text), cwd=text, env=(text,), preview=text,
                               program=text, arguments={text: text})),
        ),
        store=text,
        default_task=text,
    )  # fmt: skip


def hostile_client(text: str):
    client = client_of(hostile_board(text))
    client.name = text
    client.answers = {
        queries.ReadLog: (*(replace(row, text=text) for row in LOG),
                          LogRow(NOW, "message", text, "t", text)),
        queries.ReadCheckpoints: (
            replace(CHECKPOINTS[0], why=text, note=text, left_out=(text,)),
        ),
        queries.ReadSpec: {"spec": {"agents": [{"name": "a", "instructions": text, text: text}]}},
        queries.ReadReport: text,
        queries.ReadMemory: (MemoryRow(text, "code-review", text, 9, text, NOW, None),),
        queries.PreviewRollback: replace(PREVIEW, votes=(text,), messages=(text,),
                                         approvals=(text,), cannot_undo=(text,),
                                         files=(FileRow(text, "renamed", 1, 1, text),),
                                         foreign=(text,), left_out=(text,), diff=text),
        queries.ReadDiff: DiffRow(
            "code-review", text, "worktree", text, (FileRow(text, "added", None, None, text),),
            text, text,
        ),
    }  # fmt: skip
    client.refuse = Refused(text, text)
    return client


EVERYTHING = "\n".join(text[:300] for text in TEXTS)
WALK = (
    *"1234560", *("right_square_bracket",) * 5, "3", "o", "y", "p", "r", "escape", "f",
    "escape", "M", "escape", "m", "x",
    "enter", "6", "enter", "escape", "d", "A", "escape", "o", "escape", "y", "5", "enter", "2", "j",
    "enter", "1", "j",
    "colon", "x", "enter", "t", "enter", "question_mark", "escape", "ctrl+r", "escape",
)  # fmt: skip


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (50, 20)])
async def test_no_text_of_the_corpus_reaches_the_terminal_as_a_control_sequence(size):
    async with recorded(hostile_client(EVERYTHING), size) as (app, pilot, driver):
        for key in WALK:
            await pilot.press(key)
        assert app._exception is None
        assert len(driver.written) > 60
        assert foreign_in(driver.written) == []


async def test_each_text_is_shown_escaped():
    client = client_of(board(inbox=()))
    async with recorded(client) as (app, pilot, driver):
        await pilot.press("6")
        for text in TEXTS:
            client.change(inbox=(item(action=action(argv=("echo", text), digest=text[:9])),))
            async with asyncio.timeout(10):
                while app.screen.board is not client.board:
                    await pilot.pause()
            await pilot.pause()
            assert app._exception is None
            assert foreign_in(driver.written) == [], text
            shown = "".join(
                strip.text for strip in app.screen._compositor.render_strips(app.screen.size)
            )
            assert one_line(text.split("\n", maxsplit=1)[0].strip())[:12].rstrip() in shown


@pytest.mark.parametrize("text", TEXTS)
def test_title_and_notice_hold_no_sequence_of_a_text(text):
    assert foreign_in([title_sequence(2, text)]) == []
    assert foreign_in([notice_sequence(text, "xterm-256color")]) == []
    through_tmux = notice_sequence(text, "tmux-256color")
    assert re.fullmatch(
        r"\x07(\x1bPtmux;\x1b\x1b\][^\x00-\x1f\x7f-\x9f]*\x07\x1b\\){2}", through_tmux
    )
