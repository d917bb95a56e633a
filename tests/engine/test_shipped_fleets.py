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
    began = "**Likely beginning**: 2026-11-20 10:02:59 FATAL out of memory (db.log:1, 2026-11-20"
    assert began in report.output
    assert "- 2026-11-20 10:00:00 app.log:1 2026-11-20 10:00:00 INFO deployed" in report.output
    assert "Not read whole: broken.log (" in report.output
    assert "rules" in report.output


async def test_an_incident_is_told_apart_from_an_older_one(tmp_path: Path) -> None:
    """A line without a year belongs to the others' year; a lone error hours before is no cause."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "app.log").write_text(LOG + LOG.replace("ERROR", "ERROR again"))
    (logs / "app.log.1").write_text("2026-11-20 04:00:00 ERROR backup failed\n")
    (logs / "app.log.2.gz").write_bytes(b"\x1f\x8b")
    (logs / "kernel.out").write_text("Nov 20 10:05:00 host kernel: Out of memory: killed 991\n")
    (logs / "proxy.err").write_text("2026/11/20 10:04:00 [error] 31#31: upstream timed out\n")
    output = (await outcome(tmp_path, logs, "incident.yaml")).output
    assert "**Likely beginning**: 2026-11-20 10:03:00 ERROR could not" in output
    places = [line.split()[4] for line in output.split("\n") if line.startswith("- 2026-11-20 ")]
    order = ["app.log.1:1", "app.log:1", "app.log:2", "app.log:5", "proxy.err:1", "kernel.out:1"]
    assert [place for place in places if place in order] == order
    assert "app.log.2.gz (packed, not read)" in output


async def test_an_error_in_the_last_of_many_logs_is_found(tmp_path: Path) -> None:
    """More logs than are read: they are searched, and the report says what was not read."""
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(60):
        (logs / f"n{number:02}.log").write_text("2026-11-20 10:00:00 INFO fine\n")
    (logs / "n59.log").write_text("2026-11-20 10:00:00 ERROR broken\n")
    output = (await outcome(tmp_path, logs, "incident.yaml")).output
    assert "(n59.log:1, 2026-11-20 10:00:00)" in output
    assert "and 15 more (read only where the search found words of trouble)" in output


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


async def test_what_migrate_can_not_read_is_not_called_fine(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "two words.py").write_text("import typing\nx: typing.List[int] = []\n")
    (files / "python2.py").write_text("print 'hello'\n")
    (files / "latin.py").write_bytes(b"# caf\xe9\n")
    output = (await outcome(tmp_path, files, "migrate.yaml")).output
    assert "two words.py: 1 to change" in output
    assert "python2.py: can't be read as Python 3" in output
    assert "latin.py: not checked: latin.py: stream did not contain valid UTF-8" in output


async def test_an_audit_is_shared_out(tmp_path: Path, repository: Path) -> None:
    report = await outcome(tmp_path, repository, "repo-audit.yaml")
    assert report.state == "finished"
    assert "S602" in report.output
    assert "a README: README.md" in report.output
    assert "new.py:2" in report.output
    assert "No manifest" in report.output


async def test_an_audit_reads_requirements_and_names_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "requirements.txt").write_text("# pins\nflask==2.0\nrequests>=2\n")
    (folder / ".env").write_text("KEY=1\n")
    output = (await outcome(tmp_path, folder, "repo-audit.yaml")).output
    assert "- requirements.txt:3: requests>=2 is not pinned" in output
    assert "flask" not in output
    assert ".env: looks like a file of secrets" in output


async def test_ci_asks_and_marks_the_commit(tmp_path: Path, repository: Path) -> None:
    report = await outcome(tmp_path, repository, "ci.yaml", approve=True)
    assert (report.state, report.reason) == ("finished", "")
    shown = subprocess.run(
        ["git", "notes", "--ref=fleettui-ci", "show", "HEAD"],
        cwd=repository, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert shown.stdout.strip() == "checked by fleettui"


@pytest.mark.parametrize(
    ("files", "reason", "told"),
    [
        ({"Makefile": "test:\n\t@echo it is red; exit 1\n"}, "step tests failed", "    it is red"),
        ({"Makefile": "test:\n\ttrue\n", "a.py": "def f(:\n"}, "step syntax failed", "def f(:"),
    ],
)
async def test_ci_asks_nobody_when_a_check_fails(
    tmp_path: Path, repository: Path, files: dict[str, str], reason: str, told: str
) -> None:
    """A red check ends the run before anybody is asked, and the report says what it said."""
    for name, text in files.items():
        (repository / name).write_text(text)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "red")
    report = await outcome(tmp_path, repository, "ci.yaml", approve=True)
    assert report.state == "failed"
    assert reason in report.reason
    written = Path(report.report).read_text()
    assert told in written
    assert "| approve | waiting |" in written


async def test_a_report_of_items_names_them(tmp_path: Path, repository: Path) -> None:
    report = await outcome(tmp_path, repository, "migrate.yaml")
    assert "## item 1 (worker-1)" in Path(report.report).read_text()


async def test_notes_of_nothing_say_why(tmp_path: Path) -> None:
    output = (await outcome(tmp_path, tmp_path, "release-notes.yaml")).output
    assert output.startswith("There are no commits to write about. There is no git repository")
