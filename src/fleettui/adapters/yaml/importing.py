"""Files of the tool the format comes from: what is taken over, what differs, what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

from fleettui.adapters.yaml.checked import Checked
from fleettui.adapters.yaml.document import MODELS, Document
from fleettui.adapters.yaml.files import Unreadable, read_text, yaml_files
from fleettui.core.errors import NotFound
from fleettui.core.spec.fleet_rules import part
from fleettui.core.spec.flow_rules import OFF
from fleettui.core.spec.known import API_VERSION, OLDER_VERSIONS

Status = Literal["taken", "differs", "refused"]
# Warnings about this machine rather than about the file.
_OF_THE_PLACE: Final = re.compile(r"^variable \w+ is not set|is not installed")
_OLDER: Final = re.compile(
    rf"^(apiVersion:[ \t]*)([\"']?)({'|'.join(map(re.escape, OLDER_VERSIONS))})\2(?=\s|$)",
    re.MULTILINE,
)
_FLEET: Final = re.compile(r"^(kind:[ \t]*)Fleet(?=\s|$)", re.MULTILINE)


class Note(NamedTuple):
    """What is to be known of a place of a file."""

    line: int
    text: str


class Imported(NamedTuple):
    """What a file becomes: `text` is what to write, empty for a file that is refused."""

    file: str
    kinds: tuple[str, ...]
    status: Status
    notes: tuple[Note, ...]
    text: str = ""


def import_aof(folder: str, environment: Mapping[str, str]) -> tuple[Imported, ...]:
    """Look at every YAML file of a folder; `file` is relative to it. Raises NotFound."""
    if not Path(folder).is_dir():
        raise NotFound(f"there is no folder {folder}", "name one with YAML files")
    root = Path(folder)
    found = sorted(yaml_files([folder]), key=lambda path: Path(path).parts)
    return tuple(_imported(path, str(Path(path).relative_to(root)), environment) for path in found)


def _imported(path: str, shown: str, environment: Mapping[str, str]) -> Imported:
    file = Checked(path, environment)
    kinds = tuple(dict.fromkeys(one.kind or "(no kind)" for one in file.documents))
    errors = [
        Note(one.line, one.message) for one in sorted(file.problems) if one.severity == "error"
    ]
    unbuilt = [
        Note(one.root.line, f"kind {one.kind} is not built") for one in file.documents
        if one.kind and one.kind not in MODELS
    ]  # fmt: skip
    if errors or unbuilt or not file.documents:
        return Imported(shown, kinds, "refused", (*errors, *unbuilt))
    notes = [
        Note(one.line, one.message)
        for one in sorted(file.problems)
        if not _OF_THE_PLACE.search(one.message)
    ]
    for document in file.documents:
        notes += _differences(document)
    try:
        text = _OLDER.sub(rf"\g<1>{API_VERSION}", read_text(path))
    except Unreadable as error:
        return Imported(shown, kinds, "refused", (Note(error.line, str(error)),))
    text = _FLEET.sub(r"\g<1>AgentFleet", text)
    status: Status = "differs" if notes else "taken"
    return Imported(shown, kinds, status, tuple(dict.fromkeys(notes)), text)


def _differences(document: Document) -> Iterator[Note]:
    """Say what of a document that loads means something else here."""
    line, spec = document.root.line, part(document.data, "spec")
    match document.kind:
        case "AgentFlow":
            yield from _of_flow(line, spec)
        case "AgentFleet" | "Fleet" | "Workflow" | "Agent":
            text = "commands that its rules don't name ask a person before they run"
            if any(one.get("tools") for one in (spec, *_specs(spec))):
                yield Note(line, text)
        case "DaemonConfig" if "max_tasks_per_user" in part(spec, "runtime"):
            yield Note(line, "max_tasks_per_user counts a person once, over all channels")


def _of_flow(line: int, spec: Mapping[str, object]) -> Iterator[Note]:
    config = part(spec, "trigger", "config")
    agents = spec.get("agents")
    listed = agents if isinstance(agents, list) else []
    if config.get("patterns") or any(
        isinstance(one, dict) and one.get("patterns") for one in listed
    ):
        yield Note(line, "patterns are RE2 and go by case: write (?i) where it is all one")
    if part(spec, "context", "env").get("REQUIRE_APPROVAL", "").strip().lower() in OFF:
        yield Note(line, "REQUIRE_APPROVAL false counts unless the flow is labelled production")
    if part(spec, "approval").get("allowed_users"):
        yield Note(line, "who wrote a message can't approve what it leads to, unless self_approval")
    if spec.get("nodes"):
        yield Note(line, "nodes become the steps of a workflow; scripts ask as the policy says")


def _specs(spec: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    agents = spec.get("agents")
    for entry in agents if isinstance(agents, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("spec"), dict):
            yield entry["spec"]
