"""Reading, listing, searching, writing: inside the workspace only, whatever the path says."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.tools.diff import diff_of
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.adapters.tools.workspace import looks_secret
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolCall, ToolResult, Workplace

BOX = LocalToolbox({"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, b"k" * 32)


def place(folder: Path) -> Workplace:
    return Workplace("default", "fleet", "agent", str(folder))


async def freeze(folder: Path, tool: str, **arguments: Any) -> Facts:
    return await BOX.freeze(ToolCall("1", tool, arguments), place(folder))


async def use(folder: Path, tool: str, **arguments: Any) -> ToolResult:
    return await BOX.perform(await freeze(folder, tool, **arguments), place(folder))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text("")
    (folder / "src").mkdir()
    (folder / "src" / "a.py").write_text("one\ntwo\nthree\n")
    (tmp_path / "outside.txt").write_text("outside")
    (tmp_path / "workshop").mkdir()
    (tmp_path / "workshop" / "b").write_text("sibling")
    (folder / "link").symlink_to(tmp_path / "outside.txt")
    (folder / "up").symlink_to("..")
    (folder / "loop").symlink_to("loop")
    (folder / "in").symlink_to("src/a.py")
    os.mkfifo(folder / "pipe")
    return folder


ESCAPES = [
    "../outside.txt", "src/../../outside.txt", "/etc/passwd", "link", "up/outside.txt", "up",
    "../workshop/b", "/proc/self/environ", "/dev/zero", ".git/config", ".GIT/config", ".git",
    "src/../.git/config", ".git /config", ".git./config", "git~1/config", ".g\u200cit/config",
    "\uff0egit/config", ".git::$INDEX_ALLOCATION/config", "a\0b",
]  # fmt: skip


@pytest.mark.parametrize("path", ESCAPES)
@pytest.mark.parametrize(
    "tool", ["read_file", "write_file", "edit_file", "search", "list_files", "git_diff"]
)
async def test_no_path_leads_outside(work: Path, tool: str, path: str) -> None:
    more = {
        "write_file": {"content": "x"},
        "edit_file": {"old": "x", "new": "y"},
        "search": {"pattern": "x"},
    }.get(tool, {})
    with pytest.raises(ToolFailed, match=r"outside|git itself|NUL"):
        await freeze(work, tool, path=path, **more)


@pytest.mark.parametrize("path", ["pipe", "loop", "missing", "src", "~/x"])
async def test_what_is_no_regular_file_is_refused_at_once(work: Path, path: str) -> None:
    result = await use(work, "read_file", path=path)
    assert not result.ok
    assert ";" in result.output


async def test_a_link_swapped_in_after_the_freeze_is_not_followed(work: Path) -> None:
    facts = await freeze(work, "read_file", path="src/a.py")
    (work / "src" / "a.py").unlink()
    (work / "src" / "a.py").symlink_to(work.parent / "outside.txt")
    with pytest.raises(ToolFailed, match="outside"):
        await BOX.freeze(ToolCall("1", "read_file", facts.arguments), place(work))
    assert not (await BOX.perform(facts, place(work))).ok


async def test_links_and_absolute_paths_that_stay_inside_are_read(work: Path) -> None:
    for path in ("in", "src/a.py", str(work / "src" / "a.py"), "./src//a.py"):
        assert (await use(work, "read_file", path=path)).output == "one\ntwo\nthree"
    part = await use(work, "read_file", path="in", start_line=2, end_line=2)
    assert part.output == "two"


async def test_binary_empty_and_long_files_are_described(work: Path) -> None:
    (work / "b").write_bytes(b"\0" * 100)
    (work / "e").write_text("")
    (work / "l").write_text("x" * 80 + "\n" + ("y" * 80 + "\n") * 5_000)
    assert "binary, 100 bytes" in (await use(work, "read_file", path="b")).output
    assert "empty" in (await use(work, "read_file", path="e")).output
    cut = await use(work, "read_file", path="l")
    assert "start_line=" in cut.output
    assert cut.size == 5_001 * 81


@pytest.mark.parametrize(
    "name", [".env", ".env.local", "a/id_rsa", "x.PEM", "credentials", "c.tfvars"]
)
async def test_secret_looking_files_carry_the_risk(work: Path, name: str) -> None:
    (work / "a").mkdir(exist_ok=True)
    (work / name).write_text("x")
    (work / "plain").symlink_to(name)
    for path in (name, "plain"):
        assert (await freeze(work, "read_file", path=path)).risks == ("read", "secret")


def test_ordinary_names_are_no_secrets() -> None:
    for name in (
        ".env.example",
        "monkey.py",
        "environment.py",
        "src/secrets.py",
        "id_rsa.pub",
        "keys.md",
    ):
        assert not looks_secret(name)


async def test_files_are_listed_by_glob(tmp_path: Path) -> None:
    for name in ("a.py", "b.js", "d/c.py", "d/e/f.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert (await use(tmp_path, "list_files", glob="*.py")).output == "a.py\nd/c.py\nd/e/f.py"
    assert (await use(tmp_path, "list_files", glob="d/**/*.py")).output == "d/c.py\nd/e/f.py"
    assert (await use(tmp_path, "list_files", path="d")).output == "d/c.py\nd/e/f.py"
    assert (await use(tmp_path, "list_files", glob="*.rb")).output == "No file matches."


async def test_search_is_literal_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a.b\naxb\n")
    (tmp_path / "a.js").write_text("a.b\n")
    assert (await use(tmp_path, "search", pattern="a.b", glob="*.py")).output == "a.py:1:a.b"
    found = (await use(tmp_path, "search", pattern="a.b", regex=True, path="a.py")).output
    assert found == "a.py:1:a.b\na.py:2:axb"
    assert (await use(tmp_path, "search", pattern="-q")).output == "Nothing found."
    assert not (await use(tmp_path, "search", pattern="(", regex=True)).ok


async def test_a_write_shows_its_diff_and_is_atomic(work: Path) -> None:
    facts = await freeze(work, "write_file", path="src/a.py", content="one\n2\nthree\n")
    assert "-two\n+2" in facts.preview
    assert facts.risks == ("write",)
    assert facts == await freeze(work, "write_file", path="src/a.py", content="one\n2\nthree\n")
    (work / "src" / "a.py").chmod(0o750)
    assert (await BOX.perform(facts, place(work))).ok
    assert (work / "src" / "a.py").read_text() == "one\n2\nthree\n"
    assert (work / "src" / "a.py").stat().st_mode & 0o777 == 0o750
    assert sorted(path.name for path in (work / "src").iterdir()) == ["a.py"]


async def test_a_write_over_something_else_is_not_done(work: Path) -> None:
    facts = await freeze(work, "write_file", path="src/a.py", content="mine\n")
    (work / "src" / "a.py").write_text("theirs\n")
    result = await BOX.perform(facts, place(work))
    assert not result.ok
    assert (work / "src" / "a.py").read_text() == "theirs\n"


async def test_a_new_file_gets_its_folders(work: Path) -> None:
    assert (await use(work, "write_file", path="x/y/z.txt", content="new\n")).ok
    assert (work / "x" / "y" / "z.txt").read_text() == "new\n"


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("read_file", {}, "path is missing"),
        ("read_file", {"path": 3}, "must be of type string"),
        ("read_file", {"path": "a", "start": 1}, "did you mean start_line"),
        ("read_file", {"path": "a", "start_line": 0}, "at least 1"),
        ("read_file", {"path": "a", "start_line": True}, "of type integer"),
        ("read_fil", {"path": "a"}, "did you mean read_file"),
        ("run", {"argv": "ls -l"}, "of type array"),
        ("run", {"argv": []}, "must not be empty"),
        ("run", {"argv": ["ls", 3]}, r"argv\[2\] must be of type string"),
        ("submit_result", {"verdict": "approve", "confidence": 2, "reason": "r"}, "at most 1"),
        ("submit_result", {"confidence": 1}, "verdict is missing"),
        ("submit_result", {"verdict": "a", "confidence": 1, "reason": "r", "findings": [{}]}, "fi"),
        ("send_message", {"to": "a", "text": "b", "priority": "soon"}, "critical, high"),
    ],
)  # fmt: skip
async def test_a_wrong_call_says_how_to_mend_it(
    tmp_path: Path, tool: str, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(ToolFailed, match=words) as failure:
        await freeze(tmp_path, tool, **arguments)
    assert failure.value.mend


async def test_what_the_engine_does_is_only_described_here(tmp_path: Path) -> None:
    facts = await freeze(tmp_path, "send_message", to="b", text="hi")
    with pytest.raises(ToolFailed, match="engine"):
        await BOX.perform(facts, place(tmp_path))


def test_a_group_stands_for_its_tools_and_unknown_ones_are_left_out() -> None:
    names = [spec.name for spec in BOX.specs(["git", "read_file", "shall", "git_log"])]
    assert names == ["git_diff", "git_log", "git_show", "read_file"]


async def test_lint_gives_findings_by_rule_set_and_ignores_settings(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text("[lint]\nignore = ['S602']\n")
    (tmp_path / "a.py").write_text("import subprocess\nsubprocess.call('ls', shell=True)\n")
    found = (await use(tmp_path, "lint", paths=["a.py"], rules=["S"])).output
    assert "a.py:2:" in found
    assert "S60" in found
    assert not (tmp_path / ".ruff_cache").exists()
    assert not (await use(tmp_path, "lint", paths=["a.py"], rules=["ZZZ"])).ok
    assert "No Python file" in (await use(tmp_path, "lint")).output


async def test_an_edit_replaces_exact_text_and_shows_its_diff(work: Path) -> None:
    facts = await freeze(work, "edit_file", path="src/a.py", old="two\n", new="2\n2b\n")
    assert facts.preview.endswith("@@ -1,3 +1,4 @@\n one\n-two\n+2\n+2b\n three")
    assert (facts.summary, facts.risks) == ("edit src/a.py +2 -1", ("write",))
    assert (await BOX.perform(facts, place(work))).ok
    assert (work / "src" / "a.py").read_text() == "one\n2\n2b\nthree\n"


async def test_several_edits_are_made_in_order_all_or_none(work: Path) -> None:
    edits = [{"old": "one", "new": "two"}, {"old": "two", "new": "2", "all": True}]
    assert (await use(work, "edit_file", path="src/a.py", edits=edits)).ok
    assert (work / "src" / "a.py").read_text() == "2\n2\nthree\n"
    edits = [{"old": "three", "new": "3"}, {"old": "four", "new": "4"}]
    with pytest.raises(ToolFailed, match=r"edit 2: src/a\.py has no such text"):
        await freeze(work, "edit_file", path="src/a.py", edits=edits)
    assert (work / "src" / "a.py").read_text() == "2\n2\nthree\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"old": "x", "new": "y"}, "no such text"),
        ({"old": "  one", "new": "y"}, "line 1 is alike"),
        ({"old": "e", "new": "y"}, r"3 times \(line 1, 3, 3\)"),
        ({"old": "one", "new": "one"}, "the same"),
        ({"old": "one"}, "go together"),
        ({}, "neither"),
        ({"old": "a", "new": "b", "edits": [{"old": "a", "new": "b"}]}, "both"),
        ({"edits": [{"old": "a"}]}, r"edits\[1\].new is missing"),
        ({"path": "missing", "old": "a", "new": "b"}, "does not exist"),
        ({"path": "bin", "old": "a", "new": "b"}, "not UTF-8"),
        ({"path": "../outside.txt", "old": "o", "new": "b"}, "outside"),
    ],
)
async def test_an_edit_that_fits_nowhere_says_why(
    work: Path, arguments: dict[str, Any], words: str
) -> None:
    (work / "bin").write_bytes(b"\xff\xfe")
    with pytest.raises(ToolFailed, match=words):
        await freeze(work, "edit_file", **{"path": "src/a.py", **arguments})


async def test_an_edit_of_what_changed_meanwhile_writes_nothing(work: Path) -> None:
    facts = await freeze(work, "edit_file", path="src/a.py", old="two", new="2")
    (work / "src" / "a.py").write_text("zero\none\ntwo\n")
    result = await BOX.perform(facts, place(work))
    assert not result.ok
    assert "nothing written" in result.output
    assert (work / "src" / "a.py").read_text() == "zero\none\ntwo\n"


async def test_line_ends_stay_and_what_ends_lines_elsewhere_is_seen(work: Path) -> None:
    (work / "w.txt").write_bytes(b"a\r\nb\r\nc")
    facts = await freeze(work, "edit_file", path="w.txt", old="a\nb", new="A\nB")
    assert "-a\r\n-b\r\n+A\r\n+B\r\n c\n\\ No newline at end of file" in facts.preview
    assert (await BOX.perform(facts, place(work))).ok
    assert (work / "w.txt").read_bytes() == b"A\r\nB\r\nc"
    shown = await freeze(work, "write_file", path="w.txt", content="A\nB\nc")
    assert shown.preview.count("\r") == 2


@pytest.mark.parametrize("seed", range(40))
def test_a_diff_is_what_patch_makes_of_the_file(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    old = [rng.choice("abcdef") for _ in range(rng.randrange(0, 60))]
    new = list(old)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(new) + 1)
        new[at : at + rng.randrange(3)] = [rng.choice("xyzab") for _ in range(rng.randrange(3))]
    ends = ["\n", ""] if seed % 3 == 0 else ["\n", "\n"]
    before, after = ("\n".join(side) + rng.choice(ends) for side in (old, new))
    (tmp_path / "f").write_text(before)
    diff = diff_of("f", before, after)
    if before != after:
        argv = ["git", "apply", "-"]
        subprocess.run(argv, input=diff.text + "\n", text=True, cwd=tmp_path, check=True)
    assert (tmp_path / "f").read_text() == after
    assert diff.added - diff.deleted == len(after.splitlines()) - len(before.splitlines())


def test_a_diff_of_large_files_takes_no_time() -> None:
    before = "".join(f"{n % 7}\n" for n in range(200_000))
    after = "".join(f"{n % 5}\n" for n in range(200_000))
    began = time.monotonic()
    diff = diff_of("f", before, after)
    assert (diff.added, diff.deleted) == (199_995, 199_995)
    assert time.monotonic() - began < 5
