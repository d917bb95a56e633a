"""Boards for tests of the screen: a review in the middle, with something of everything."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from fleettui.core.views.rows import (
    AgentRow,
    BallotRow,
    Board,
    CheckpointRow,
    DiffRow,
    FileRow,
    FleetRow,
    InboxRow,
    LogRow,
    MemoryRow,
    MessageRow,
    RollbackPreview,
    RunRow,
    ShownAction,
    TenantRow,
    TurnRow,
    UsageRow,
    VerdictRow,
    VoteRow,
)

NOW = 1_700_000_000.0
DIGEST = "9f2c4e6a8b0d9f2c4e6a8b0d9f2c4e6a8b0d9f2c4e6a8b0d9f2c4e6a8b0d1234"


def agent(name: str, /, **fields: Any) -> AgentRow:
    row = AgentRow(
        name, "default", "code-review", name, name, "llm", "", "builtin:review", 1.0, "idle",
        "idle", "", NOW - 31, 5200, 800, 0.0, 3, 0, "", "", "", (),
    )  # fmt: skip
    return replace(row, **fields)


def action(**fields: Any) -> ShownAction:
    shown = ShownAction(
        "run",
        ("git", "notes", "--ref=fleettui", "add", "-f", "-F", "reports/run-1.md", "HEAD"),
        "/home/ana/web",
        DIGEST,
        "/usr/bin/git",
        ("HOME", "PATH"),
        risks=("write",),
    )
    return replace(shown, **fields)


def item(name: str = "code-review/a1", /, **fields: Any) -> InboxRow:
    row = InboxRow(
        name, "action", "default", "code-review", "security-1", "code-review/r1",
        "git notes --ref=fleettui add -f -F reports/run-1.md HEAD", action(), NOW - 252,
        NOW + 648, "everything that is not reading asks", 1, 1, f"nonce-{name}",
        "attach the report to the commit", "run git notes *", (), (), False,
    )  # fmt: skip
    return replace(row, **fields)


def run(**fields: Any) -> RunRow:
    turns = (
        TurnRow("t1", "security", "security-1", "open", "", 2, NOW - 252, None, ""),
        TurnRow("t2", "quality", "quality-1", "finished", "fine", 3, NOW - 252, NOW - 190, ""),
    )
    row = RunRow(
        "code-review/r1", "code-review", "default", "peer", "review the changes", "running",
        NOW - 252, None, None, turns, 3, "", "", 1, "ana",
    )  # fmt: skip
    return replace(row, **fields)


def ballot(**fields: Any) -> BallotRow:
    votes = (
        VoteRow("security", "REQUEST_CHANGES", 0.9, 2.0, "shell injection in run.py:12", "cast"),
        VoteRow("performance", "APPROVE", 0.7, 1.0, "nothing slow", "cast"),
        VoteRow("quality", "", None, 1.0, "", "open"),
    )
    row = BallotRow(
        "code-review/b1", "code-review", "code-review/r1", "review the changes", "weighted", 0.5,
        ("APPROVE", "REQUEST_CHANGES", "COMMENT"), {"APPROVE": 0.25, "REQUEST_CHANGES": 0.5},
        votes, "open", NOW + 38, None, ("performance: APPROVE nothing slow",),
    )  # fmt: skip
    return replace(row, **fields)


def message(name: str, /, **fields: Any) -> MessageRow:
    row = MessageRow(
        name, "code-review", "normal", "ana", "quality-1", "queued", NOW - 12, 0,
        "look at the tests too", "",
    )  # fmt: skip
    return replace(row, **fields)


AGENTS = (
    agent("security-1", status="waiting", attention="need", step="shell pip-audit --fix",
          since=NOW - 252, input_tokens=20000, output_tokens=1000, cost=0.61, turn="t1"),
    agent("test-1", status="failed", attention="fail", trouble="OPENAI_API_KEY is not set",
          since=NOW - 131, cost=0.77),
    agent("docs-1", status="paused", attention="pause", step="by ana", since=NOW - 580, cost=0.04),
    agent("perf-1", status="working", attention="run", step="llm call 3", since=NOW - 4,
          input_tokens=41000, output_tokens=3000, cost=None),
    agent("quality-1", attention="done", step="voted APPROVE 0.80"),
)  # fmt: skip

VERDICT = VerdictRow("REQUEST_CHANGES", 0.72, True, "2.0 of 4.0 weight")


def board(**fields: Any) -> Board:
    """Give a busy fleet; name a field to put something else in its place."""
    fleet = FleetRow(
        "code-review", "default", "code-review", "/home/ana/fleets/code-review.yaml",
        "/home/ana/web", "peer", "open", 5, 2, "code-review/r1", (),
    )  # fmt: skip
    old = run(id="code-review/r0", task="review the last commit", state="finished", pending=0,
              started=NOW - 900, finished=NOW - 419, verdict=VERDICT, turns=())  # fmt: skip
    whole = Board(
        fleet="code-review",
        seq=18204,
        now=NOW,
        fleets=(fleet,),
        tenants=(TenantRow("default", 1, 5, 2, 2.84, 125000),),
        agents=AGENTS,
        runs=(run(), old),
        messages=(
            message("code-review/m1", priority="critical", sender="coord"),
            message("code-review/m2"),
            message("code-review/m3", status="dead", tries=3, why="no such agent", to="lint"),
        ),
        ballots=(ballot(),),
        inbox=(
            item(),
            item("code-review/b0", kind="ballot", agent="", action=None, nonce="",
                 summary="merge it?: a tie, 1.0 to 1.0", asked_at=NOW - 20, expires_at=None,
                 options=("APPROVE", "REQUEST_CHANGES"), rule="majority: a tie", always="",
                 why="a tie"),
        ),
        usage=UsageRow(120000, 5000, 2.84),
        default_task="review the changes",
        store="ok",
    )  # fmt: skip
    return replace(whole, **fields)


EMPTY = Board("", 0, NOW, (), (), (), (), (), (), (), UsageRow(0, 0, None), "", "ok")

LOG = (
    LogRow(NOW - 60, "prompt", "review the changes", "t1", "security-1"),
    LogRow(NOW - 58, "llm", "plan: run pip-audit, then bump the pins", "t1", "security-1"),
    LogRow(NOW - 57, "tool", "git_diff base=HEAD", "t1", "security-1"),
    LogRow(NOW - 56, "out", "diff --git a/run.py b/run.py\n@@ -1 +1 @@\n-safe()\n+os.system(x)",
           "t1", "security-1"),
    LogRow(NOW - 50, "ask", "pip-audit --fix -r req.txt  [code-review/a1]", "t1", "security-1"),
)  # fmt: skip

CHECKPOINTS = (
    CheckpointRow("code-review/c2", "code-review", "security-1", NOW - 60, "before run r1", 20,
                  4, 2100, 0.2, 2, "c0ffee"),
    CheckpointRow("code-review/c1", "code-review", "security-1", NOW - 600, "by hand", 4, 9,
                  7000, None),
)  # fmt: skip

MEMORY = (
    MemoryRow("bus", "code-review", "the bus in spain is a plain train", 33, "security-1", NOW - 60,
              NOW + 3600),
)  # fmt: skip

PREVIEW = RollbackPreview(
    "security-1",
    "code-review/c2",
    4,
    "t1",
    ("APPROVE in code-review/b1, the ballot is open again",),
    ("code-review/m1 from coord stays queued",),
    ("code-review/a1 run git notes",),
    ("run pip-audit -r req.txt (done)",),
    "c0ffee",
    (FileRow("app.py", "changed", 1, 2), FileRow("new.py", "deleted", 0, 9)),
    "diff --git a/app.py b/app.py\n--- a/app.py\n+++ b/app.py\n@@ -1,3 +1,2 @@\n one\n"
    "-two, by the agent\n-three\n+two\n",
)

DIFF = DiffRow(
    "code-review", "security-1", "worktree", "c0ffee", (FileRow("app.py", "changed", 2, 1),),
    "diff --git a/app.py b/app.py\n--- a/app.py\n+++ b/app.py\n@@ -1,2 +1,3 @@\n one\n"
    "-two\n+two, by the agent\n+three\n", "",
)  # fmt: skip
