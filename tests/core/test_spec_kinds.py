"""Workers, monitors, interactive programs and limits in a fleet file: read, or refused in place."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fleettui.core.model import Limits
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.agent_rules import agent_faults
from fleettui.core.spec.template import Filling, Unfillable, fill_arguments, fill_argv

SEED = {
    "type": "worker",
    "run": ["process", "{path}"],
    "capabilities": ["file-processing", "batch-operations"],
    "maxConcurrentTasks": 10,
    "resourceLimits": {"memory": "2GB", "cpu": "4", "timeout": 600000},
    "environment": {"BATCH_SIZE": "100"},
}


def faults(**spec: Any) -> list[tuple[str, str]]:
    return [
        (".".join(map(str, fault.loc)), fault.message)
        for fault in agent_faults(spec, ())
        if fault.severity == "error"
    ]


def test_the_configuration_of_a_worker_as_the_seed_writes_it() -> None:
    spec = AgentSpec.model_validate(SEED)
    assert faults(**SEED) == []
    assert spec.max_concurrent_tasks == 10
    assert spec.resource_limits is not None
    assert spec.resource_limits.as_limits() == Limits(2_000_000_000, 4.0, 600.0)
    assert spec.tools == ("run",)
    again = AgentSpec.model_validate(spec.model_dump(mode="json", exclude_unset=True))
    assert again.resource_limits == spec.resource_limits


@pytest.mark.parametrize(
    ("limits", "wanted"),
    [
        ({"memory": "lots"}, "is no size"),
        ({"memory": "1kB"}, "between 8MiB"),
        ({"memory": True}, "is no size"),
        ({"cpu": 0}, "more than 0"),
        ({"cpu": "two"}, "no number of cores"),
        ({"timeout": "soon"}, "no duration"),
        ({"timeout": -5}, "more than 0"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(limits: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ValidationError, match=wanted):
        AgentSpec.model_validate({**SEED, "resourceLimits": limits})


@pytest.mark.parametrize(
    ("spec", "place", "wanted"),
    [
        ({"type": "worker"}, "", "needs 'run' or 'tool'"),
        ({"type": "worker", "run": ["{item}"]}, "run.0", "can't be a placeholder"),
        ({"type": "worker", "run": ["a", "x{items}"]}, "run.1", "argument of its own"),
        ({"type": "worker", "run": ["a"], "batch_size": 3}, "batch_size", "{items}"),
        ({"type": "llm", "model": "a:b", "run": ["a"]}, "run", "only type worker"),
        ({"type": "monitor"}, "watch", "needs 'watch'"),
        ({"type": "monitor", "watch": [{"name": "a"}]}, "watch.0", "watches one of"),
        (
            {"type": "monitor", "watch": [{"name": "a", "log": "x"}]},
            "watch.0.pattern",
            "watched for a 'pattern'",
        ),
        (
            {"type": "monitor", "watch": [{"name": "a", "process": "x", "do": "restart"}]},
            "watch.0.do",
            "needs 'target'",
        ),
        (
            {"type": "monitor", "watch": [{"name": "a", "log": "x", "pattern": "(a+)+"}]},
            "watch.0.pattern",
            "exponential",
        ),
        (
            {"type": "monitor", "watch": [{"name": "a", "log": "x", "pattern": r"(a)\1"}]},
            "watch.0.pattern",
            "refer back",
        ),
        ({"type": "tmux"}, "command", "needs 'command'"),
    ],
)
def test_what_a_kind_needs_is_said_in_its_place(
    spec: dict[str, Any], place: str, wanted: str
) -> None:
    assert any(place == at and wanted in message for at, message in faults(**spec)), faults(**spec)


@pytest.mark.parametrize(
    ("words", "items", "argv"),
    [
        (["a", "{item}"], ["b c; $X"], ["a", "b c; $X"]),
        (["a", "{path}"], ["-x"], ["a", "./-x"]),
        (["a", "--file={item}"], ["-x"], ["a", "--file=-x"]),
        (["a", "--", "{item}"], ["-x"], ["a", "--", "-x"]),
        (["a", "{items}", "z"], ["b", "-c"], ["a", "b", "./-c", "z"]),
        (["a", "{n}", "{{n}}"], ['{"n": 3}'], ["a", "3", "{n}"]),
        (["a", "{path}"], ['{"path": "x y"}'], ["a", "x y"]),
        (["jq", "{a: .b}"], ["x"], ["jq", "{a: .b}"]),
    ],
)
def test_a_command_is_filled_in(words: list[str], items: list[str], argv: list[str]) -> None:
    assert fill_argv(words, Filling("task", items)) == argv


@pytest.mark.parametrize(
    ("words", "item"), [(["a", "{item}"], "-x"), (["a", "{n}"], "-1"), (["a", "{path}"], "a\nb")]
)
def test_a_command_that_can_not_be_filled_in_is_not(words: list[str], item: str) -> None:
    with pytest.raises(Unfillable):
        fill_argv(words, Filling("task", [item]))


def test_arguments_of_a_tool_keep_their_types() -> None:
    filling = Filling("t", ['{"path": "a", "line": 3, "list": [1]}'])
    wanted = {"path": "{path}", "end": "{line}", "all": ["{list}", "n{line}"], "n": 1}
    assert fill_arguments(wanted, filling) == {
        "path": "a", "end": 3, "all": [[1], "n3"], "n": 1,
    }  # fmt: skip
