"""`fleettui validate` and `fleettui schema`, as a shell sees them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from fleettui.adapters.yaml.specs import check_files
from fleettui.cli.schema import schema
from fleettui.cli.validate import validate

GOOD = (
    "apiVersion: aof.dev/v1\nkind: AgentFleet\nmetadata: {name: f}\nspec:\n"
    "  agents: [{name: a, spec: {model: m, instructions: hi}}]\n  coordination: {mode: peer}\n"
)

Run = Callable[..., tuple[int, str]]


class Program:
    """The part of the wired program that the command uses."""

    check_files = staticmethod(check_files)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def _run(text: str, *options: str) -> tuple[int, str]:
        path = tmp_path / "f.yaml"
        path.write_text(text)
        result = CliRunner().invoke(validate, [str(path), *options], obj=Program())
        return result.exit_code, result.stdout.replace(f"{tmp_path}/", "")

    return _run


def test_good_file_ends_with_0_and_prints_nothing(run: Run) -> None:
    assert run(GOOD) == (0, "")


def test_error_ends_with_3_and_is_one_line(run: Run) -> None:
    expected = "f.yaml:6:24: error: spec.coordination.mode: mode must be"
    code, out = run(GOOD.replace("peer", "pear"))
    assert code == 3
    assert out.startswith(expected)
    assert out.count("\n") == 1


def test_warning_fails_only_when_strict(run: Run) -> None:
    text = GOOD.replace("hi}", "hi, zzz: 1}")
    assert run(text)[0] == 0
    assert run(text, "--strict")[0] == 3


def test_json_is_a_list_of_problems(run: Run) -> None:
    code, out = run(GOOD.replace("peer", "5"), "--json")
    (problem,) = json.loads(out)
    assert code == 3
    assert list(problem) == ["file", "line", "column", "severity", "path", "message"]
    assert (problem["line"], problem["column"], problem["severity"]) == (6, 24, "error")
    assert run(GOOD, "--json") == (0, "[]\n")


def test_text_of_a_file_never_reaches_the_terminal_raw(run: Run) -> None:
    assert "\x1b" not in run(GOOD.replace("mode: peer", '"\\e[2J": 1, mode: peer'))[1]


def test_schema_of_a_fleet_is_json() -> None:
    result = CliRunner().invoke(schema, ["fleet"])
    assert json.loads(result.stdout)["properties"]["kind"]["enum"] == ["AgentFleet", "Fleet"]
