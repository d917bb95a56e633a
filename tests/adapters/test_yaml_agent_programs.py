"""Files whose agents are programs: a command is demanded, an absent one is said at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleettui.adapters.yaml.specs import check_files

HEAD = """\
apiVersion: aof.dev/v1
kind: AgentFleet
metadata: {name: f}
spec:
  coordination: {mode: peer}
  agents:
    - name: a
"""
CASES = {
    "acp": ("{type: acp, command: [no-such-agent], instructions: x}", (8, 35), "no-such-agent"),
    "claude": ("{type: claude-code, instructions: x}", (8, 20), "npm install -g @agentclient"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_absent_program_is_a_warning_at_its_place(tmp_path: Path, name: str) -> None:
    spec, place, word = CASES[name]
    path = tmp_path / "fleet.yaml"
    path.write_text(f"{HEAD}      spec: {spec}\n")
    (found,) = check_files([str(path)], {"PATH": "/usr/bin:/bin"})
    assert (found.severity, found.line, found.column) == ("warning", *place)
    assert "program not found: " in found.message
    assert word in found.message


def test_a_program_that_is_there_and_no_model_are_well(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(f"{HEAD}      spec: {{type: acp, command: [sh, acp], instructions: x}}\n")
    assert check_files([str(path)], {"PATH": "/usr/bin:/bin"}) == ()
