"""Every fleet that ships runs without a key, on real input, and says what it found."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.models.builtin import builtin_models
from fleettui.adapters.models.router import ModelRouter
from fleettui.adapters.yaml.plain import load_plain
from fleettui.core.commands import Approve, OpenFleet, StartRun
from fleettui.core.model import Payload
from fleettui.core.views.queries import ReadInbox, ReadRun
from fleettui.wiring import running
from tests.engine.kit import make_world, wait_for

FLEETS = Path(__file__).parents[2] / "fleets"
LOG = """\
2026-11-20 10:00:00 INFO deployed version 7
2026-11-20 10:03:00 ERROR could not connect to db01:5432: Connection refused
2026-11-20 10:03:01 ERROR could not connect to db01:5432: Connection refused
"""
DB = """\
2026-11-20 10:02:59 FATAL out of memory
2026-11-20 10:03:05 INFO restarted
"""


def git(folder: Path, *argv: str) -> None:
    subprocess.run(
        ["git", *argv],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "config", "user.email", "a@b.c")
    git(folder, "config", "user.name", "Ann")
    for number, (name, text, subject) in enumerate(
        [
            (
                "old.py",
                "import os\nprint('%s' % os.getcwd())\nx = dict([(1, 2)])\n",
                "feat: a start",
            ),
            ("new.py", "import subprocess\nsubprocess.run('ls', shell=True)\n", "fix: list files"),
            ("README.md", "# it\n", "docs: say what it is"),
        ]
    ):
        (folder / name).write_text(text)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", f"{subject} {number}")
    return folder


async def outcome(tmp_path: Path, workspace: Path, fleet: str, *, approve: bool = False) -> Any:
    """Run a shipped fleet's own task in a workspace; give its report."""
    router = ModelRouter(
        load_yaml=load_plain, builtin=builtin_models(), log_path=tmp_path / "models.log"
    )
    try:
        async with running(make_world(tmp_path, router)) as house:
            session = house.session("ann")
            file = str(FLEETS / fleet)
            name = await session.send(OpenFleet("", file, str(workspace), "", {"OPENED": "1"}))
            state = house.engine.state(name)
            assert state.spec is not None
            task = Payload(state.spec.spec.task or "")
            run = state.runs[await session.send(StartRun(name, task))]
            while approve and not run.report:
                await wait_for(
                    session,
                    lambda: (
                        bool(run.report)
                        or any(one.status == "asking" for one in state.actions.values())
                    ),
                )
                for row in await session.read(ReadInbox()):
                    action = row.action
                    assert action is not None
                    await session.send(Approve(name, row.id, row.version, action.digest, row.nonce))
            await wait_for(session, lambda: bool(run.report))
            return await session.read(ReadRun(name, run.id))
    finally:
        await router.close()


async def test_incident_finds_the_first_grave_event_across_files(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "app.log").write_text(LOG)
    (logs / "db.log").write_text(DB)
    (logs / "broken.log").write_bytes(b"\xff\xfe\x00\x01" * 100)
    report = await outcome(tmp_path, logs, "incident.yaml")
    assert report.state == "finished"
    assert "**Likely cause**: 2026-11-20 10:02:59 FATAL out of memory (db.log:1" in report.output
    assert "**Before it**: 2026-11-20 10:00:00 INFO deployed version 7 (app.log:1" in report.output
    assert "rules" in report.output


@pytest.mark.parametrize("text", ["", "2026-11-20 10:00:00 INFO all is well\n"])
async def test_an_innocent_folder_has_no_cause(tmp_path: Path, text: str) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "app.log").write_text(text)
    report = await outcome(tmp_path, logs, "incident.yaml")
    assert "no cause found" in report.output


async def test_release_notes_name_every_commit(tmp_path: Path, repository: Path) -> None:
    report = await outcome(tmp_path, repository, "release-notes.yaml")
    assert report.state == "finished"
    assert "### New\n\n- feat: a start 0 (" in report.output
    assert "### Mended\n\n- fix: list files 1 (" in report.output


async def test_migrate_looks_at_every_file(tmp_path: Path, repository: Path) -> None:
    report = await outcome(tmp_path, repository, "migrate.yaml")
    assert report.state == "finished"
    assert "old.py: " in report.output
    assert "new.py: nothing to do" in report.output


async def test_an_audit_is_shared_out(tmp_path: Path, repository: Path) -> None:
    report = await outcome(tmp_path, repository, "repo-audit.yaml")
    assert report.state == "finished"
    assert "S602" in report.output
    assert "a README: README.md" in report.output
    assert "No manifest" in report.output


async def test_ci_asks_and_marks_the_commit(tmp_path: Path, repository: Path) -> None:
    report = await outcome(tmp_path, repository, "ci.yaml", approve=True)
    assert (report.state, report.reason) == ("finished", "")
    shown = subprocess.run(
        ["git", "notes", "--ref=fleettui-ci", "show", "HEAD"],
        cwd=repository, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert shown.stdout.strip() == "checked by fleettui"
