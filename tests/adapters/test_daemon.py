"""DaemonConfigs: the documents' own, those of the corpus, and where their folders are."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleettui.adapters.yaml.daemon import load_daemon
from fleettui.adapters.yaml.specs import check_files
from fleettui.core.errors import BadSpec

SEED = Path(__file__).parent / "seed_flows" / "daemon-config.yaml"
CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "aof"
HEAD = "apiVersion: aof.dev/v1\nkind: DaemonConfig\nmetadata: {name: d}\n"


def test_the_documents_own_loads_with_every_value(tmp_path: Path) -> None:
    path = tmp_path / "daemon-config.yaml"
    path.write_text(SEED.read_text())
    loaded = load_daemon(str(path), {})
    spec = loaded.spec
    assert (loaded.name, spec.server.host, spec.server.port) == (
        "multi-tenant-server", "0.0.0.0", 8080,
    )  # fmt: skip
    assert (loaded.agents, loaded.flows) == (str(tmp_path / "agents"), str(tmp_path / "flows"))
    assert (loaded.fleets, loaded.tenants) == ("", "")
    assert (spec.flows.enabled, spec.flows.watch, spec.flows.recursive) == (True, True, True)
    assert (spec.routing.default_agent, spec.routing.strict_mode) == ("general-assistant", False)
    limits = spec.runtime
    assert (limits.max_concurrent_tasks, limits.task_timeout_secs, limits.max_tasks_per_user) == (
        50, 300, 5,
    )  # fmt: skip
    assert [one.split("spec.")[1] for one in loaded.warnings] == [
        f"platforms.{name}: platform {name} is not built yet: its flows route and don't run"
        for name in ("slack", "telegram", "discord")
    ]


def test_folders_beside_the_file_are_taken_where_it_names_none(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(HEAD + "spec: {agents: {directory: /elsewhere}, flows: {directory: ../f}}\n")
    for name in ("agents", "fleets", "tenants"):
        (tmp_path / name).mkdir()
    loaded = load_daemon(str(path), {})
    assert loaded.agents == "/elsewhere"
    assert Path(loaded.flows).resolve() == tmp_path.parent / "f"
    assert (loaded.fleets, loaded.tenants) == (str(tmp_path / "fleets"), str(tmp_path / "tenants"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + "spec: {server: {cluster_mode: true}}\n", "d.yaml:4:31: error: spec.server.clus"),
        (HEAD + "spec: {server: {port: 70000}}\n", "d.yaml:4:23: error: spec.server.port"),
        (HEAD + "spec: {sever: {}}\n", "did you mean 'server'?"),
        (f"{HEAD}---\n{HEAD.replace('d}', 'e}')}", "several documents of kind DaemonConfig"),
        (HEAD.replace("DaemonConfig", "Agent") + "spec: {model: m}\n", "no document"),
        ("", "no document in the file"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(text)
    with pytest.raises(BadSpec) as error:
        load_daemon(str(path), {})
    assert problem in "\n".join(error.value.problems)


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not beside the project")
def test_those_of_the_corpus_load_or_are_refused_with_what_to_do_instead() -> None:
    files = [
        path for path in sorted(CORPUS.rglob("*.yaml")) if "kind: DaemonConfig" in path.read_text()
    ]
    assert len(files) == 6
    refused = {}
    for path in files:
        errors = [one for one in check_files([str(path)], {}) if one.severity == "error"]
        if errors:
            refused[path.parent.name] = {one.path for one in errors}
    assert refused == {
        "enterprise": {
            "spec.server.tls", "spec.agents", "spec.fleets", "spec.contexts", "spec.triggers",
            "spec.flows", "spec.bindings", "spec.settings",
        }
    }  # fmt: skip
