"""Real-world files of the tool the format comes from: what it accepts loads, the rest is placed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fleettui.adapters.yaml.specs import check_files

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "aof"
VERDICTS = CORPUS / "verdicts.tsv"


def rows() -> list[tuple[str, tuple[str, ...]]]:
    """Give every file with the kinds and verdicts of its documents."""
    files: dict[str, set[str]] = {}
    if VERDICTS.exists():
        with VERDICTS.open(encoding="utf-8") as table:
            for name, _, kind, verdict, *_ in csv.reader(table, delimiter="\t"):
                files.setdefault(name, set()).add(f"{kind} {verdict}")
    return [(name, tuple(sorted(found))) for name, found in sorted(files.items())]


@pytest.mark.skipif(
    not VERDICTS.exists(), reason="the corpus of aof files is not beside the project"
)
@pytest.mark.parametrize(("name", "verdicts"), rows(), ids=str)
def test_a_file_loads_or_is_refused_at_a_place(name: str, verdicts: tuple[str, ...]) -> None:
    problems = check_files([str(CORPUS / name)], {})
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)
    good = {"Agent OK", "AgentFleet OK", "Workflow OK", "DaemonConfig OK"}
    if set(verdicts) <= good:
        assert [str(one) for one in problems if one.severity == "error"] == []
