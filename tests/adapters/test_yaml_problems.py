"""One wrong thing in a fleet file gives one problem, at the token that is wrong."""

from pathlib import Path

import pytest

from fleettui.adapters.yaml.specs import check_files
from fleettui.core.spec.problem import Problem

HEAD = "apiVersion: aof.dev/v1\nkind: AgentFleet\nmetadata:\n  name: f\nspec:\n"
AGENT = "  agents:\n    - name: a\n      spec: {model: m, instructions: hi}\n"
PEER = "  coordination:\n    mode: peer\n"
FLOW = "apiVersion: aof.dev/v1\nkind: AgentFlow\nmetadata:\n  name: f\nspec:\n"


def of_agent(extra: str) -> str:
    return f"{HEAD}  agents:\n    - name: a\n{extra}{PEER}"


def of_spec(inside: str) -> str:
    return of_agent(f"      spec: {{model: m, instructions: hi, {inside}}}\n")


def of_consensus(inside: str) -> str:
    return f"{HEAD}{AGENT}{PEER}    consensus: {{{inside}}}\n"


def and_more(extra: str) -> str:
    return f"{HEAD}{AGENT}{PEER}{extra}"


def problems_of(tmp_path: Path, text: str | bytes) -> tuple[Problem, ...]:
    path = tmp_path / "x.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return check_files([str(path)], {})


def of_steps(*steps: str) -> str:
    lines = "".join(f"      - {{{step}}}\n" for step in steps)
    return f"{HEAD}{AGENT}  coordination:\n    mode: workflow\n  workflow:\n    steps:\n{lines}"


PLACED = {
    "condition on an unknown step": (
        of_steps("name: x, run: [a], when: steps.y.ok"), 13, 35, "no step is named 'y'"),
    "condition on a later step": (
        of_steps("name: x, run: [a]", "name: y, run: [a], when: steps.x.ok"), 14, 35,
        "step 'x' may not be over by then: add it to 'needs'"),
    "condition on an unknown field": (
        of_steps("name: x, run: [a]", "name: y, needs: [x], when: steps.x.okay"), 14, 37,
        "a step has no 'okay'"),
    "condition of a thousand nots": (
        of_steps(f"name: x, run: [a], when: '{'!' * 1000}task'"), 13, 35, "is no condition"),
    "list of an unknown step": (
        of_steps("name: x, run: [a], for_each: steps.y.output"), 13, 39, "no step is named 'y'"),
    "no list": (of_steps("name: x, run: [a], for_each: all"), 13, 39, "'all' is no list"),
    "text with an unknown step": (
        of_steps("name: x, run: ['{steps.y.output}']"), 13, 25, "no step is named 'y'"),
    "join that runs": (of_steps("name: x, type: join, run: [a]"), 13, 31, "does nothing itself"),
    "more yes than people": (
        of_steps("name: x, approval: On?, approvers: [ann], require: 2"), 13, 61,
        "2 people must say yes, and only 1 may"),
    "no question": (of_steps("name: x, type: approval"), 13, 9, "needs 'approval'"),
    "no file of a fleet": (of_steps("name: x, fleet: no.yaml"), 13, 26, "file not found: no.yaml"),
    "itself as a fleet": (of_steps("name: x, fleet: x.yaml"), 13, 26, "is this file itself"),
    "tab": (f"{HEAD}\tagents: []\n", 6, 1, "tab"),
    "duplicate key": (and_more("  coordination: {mode: swarm}\n"), 11, 3, "duplicate key"),
    "no anchor": (f"{HEAD}  agents: *x\n", 6, 11, "no anchor"),
    "alias in itself": (f"{HEAD}  agents: &a [*a]\n", 6, 15, "contains itself"),
    "deep": (f"{HEAD}  agents: {'[' * 5000}\n", 6, 74, "limit of 64 levels"),
    "large": (f"{HEAD}# {'x' * 2**20}\n", 1, 1, "limit of 1 MiB"),
    "nul": (f'{HEAD}  agents: "\0"\n', 6, 12, "control character U+0000"),
    "empty": ("", 1, 1, "no document"),
    "only dashes": ("---\n", 1, 1, "no document"),
    "list": ("- a\n", 1, 1, "found a list"),
    "utf-16": (HEAD.encode("utf-16"), 1, 1, "not valid UTF-8"),
    "unknown kind": (HEAD.replace("Fleet", "Flet"), 2, 7, "did you mean 'AgentFleet'"),
    "no kind": ("apiVersion: aof.dev/v1\n", 1, 1, "missing 'kind'"),
    "no name": (HEAD.replace("  name: f", "  labels: {}"), 3, 1, "missing 'metadata.name'"),
    "name empty": (HEAD.replace(": f", ': ""'), 4, 9, "must not be empty"),
    "name in capitals": (HEAD.replace(": f", ": Fleet"), 4, 9, "name may use a-z"),
    "name too long": (HEAD.replace(": f", ": " + "a" * 64), 4, 9, "at most 63"),
    "agents a mapping": (f"{HEAD}  agents: {{a: 1}}\n", 6, 11, "expected a list"),
    "agent without name": (
        f"{HEAD}  agents:\n    - spec: {{model: m}}\n{PEER}", 7, 7, "missing 'name'"),
    "config and spec": (
        of_agent("      config: ./a.yaml\n      spec: {model: m}\n"), 9, 7, "not both"),
    "config absolute": (of_agent("      config: /etc/passwd\n"), 8, 15, "absolute path"),
    "config above": (of_agent("      config: ../a.yaml\n"), 8, 15, "leaves the fleet folder"),
    "config a folder": (of_agent("      config: ./\n"), 8, 15, "is a folder"),
    "weight negative": (of_agent("      weight: -1\n"), 8, 15, "more than 0"),
    "weight text": (of_agent("      weight: heavy\n"), 8, 15, "expected a number"),
    "two managers by replicas": (
        of_agent("      role: manager\n      replicas: 2\n").replace("peer", "hierarchical"),
        9, 17, "one manager",
    ),
    "replicas text": (of_agent("      replicas: two\n"), 8, 17, "expected a whole number"),
    "tier zero": (of_agent("      tier: 0\n"), 8, 13, "1 or more"),
    "no model": (of_agent("      spec: {instructions: hi}\n"), 8, 7, "missing 'model'"),
    "no command": (
        of_agent("      spec: {type: acp, instructions: hi}\n"), 8, 20, "needs 'command'"),
    "model half": (of_agent("      spec: {model: {provider: x}}\n"), 8, 21, "provider and name"),
    "temperature": (of_spec("temperature: 3"), 8, 55, "2 or less"),
    "no iterations": (of_spec("max_iterations: 0"), 8, 58, "1 or more"),
    "field misspelt": (of_spec("max_iteration: 3"), 8, 42, "did you mean 'max_iterations'"),
    "tool misspelt": (of_spec("tools: [read_fiel]"), 8, 50, "did you mean 'read_file'"),
    "tool setting": (
        of_spec("tools: [{name: run, config: {zip: 1}}]"), 8, 71, "unknown setting 'zip'"),
    "mode misspelt": (f"{HEAD}{AGENT}  coordination: {{mode: pear}}\n", 9, 24, "mean 'peer'"),
    "no mode": (f"{HEAD}{AGENT}  coordination: {{}}\n", 9, 3, "missing 'spec.coordination.mode'"),
    "no manager": (f"{HEAD}{AGENT}  coordination: {{mode: hierarchical}}\n", 9, 24, "role manager"),
    "algorithm": (of_consensus("algorithm: majorty"), 11, 28, "did you mean 'majority'"),
    "no votes": (of_consensus("min_votes: 0"), 11, 28, "1 or more"),
    "confidence": (of_consensus("min_confidence: 1.5"), 11, 33, "1 or less"),
    "timeout": (of_consensus("timeout_ms: -5"), 11, 29, "1 or more"),
    "yes": (of_consensus("allow_partial: yes"), 11, 32, "read by YAML 1.1 as true"),
    "octal": (and_more("  shared: {memory: {ttl: 0100}}\n"), 11, 26, "read by YAML 1.1 as 64"),
    "redis": (and_more("  shared: {memory: {type: redis}}\n"), 11, 12, "needs 'url'"),
    "not set": (and_more("  task: do ${THIS}\n"), 11, 9, "variable THIS is not set"),
    "policy field": (and_more("  policy: {never: [a]}\n"), 11, 12, "unknown field 'never'"),
    "policy empty": (and_more('  policy: {allow: [""]}\n'), 11, 20, "would match everything"),
    "policy invisible": (and_more('  policy: {allow: ["a\\u202e"]}\n'), 11, 20, "U+202E"),
    "approval": (and_more("  approval: {timeout: soon}\n"), 11, 23, "no duration"),
    "middleware": (
        and_more("  communication: {middleware: [rate, {adit: {}}]}\n"), 11, 38, "mean 'audit'"),
    "label": (of_agent("      labels: {a: no}\n"), 8, 19, "read by YAML 1.1 as false"),
    "flow pattern": (
        f'{FLOW}  trigger: {{type: Slack, config: {{patterns: ["("]}}}}\n', 6, 46,
        "not a regular expression"),
    "flow limit": (f"{FLOW}  limits: {{max_request_per_hour: 5}}\n", 6, 12, "did you mean"),
    "flow quorum": (
        f"{FLOW}  approval:\n    chains: [{{name: s, approvers: [U], require: 2}}]\n", 7, 49,
        "can never be met"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "sense"), PLACED.values(), ids=PLACED.keys())
def test_error_stands_at_its_token(
    tmp_path: Path, text: str | bytes, line: int, column: int, sense: str
) -> None:
    problems = problems_of(tmp_path, text)
    errors = [one for one in problems if one.severity == "error"]
    assert any(
        (one.line, one.column) == (line, column) and sense in one.message for one in errors
    ), [str(one) for one in problems]


def test_aliases_that_explode_are_refused(tmp_path: Path) -> None:
    rows = [f"k{at}: &k{at} [{', '.join([f'*k{at - 1}'] * 9)}]" for at in range(1, 9)]
    problems = problems_of(tmp_path, "\n".join(["k0: &k0 [x]", *rows]))
    assert "aliases expand to more" in problems[0].message


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = of_agent("      role: boss\n      tier: 0\n      weight: x\n      spec: {model: m}\n")
    errors = [one for one in problems_of(tmp_path, text) if one.severity == "error"]
    assert [one.line for one in errors] == [8, 9, 10]


def test_agent_may_not_include_its_fleet_by_another_file(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(of_agent("      config: ./x.yaml\n"))
    (problem,) = problems_of(tmp_path, of_agent("      config: ./b.yaml\n"))
    assert (problem.line, problem.column) == (8, 15)
    assert "includes itself (through ./b.yaml)" in problem.message


def test_problem_of_an_agents_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "apiVersion: aof.dev/v1\nkind: Agent\nmetadata: {name: a}\nspec: {model: 5}\n"
    )
    problems = problems_of(tmp_path, of_agent("      config: ./a.yaml\n"))
    (error,) = [one for one in problems if one.severity == "error"]
    assert (error.file, error.line, error.column) == (str(tmp_path / "a.yaml"), 4, 15)


def test_two_flows_of_one_workspace_may_share_an_organization(tmp_path: Path) -> None:
    flow = f"{FLOW}  context: {{organization: org-a}}\n"
    (tmp_path / "other.yaml").write_text(flow)
    assert problems_of(tmp_path, flow) == ()


def test_folder_is_searched_below(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.yml").write_text("- a\n")
    (tmp_path / "in" / "notes.txt").write_text("- a\n")
    (problem,) = check_files([str(tmp_path)], {})
    assert problem.file == str(tmp_path / "in" / "bad.yml")
