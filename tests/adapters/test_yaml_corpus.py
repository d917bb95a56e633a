"""Every file of the corpus of bad files is refused, or loads, exactly as it says."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleettui.adapters.yaml.specs import check_files

CORPUS = Path(__file__).parent / "bad_yaml"
CASES = yaml.safe_load((CORPUS / "expected.yaml").read_text())["files"]
# The file as it came is valid YAML: its indentation was mended on the way.
MENDED = {"04_bad_indent.yaml"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for path in CORPUS.iterdir():
        shutil.copy(path, folder)
    (folder / "link_to_etc_passwd").symlink_to("/etc/passwd")
    os.mkfifo(folder / "a_fifo")
    (folder / "second_flow.yaml").write_text(
        "apiVersion: aof.dev/v1\nkind: AgentFlow\nmetadata: {name: second}\nspec:\n"
        "  trigger: {type: Slack, config: {bot_token: '${B}', signing_secret: '${S}'}}\n"
        "  context: {organization: org-a}\n"
    )
    return folder


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["file"] not in MENDED], ids=lambda case: case["file"]
)
def test_problem_stands_at_its_place(corpus: Path, case: dict[str, Any]) -> None:
    problems = check_files([str(corpus / case["file"])], {})
    if case["line"] is None:
        assert [one for one in problems if one.severity == "error"] == []
        return
    here = [
        one
        for one in problems
        if (one.line, one.column, one.severity) == (case["line"], case["column"], case["severity"])
    ]
    wanted = case["message_contains"]
    assert any(wanted in one.message for one in here), [str(one) for one in problems]
    if "path" in case:
        assert case["path"] in {one.path for one in here}


def test_wrong_indentation_is_named_where_the_line_begins(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("spec:\n  agents:\n    - name: a\n     config: ./a.yaml\n")
    (problem,) = check_files([str(path)], {})
    assert (problem.line, problem.column) == (4, 6)
    assert "indentation does not match" in problem.message
