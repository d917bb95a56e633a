"""The diff of a write, as the inbox and the command line show it: whole, marked, harmless."""

from __future__ import annotations

from fleettui.cli.item import item_lines
from fleettui.core.views.rows import InboxRow, ShownAction
from fleettui.tui.item_text import item_blocks
from fleettui.tui.parts import plain
from fleettui.tui.widgets.inbox import inbox_line

PREVIEW = (
    """--- a/app.py
+++ b/app.py
@@ -1,3 +1,3 @@
 keep
--- a/not-a-title
+new \x1b[31m[@click=app.quit]line[/] \u202e"""
    + "w" * 150
)


def row(tool: str, summary: str, preview: str = "", **arguments: object) -> InboxRow:
    action = ShownAction(tool, (), "/w", "d" * 64, preview=preview, arguments=arguments)
    return InboxRow(
        "f/1", "action", "t", "f", "ann", "f/0", summary, action, 0.0, None, "no rule", 1, 1, "n",
        "", "", (), (), destructive=False,
    )  # fmt: skip


def test_every_line_of_a_diff_has_its_gutter_and_its_mark() -> None:
    shown = row("edit_file", "edit app.py +1 -1", PREVIEW, path="app.py")
    blocks = item_blocks(shown)
    lines = [plain([line]) for block in blocks for line in block.lines(60)]
    body = [line for line in lines if line.startswith("| ")]
    assert body[:3] == ["| path = app.py", "| --- a/app.py", "| +++ b/app.py"]
    assert "| @@ -1,3 +1,3 @@" in body
    assert "| - -- a/not-a-title" in body
    added = body.index(next(line for line in body if line.startswith("| + new")))
    assert "\\x1b[31m[@click=app.quit]" in body[added]
    assert not {"\x1b", "\u202e"} & set("".join(lines))
    assert all(line.startswith("|   ") for line in body[added + 1 :])
    assert max(map(len, lines)) <= 60
    tones = {plain([line]): line[-1].tone for block in blocks for line in block.lines(60)}
    assert tones["| --- a/app.py"] == "bold"
    assert tones["| - -- a/not-a-title"] == "fail"


def test_the_command_line_shows_the_same_whole() -> None:
    lines = list(item_lines(row("edit_file", "edit app.py +1 -1", PREVIEW, path="app.py")))
    assert lines[0] == "f/1  action  ann"
    assert [f"| {line}" for line in PREVIEW.split("\n")] == lines[3:9]


def test_the_list_says_what_in_a_line() -> None:
    for tool, summary, words in [
        ("edit_file", "edit src/app.py +12 -3", "! edit  ann"),
        ("write_file", "write notes.md +5 -0", "! write ann"),
        ("mcp__files__read", "mcp__files__read {}", "! mcp   ann"),
        ("http_request", "POST https://x.org/", "! http  ann"),
    ]:
        line = plain([inbox_line(row(tool, summary), 80, 10.0, fine=True)])
        assert line.startswith(words), line
    line = plain([inbox_line(row("edit_file", "edit src/app.py +12 -3"), 60, 10.0, fine=True)])
    assert "src/app.py +12 -3" in line
