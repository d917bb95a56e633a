"""Names that are none are refused wherever one can be given."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.adapters.yaml.specs import YamlSpecs
from fleettui.adapters.yaml.tenants import YamlTenants
from fleettui.core.commands import ForkAgent, MakeCheckpoint, OpenFleet, SendMessage
from fleettui.core.errors import BadSpec, FleettuiError, NotFound, Refused
from fleettui.core.model import Payload
from fleettui.core.secrets import check_name, check_tenant
from fleettui.core.subjects import part_of, permissions_of
from fleettui.core.tenancy import fleet_id, is_fleet_id, is_tenant_name, tenant_of
from fleettui.core.views.queries import ReadFleets
from fleettui.wiring import running
from tests.engine.kit import FunctionModel, fleet_of, make_world, says

NONE = (
    "", "a.b", "a*", "*", ">", "../b", "..", ".", "A", "a%2eb", "caf\u00e9", "cafe\u0301",
    "a" * 64, "n" * 100_000, "a\x00b", "a\x1b[2Jb", "a\nb", "a\n", "a b", " a", "a/b", "a@b", "@a",
    "a@", "-a", "a-", "_a", "a_b", "a\u202eb", "\u0430cme", "tenant:acme", "a:b", "a\\b", "${A}",
)  # fmt: skip
HEAD = {"apiVersion": "aof.dev/v1"}
EACH = pytest.mark.parametrize("name", NONE, ids=range(len(NONE)))


@EACH
def test_it_names_no_tenant_and_no_fleet(name: str, tmp_path: Path) -> None:
    assert not is_tenant_name(name)
    with pytest.raises(Refused):
        check_tenant(name)
    for given in (f"web@{name}", f"{name}@acme"):
        assert not is_fleet_id(given) or len(name) == 64
    folder = tmp_path / "tenants"
    folder.mkdir()
    document = {**HEAD, "kind": "Tenant", "metadata": {"name": name}, "spec": {}}
    (folder / "t.yaml").write_text(json.dumps(document))
    loaded = YamlTenants(folder).load()
    assert (loaded.tenants, len(loaded.problems) > 0) == ((), True)


@EACH
def test_it_names_no_fleet_and_no_agent_of_a_file(name: str, tmp_path: Path) -> None:
    good = json.loads(fleet_of({"a": {}}, mode="peer"))
    path = tmp_path / "f.yaml"
    for document in (
        {**good, "metadata": {"name": name}},
        {**good, "spec": {**good["spec"], "agents": [{**good["spec"]["agents"][0], "name": name}]}},
    ):
        path.write_text(json.dumps(document))
        with pytest.raises(BadSpec):
            YamlSpecs().load_fleet(str(path), {})


@pytest.mark.parametrize(
    "name", [one for one in NONE if one not in {"a.b", "A", "a" * 64, "a-", "a_b"}]
)
def test_it_names_no_secret(name: str) -> None:
    with pytest.raises(Refused):
        check_name(name)


async def test_it_names_no_fleet_agent_or_tenant_at_the_door(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(fleet_of({"a": {}}, mode="peer"))
    model = FunctionModel(lambda _request, _step: says("done"))
    world = make_world(tmp_path, model, tenants=MemoryTenants({"acme": {}}))
    async with running(world) as house:
        session = house.session("ann", "acme")
        opening = OpenFleet("", str(path), str(tmp_path), "", {"OPENED": "1"})
        await session.send(opening)
        point = await session.send(MakeCheckpoint("f", "a"))
        for path in ("a\x00b", "\ud800"):
            for wrong_file in (OpenFleet("", path, str(tmp_path)), OpenFleet("", "f.yaml", path)):
                with pytest.raises(Refused, match="no path has"):
                    await session.send(wrong_file)
        for name in NONE[1:]:
            with pytest.raises(NotFound):
                house.session("ann", name)
            with pytest.raises(FleettuiError):
                house.session("ann", "", name)
            for wrong in (name, f"f@{name}", f"{name}@acme"):
                if is_fleet_id(wrong) or wrong == "f@acme":
                    continue
                with pytest.raises(NotFound):
                    await session.send(OpenFleet(wrong, str(path), str(tmp_path), "", {}))
                with pytest.raises(NotFound):
                    await session.read(ReadFleets(wrong))
            with pytest.raises(FleettuiError):
                await session.send(SendMessage("f", name, Payload("x")))
            if name != "a" * 64:
                with pytest.raises(Refused):
                    await session.send(ForkAgent("f", "a", point, name))
        assert [row.id for row in await session.read(ReadFleets())] == ["f@acme"]
        assert list(house.engine.state("f@acme").agents) == ["a"]


@EACH
def test_it_reaches_no_subject_but_its_own(name: str) -> None:
    """What is no name can't widen a subject either, wherever it came from."""
    part = part_of(name)
    assert not set(part) & set(".*> \x00\n")
    mine = permissions_of("acme")
    for subject in (f"org.{name}.events.f", f"org.{part}.events.f"):
        assert not mine.may_subscribe(subject)
        assert not mine.may_publish(subject)


def test_ids_are_told_apart_however_alike_their_names_are() -> None:
    names = ("a", "a-b", "a--b", "b", "b-a")
    ids = {fleet_id(tenant, name): (tenant, name) for tenant in names for name in names}
    assert len(ids) == len(names) ** 2
    assert all(is_fleet_id(one) and tenant_of(one) == ids[one][0] for one in ids)


def test_the_command_line_refuses_it_without_a_traceback(tmp_path: Path) -> None:
    """One process for all of them: it starts no host, and makes nothing."""
    program = (
        "import json, sys\n"
        "from fleettui.main import run\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    try:\n"
        "        code = run(words)\n"
        "    except SystemExit as end:\n"
        "        code = end.code\n"
        "    print(json.dumps([words[-1], code]))\n"
    )
    names = [one for one in NONE if "\x00" not in one and 0 < len(one) < 100]
    state = str(tmp_path / "state")
    words = [["--state", state, "tenant", "add", "--", name] for name in names]
    words += [["--state", state, "secret", "list", f"--tenant={name}"] for name in names]
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(words)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    codes = [json.loads(line)[1] for line in done.stdout.splitlines()]
    assert len(codes) == len(words), done.stderr
    assert all(codes), [one for one, code in zip(words, codes, strict=True) if not code]
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.yaml"))
