"""The rule-based reviewer drives real tools on real repositories to a vote."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.models.builtin.review import BuiltinReview
from fleettui.adapters.models.builtin.verdict import options_in
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.errors import ToolFailed
from fleettui.core.model import ChatMessage, ModelReply, ModelRequest, ToolCall, Usage, Workplace

GIT_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b.example",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b.example",
}
BOX = LocalToolbox({"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, b"k" * 32)
ASK = (
    "review the changes\n\nWhen you are done, call the tool submit_result with a verdict "
    "({}; or abstain), your confidence"
)
TOOLS = ("read_file", "git", "lint", "submit_result")
AGENTS = ("security-reviewer", "performance-reviewer", "quality-reviewer")


def git(folder: Path, *args: str) -> None:
    subprocess.run(("git", *args), cwd=folder, env=GIT_ENV, check=True, capture_output=True)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "app.py").write_text('"""An app."""\n\n\ndef one() -> int:\n    return 1\n')
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "start")
    return tmp_path


async def converse(
    folder: Path,
    agent: str,
    tools: tuple[str, ...] = TOOLS,
    options: str = "approve, reject",
    told: str = "",
) -> tuple[dict[str, Any], list[ModelReply]]:
    """Play the engine: perform every call until a vote; give the vote and all replies."""
    place = Workplace("default", "fleet", agent, str(folder))
    messages = [ChatMessage("system", told), ChatMessage("user", ASK.format(options))]
    replies: list[ModelReply] = []
    for step in range(6):
        request = ModelRequest(
            str(step), "builtin:review", tuple(messages), BOX.specs(tools), agent
        )
        reply = await BuiltinReview().complete(request)
        assert reply == await BuiltinReview().complete(request)
        replies.append(reply)
        calls = tuple(ToolCall(f"{step}.{c.id}", c.name, c.arguments) for c in reply.tool_calls)
        messages.append(ChatMessage("assistant", reply.content, calls))
        if not calls:
            return {"text": reply.content}, replies
        for call in calls:
            if call.name == "submit_result":
                return (await BOX.freeze(call, place)).arguments, replies
            messages.append(ChatMessage("tool", await answer(call, place), tool_call_id=call.id))
    raise AssertionError("no vote after six steps")


async def answer(call: ToolCall, place: Workplace) -> str:
    try:
        return (await BOX.perform(await BOX.freeze(call, place), place)).output
    except ToolFailed as failure:
        return f"Not done: {failure}"


def places(vote: dict[str, Any]) -> set[tuple[str, int, str]]:
    return {(one["file"], one["line"], one["rule"]) for one in vote["findings"]}


PLANTED = """\
import subprocess

import db

KEY = "LEAK"


def find(cur, name, users):
    cur.execute(f"SELECT id FROM users WHERE name = '{name}'")
    subprocess.run("ls " + name, shell=True)
    for user in users:
        cur.execute("SELECT 1 FROM orders WHERE id = %s", (user,))
""".replace("LEAK", "AKIA" + "QX7ZJ5T2MN4PLW8R")


async def test_planted_faults_are_each_found_at_their_line(repo: Path) -> None:
    (repo / "new.py").write_text(PLANTED)
    (repo / "style.css").write_text("<" * 7 + " HEAD\na {}\n" + "=" * 7 + "\n" + ">" * 7 + " x\n")
    seen: set[tuple[str, int, str]] = set()
    for agent in AGENTS:
        vote, replies = await converse(repo, agent)
        assert vote["verdict"] == "reject"
        assert vote["confidence"] >= 0.8
        assert "new.py:5" in vote["output"]
        assert all(reply.usage == Usage(0, 0, 0.0) for reply in replies)
        seen |= places(vote)
    assert seen >= {
        ("new.py", 5, "secret-aws"),
        ("new.py", 9, "sql-fstring"),
        ("new.py", 10, "shell-true"),
        ("new.py", 12, "query-in-loop"),
        ("style.css", 1, "merge-marker"),
        ("new.py", 3, "ruff F401"),
    }


async def test_a_clean_small_change_is_approved_with_confidence(repo: Path) -> None:
    (repo / "app.py").write_text('"""An app."""\n\n\ndef one() -> int:\n    return 1 + 0\n')
    for agent in AGENTS:
        vote, replies = await converse(repo, agent)
        assert (vote["verdict"], vote["confidence"], vote["findings"]) == ("approve", 0.9, [])
        assert len(replies) == 3


async def test_faults_outside_the_changed_lines_do_not_count(repo: Path) -> None:
    (repo / "old.py").write_text("import os\nos.system(x)\n" + "\n" * 20 + "Y = 1\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "old")
    (repo / "old.py").write_text("import os\nos.system(x)\n" + "\n" * 20 + "Y = 2\n")
    vote, _ = await converse(repo, "security-reviewer")
    assert vote["verdict"] == "approve"
    assert vote["findings"] == []
    assert "outside the changed lines" in vote["output"]


async def test_a_huge_diff_is_read_to_its_end(repo: Path) -> None:
    (repo / "big.py").write_text("".join(f"value_{n} = {n}\n" for n in range(20_000)) + "eval(x)\n")
    vote, replies = await converse(repo, "security-reviewer")
    assert ("big.py", 20_001, "eval") in places(vote)
    assert len(replies) <= 4


async def test_many_files_are_read_one_by_one(repo: Path) -> None:
    for number in range(30):
        (repo / f"m{number}.py").write_text("x = 1\n" * 60 + "yaml.load(text)\n")
    vote, _ = await converse(repo, "security-reviewer")
    assert len({place[0] for place in places(vote)}) == 30


@pytest.mark.parametrize("case", ["no repository", "no commit", "binary"])
async def test_with_nothing_to_review_it_abstains_and_says_why(tmp_path: Path, case: str) -> None:
    if case != "no repository":
        git(tmp_path, "init", "-q")
    if case == "binary":
        (tmp_path / "logo.png").write_bytes(bytes(1_000))
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", "a picture")
    vote, _ = await converse(tmp_path, "quality-reviewer")
    assert (vote["verdict"], vote["confidence"]) == ("abstain", 0.0)
    assert "nothing to review" in vote["reason"]
    vote, _ = await converse(tmp_path, "quality-reviewer", tools=("git",), options="")
    assert "VOTE: abstain (0.0)" in vote["text"] or "nothing to review" in vote["text"]


async def test_missing_tools_are_named(repo: Path) -> None:
    (repo / "app.py").write_text("x = 1\n")
    vote, _ = await converse(repo, "quality-reviewer", tools=("git", "submit_result"))
    assert "not linted" in vote["output"]
    assert vote["confidence"] <= 0.6
    vote, _ = await converse(repo, "quality-reviewer", tools=("read_file", "submit_result"))
    assert "git_diff" in vote["reason"]
    vote, _ = await converse(repo, "quality-reviewer", tools=("git", "lint"))
    assert "VOTE: approve (" in vote["text"]


async def test_a_secret_file_in_the_change_is_named_without_its_content(repo: Path) -> None:
    (repo / ".env").write_text("TOKEN=sesame\n")
    vote, replies = await converse(repo, "security-reviewer")
    assert places(vote) == {(".env", 1, "secret-file")}
    assert "sesame" not in str(replies)


async def test_it_votes_with_the_words_of_the_task(repo: Path) -> None:
    (repo / "new.py").write_text(PLANTED)
    vote, _ = await converse(repo, "quality-reviewer", options="ship, block, discuss")
    assert vote["verdict"] == "block"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("approve, reject", ("approve", "reject")),
        ("deny, allow", ("allow", "deny")),
        ("A, B", ("A", "B")),
    ],
)
def test_options_are_read_from_the_prompt(options: str, words: tuple[str, str]) -> None:
    assert options_in(ASK.format(options)) == words


async def test_the_role_comes_from_the_name_or_the_instructions(repo: Path) -> None:
    (repo / "app.py").write_text("import hashlib\n\nD = hashlib.md5(b'x')\n")
    for agent, told, finds in (
        ("sec", "Focus on security vulnerabilities", True),
        ("perf", "Focus on performance issues: N+1", False),
        ("reviewer", "", True),
    ):
        vote, _ = await converse(repo, agent, told=told)
        assert any(one["rule"] == "weak-hash" for one in vote["findings"]) == finds
