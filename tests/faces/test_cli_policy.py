"""`fleettui policy check` as a script uses it: lines in, a decision for each, nothing run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

CORPUS: dict[str, Any] = yaml.load(
    (Path(__file__).parents[1] / "core" / "policy_corpus" / "bypass_corpus.yaml").read_text(
        "utf-8"
    ),
    Loader=yaml.CSafeLoader,
)
OPS = {
    "require_for": CORPUS["profiles"]["ops"]["require_for"],
    "chains": CORPUS["profiles"]["ops"]["chains"],
    "rules": CORPUS["profiles"]["ops"]["rules"],
    "defaults": {
        "no_match": "allow",
        "not_analysable": "require_approval",
        "control_characters": "deny",
        "parse_error": "deny",
    },
}
DEV = {
    "allowed_commands": CORPUS["profiles"]["dev"]["allowed_commands"],
    "defaults": {"no_match": "deny", "not_analysable": "deny"},
}


def check(
    rules: Path, given: str | bytes, *more: str, json_out: bool = True
) -> tuple[int, list[Any], str]:
    """Run the real program; give its exit code, its rows, and what it said on stderr."""
    argv = [sys.executable, "-m", "fleettui", "policy", "check", "--rules", str(rules), *more]
    done = subprocess.run(
        [*argv, "--json"] if json_out else argv,
        input=given.encode() if isinstance(given, str) else given,
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(rules.parent)},
    )
    rows = done.stdout.decode().splitlines()
    return (
        done.returncode,
        [json.loads(row) for row in rows] if json_out else rows,
        done.stderr.decode(),
    )


def written(folder: Path, rules: Any) -> Path:
    path = folder / "rules.yaml"
    path.write_text(rules if isinstance(rules, str) else yaml.safe_dump(rules))
    return path


@pytest.mark.parametrize(("name", "rules"), [("ops", OPS), ("dev", DEV)])
def test_the_corpus_is_judged_as_written(name: str, rules: Any, tmp_path: Path) -> None:
    """Tier 1 wholly, tier 2 nine of ten, and nothing marked allow is stopped."""
    entries = CORPUS["entries"]
    lines = [json.dumps({"mode": entry["mode"], "cmd": entry["cmd"]}) for entry in entries]
    code, rows, errors = check(written(tmp_path, rules), "\n".join(lines) + "\n")
    assert (code, errors, len(rows)) == (0, "", len(entries))
    pairs = list(zip(entries, rows, strict=True))
    wrong = [one["id"] for one, row in pairs if row["decision"] != one["expect"][name]]
    tiers = {one["id"]: one["tier"] for one in entries}
    second = [one for one in entries if one["tier"] == 2]
    assert [one for one in wrong if tiers[one] == 1] == []
    assert len(wrong) <= 0.1 * len(second)
    assert not any(one["id"] in wrong for one in entries if one["expect"][name] == "allow")
    if name == "ops":
        chains = {one["id"]: row["chain"] for one, row in pairs if "chain" in one}
        assert chains == {one["id"]: one["chain"] for one in entries if "chain" in one}


def test_a_plain_line_is_shell_and_a_row_says_all_parts(tmp_path: Path) -> None:
    code, rows, _ = check(written(tmp_path, OPS), "kubectl get pods; kubectl -n x delete ns y\n")
    assert code == 0
    assert list(rows[0]) == ["cmd", "mode", "decision", "chain", "reason", "parts"]
    assert (rows[0]["mode"], rows[0]["decision"], rows[0]["chain"]) == (
        "shell",
        "require_approval",
        "critical",
    )
    first, second = rows[0]["parts"]
    assert (first["decision"], first["verb"]) == ("allow", "get")
    assert (second["tool"], second["verb"], second["kinds"]) == ("kubectl", "delete", ["namespace"])
    assert second["flags"] == ["--namespace=x"]


def test_what_can_t_be_read_is_told_with_its_line_and_the_rest_is_judged(tmp_path: Path) -> None:
    given = b'ls\n\n{"cmd": \n{"mode": "argv", "cmd": "ls"}\n{"cmd": "a", "cmd": "b"}\nrm -rf /\n'
    given += b'{"mode": "x", "cmd": "ls"}\n{"cmd": ["ls", 1]}\n{}\n'
    code, rows, errors = check(written(tmp_path, OPS), given)
    assert code == 1
    assert [row.get("line", row.get("decision")) for row in rows] == [
        "allow", 3, 4, 5, "require_approval", 7, 8, 9,
    ]  # fmt: skip
    assert "6 lines could not be read" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("line", "decision"),
    [
        (b"ls\0; rm -rf /", "deny"),
        (b"\xff\xfels", "deny"),
        (b"ls \xed\xa0\x80", "deny"),
        (b"ls\r", "deny"),
        (b"   ", "deny"),
        (b"ls " + b"a" * 1_000_000, "require_approval"),
        (b"echo " + b"$(" * 20_000, "require_approval"),
        (b"(" * 60_000, "require_approval"),
        (b"{ rm -rf /; }", "require_approval"),
        (b"{rm,-rf,/}", "require_approval"),
        (b'{"cmd": "ls\\ud800"}', "deny"),
        (b'{"mode": "argv", "cmd": []}', "deny"),
        (b'{"mode": "argv", "cmd": ["ls", "\\u0000"]}', "deny"),
    ],
)
def test_no_line_is_too_odd(line: bytes, decision: str, tmp_path: Path) -> None:
    code, rows, errors = check(written(tmp_path, OPS), line + b"\nls\n")
    assert (code, errors) == (0, "")
    assert rows[0]["decision"] in {decision, "deny"}
    assert rows[1]["decision"] == "allow"


def test_a_line_beyond_the_bound_is_an_error_and_the_next_is_judged(tmp_path: Path) -> None:
    code, rows, _ = check(written(tmp_path, OPS), b"x" * (9 << 20) + b"\nls\n")
    assert code == 1
    assert "longer than 8 MiB" in rows[0]["error"]
    assert rows[1]["decision"] == "allow"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("require_fro: [ls]\n", "1:1", "did you mean 'require_for'?"),
        ("nonsense: 1\n", "1:1", "unknown field 'nonsense'"),
        ("require_for:\n- 'rm '' x'\n", "2:3", "open quote"),
        ("require_for: ['*']\n", "1:15", "every program"),
        ("defaults: {no_match: maybe}\n", "1:22", "allow, require_approval or deny"),
        ("defaults: {no_macth: deny}\n", "1:12", "did you mean 'no_match'?"),
        ("rules: [{pattern: ls, chain: x}]\n", "1:30", "no chain is named 'x'"),
        ("chains: [{name: a, approvers: [x], require: 2}]\n", "1:45", "can never be met"),
        ("require_for: rm\n", "1:14", "expected a list"),
        ("allowed_commands: {kubectl: ['']}\n", "1:30", "must not be empty"),
        ("allowed_commands: {'*': [x]}\n", "1:26", "every program"),
        ("require_for: [ls\n", "1:14", "not closed"),
    ],
)
def test_a_wrong_policy_file_is_placed(text: str, place: str, words: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    code, rows, errors = check(path, "ls\n")
    assert (code, rows) == (3, [])
    assert f"{path}:{place}: error:" in errors, errors
    assert words in errors
    assert "Traceback" not in errors


FLEET = """\
apiVersion: aof.dev/v1
kind: AgentFleet
metadata: {name: f}
spec:
  agents:
  - name: ops
    spec:
      model: builtin:review
      instructions: x
      tools: [kubectl, run]
      tool_config: {kubectl: {allowed_commands: [get, describe, logs]}}
  coordination: {mode: peer}
  policy: {deny: [sudo]}
  approval:
    require_for: [helm uninstall]
    chains: [{name: critical, approvers: [ann, bob], require: 2}]
    rules: [{pattern: kubectl delete ns, chain: critical}]
"""
FLOW = """\
apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: f}
spec:
  trigger: {type: HTTP}
  agents:
  - name: dev
    tools: [kubectl]
    tool_config: {kubectl: {allowed_commands: [get]}}
  approval:
    require_for: [kubectl delete]
    chains: [{name: two, approvers: [U1, U2], require: 2}]
    rules: [{pattern: kubectl delete namespace, chain: two}]
"""
COMMANDS = "sudo ls\nhelm un x\nkubectl delete ns x\nkubectl get pods\nkubectl apply -f x\nls\n"


def test_the_rules_of_a_fleet_hold_and_an_agent_adds_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, FLEET)
    _, rows, _ = check(path, COMMANDS)
    ask = "require_approval"
    assert [row["decision"] for row in rows] == ["deny", ask, ask, ask, ask, "allow"]
    assert rows[2]["chain"] == "critical"
    _, rows, _ = check(path, COMMANDS, "--agent", "ops")
    assert [row["decision"] for row in rows] == ["deny", ask, "deny", "allow", "deny", "allow"]
    assert rows[4]["reason"] == "kubectl may only: kubectl get, kubectl describe, kubectl logs"
    code, _, errors = check(path, COMMANDS, "--agent", "opps")
    assert code == 1
    assert "no agent 'opps'" in errors


def test_the_rules_of_a_flow_hold(tmp_path: Path) -> None:
    path = written(tmp_path, FLOW)
    _, rows, _ = check(path, "kubectl delete ns x\nkubectl delete pod x\nls\n")
    assert [(row["decision"], row["chain"]) for row in rows] == [
        ("require_approval", "two"),
        ("require_approval", ""),
        ("allow", ""),
    ]
    _, rows, _ = check(path, "kubectl get pods\nkubectl scale x\n", "--agent", "dev")
    assert [row["decision"] for row in rows] == ["allow", "deny"]


def test_without_json_a_person_reads_every_part_with_its_reason(tmp_path: Path) -> None:
    code, rows, _ = check(written(tmp_path, OPS), "ls; rm -rf \x1b[2J/\n", json_out=False)
    assert code == 0
    assert "\x1b" not in "".join(rows)
    code, rows, _ = check(written(tmp_path, OPS), "ls; kubectl delete ns x\n", json_out=False)
    assert rows[0] == "require_approval  ls; kubectl delete ns x  chain critical"
    assert any("kubectl delete namespace" in row for row in rows)


def test_commands_come_from_files_too(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("ls\n")
    (tmp_path / "two").write_text('{"cmd": 1}\nrm -rf /\n')
    files = (str(tmp_path / "one"), str(tmp_path / "two"))
    code, rows, _ = check(written(tmp_path, OPS), "", *files)
    assert code == 1
    assert rows[0]["decision"] == "allow"
    assert (rows[1]["file"], rows[1]["line"]) == (files[1], 1)
    assert rows[2]["decision"] == "require_approval"
    code, rows, errors = check(written(tmp_path, OPS), "", str(tmp_path / "none"))
    assert (code, rows) == (1, [])
    assert "can't be read" in errors


def test_answers_come_line_by_line(tmp_path: Path) -> None:
    """A script may keep the program running, and ask one command after the other."""
    argv = [sys.executable, "-m", "fleettui", "policy", "check", "--json", "--rules"]
    with subprocess.Popen(
        [*argv, str(written(tmp_path, OPS))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for command, decision in [("ls", "allow"), ("rm -rf /", "require_approval")]:
            process.stdin.write(f"{command}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["decision"] == decision
        process.stdin.close()
        assert process.wait() == 0
