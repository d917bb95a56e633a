"""Tools that are programs in files: declared beside a fleet or in it, and what is wrong there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fleettui.adapters.yaml.specs import YamlSpecs, check_files
from fleettui.core.errors import BadSpec

FLEET = """\
apiVersion: aof.dev/v1
kind: AgentFleet
metadata: {name: f}
spec:
  programs: [%s]
  agents:
  - name: a
    spec:
      model: builtin:review
      instructions: x
      tools: [%s]
      tool_config: {%s}
  coordination: {mode: peer}
"""
TOOL = "apiVersion: aof.dev/v1\nkind: Tool\nmetadata: {name: %s}\nspec: {%s}\n"


def fleet(folder: Path, programs: str = "", tools: str = "run", config: str = "") -> Path:
    path = folder / "fleet.yaml"
    path.write_text(FLEET % (programs, tools, config))
    return path


def tool(folder: Path, name: str, spec: str = "program: sh", file: str = "") -> Path:
    (folder / "tools").mkdir(exist_ok=True)
    path = folder / "tools" / f"{file or name}.yaml"
    path.write_text(TOOL % (name, spec))
    return path


def problems(path: Path) -> list[str]:
    return [str(one) for one in check_files([str(path)], {"PATH": "/usr/bin:/bin"})]


def test_tools_beside_a_fleet_and_in_it_are_its_programs(tmp_path: Path) -> None:
    tool(tmp_path, "one", "program: sh, args: [-x], allowed_commands: [get]")
    path = fleet(tmp_path, "{name: two, program: env}", "one, two")
    assert problems(path) == []
    loaded = YamlSpecs().load_fleet(str(path), {"PATH": "/usr/bin:/bin"}).spec
    assert [(one["name"], one["program"]) for one in loaded["spec"]["programs"]] == [
        ("two", "env"),
        ("one", "sh"),
    ]


@pytest.mark.parametrize("folder", ["fleets", "agents"])
def test_tools_beside_the_folder_of_fleets_count_too(tmp_path: Path, folder: str) -> None:
    tool(tmp_path, "one")
    (tmp_path / folder).mkdir()
    assert problems(fleet(tmp_path / folder, tools="one")) == []


def test_files_of_other_kinds_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "values.yaml").write_text("a: [broken\n")
    (tmp_path / "tools" / "link.yaml").symlink_to("/etc/hostname")
    assert problems(fleet(tmp_path)) == []


@pytest.mark.parametrize(
    ("programs", "tools", "config", "words"),
    [
        ("{name: run, program: sh}", "run", "", "5:21: error: .*'run' is the name of a built-in"),
        ("{name: approval, program: sh}", "run", "", "5:21: error: .*'approval' is the name"),
        ("{name: a, program: sh}, {name: a, program: env}", "a", "", "declared twice .first at"),
        ("{name: a}", "a", "", "missing .*program"),
        ("{name: a, programm: sh}", "a", "", "did you mean 'program'"),
        ("{name: a, program: no-such}", "a", "", "11:15: warning: .*'no-such' is not installed"),
        ("{name: kube, program: sh}", "kueb", "", "11:15: error: unknown|did you mean 'kube'"),
        ("{name: a, program: sh}", "a", "a: {allowed_comands: [x]}", "did you mean 'allowed_comm"),
        (
            "{name: a, program: sh}",
            "a",
            "a: {allowed_commands: ['x ''y']}",
            "12:44: error: .*quote",
        ),
        ("", "run", "run: {allowed_commands: ['*']}", "12:46: error: .*every program"),
        ("{name: a, program: sh}", "a", "a: {max_results: 3}", "warning: .*does nothing for a"),
        ("{name: a, program: sh}", "a", "a: {read_only: 1}", "must be true or false"),
    ],
)
def test_what_is_wrong_is_placed(
    tmp_path: Path, programs: str, tools: str, config: str, words: str
) -> None:
    found = problems(fleet(tmp_path, programs, tools, config))
    assert any(re.search(words, one) for one in found), found


def test_a_wrong_tool_file_is_placed_in_itself_and_stops_the_fleet(tmp_path: Path) -> None:
    path = tool(tmp_path, "one", "program: [sh]")
    found = problems(fleet(tmp_path, tools="run"))
    assert found == [f"{path}:4:17: error: spec.program: expected text, found a list"]
    with pytest.raises(BadSpec):
        YamlSpecs().load_fleet(str(tmp_path / "fleet.yaml"), {})


def test_two_files_may_not_declare_one_tool(tmp_path: Path) -> None:
    tool(tmp_path, "one")
    tool(tmp_path, "one", file="two")
    assert "tool 'one' is declared by another file already" in problems(fleet(tmp_path))[0]


def test_a_sandbox_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = fleet(tmp_path)
    path.write_text(
        path.read_text().replace("spec:\n  programs", "spec:\n  sandbox: true\n  programs")
    )
    found = [str(one) for one in check_files([str(path)], {"PATH": str(tmp_path)})]
    assert any("sandbox needs bubblewrap" in one and "warning" in one for one in found)
