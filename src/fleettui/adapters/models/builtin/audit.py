"""builtin:lead and builtin:audit: a manager that shares an audit out, and its workers, by rules."""

from __future__ import annotations

import re
from typing import Final

from fleettui.adapters.models.builtin.conversation import answered
from fleettui.adapters.models.builtin.reply import Wanted, calling, saying, tools_of
from fleettui.core.model import ModelReply, ModelRequest

_LABEL: Final = "builtin:audit works by rules and is no language model."
_WORKER: Final = re.compile(r"^- (?P<name>[a-z0-9-]+) \(", re.MULTILINE)
_LINE: Final = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):\d+: (?P<rule>[\w-]+) (?P<text>.*)$", re.MULTILINE
)
_MOST, _NAMED = 12, 4
_SECRET_FILES: Final = re.compile(
    r"(?:^|/)(?:\.env(?:\.(?!example|sample|template)\w+)?|id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:pem|p12|pfx|key))$"
)
# How many files the tool lint takes in one call.
_AT_ONCE: Final = 200
_TESTS: Final = re.compile(r"(?:^|/)(?:tests?/|test_[^/]+$)|_test\.\w+$|\.(?:spec|test)\.\w+$")
_CODE: Final = re.compile(r"\.(?:py|js|ts|tsx|go|rs|java|rb|c|cc|cpp|sh)$")
_PAPERS: Final = {
    "a README": re.compile(r"^README", re.IGNORECASE),
    "a licence": re.compile(r"^(?:LICEN[CS]E|COPYING)", re.IGNORECASE),
    "a list of changes": re.compile(r"^CHANGE|^HISTORY|^changes/", re.IGNORECASE),
    "a way to contribute": re.compile(r"^(?:CONTRIBUTING|AGENTS|DEVELOPERS)", re.IGNORECASE),
}
_LOCKS: Final = re.compile(
    r"(?:^|/)(?:requirements.*\.lock|.*\.lock|go\.sum|package-lock\.json|pnpm-lock\.yaml)$"
)
_REQUIREMENTS: Final = re.compile(r"(?:^|/)requirements[^/]*\.(?:txt|in)$")
# A line that asks for something: no comment, option, or notice of a cut.
_ASKED: Final = re.compile(r"\s*[A-Za-z]")
_MANIFESTS: Final = re.compile(
    r"(?:^|/)(?:pyproject\.toml|setup\.py|setup\.cfg|requirements[^/]*\.(?:txt|in)|Pipfile|Gemfile|package\.json|go\.mod|Cargo\.toml)$"
)


def lead_step(request: ModelRequest) -> ModelReply:
    """Give every worker its part once, then put the answers under each other."""
    done = [one for one in answered(request) if one.name == "delegate"]
    if done:
        parts = [f"## {one.arguments.get('worker')}\n\n{one.text}" for one in done]
        return saying("\n\n".join(["# Audit", *parts, "builtin:lead works by rules."]))
    asked = [one.content for one in request.messages if one.role == "user"]
    names = [match["name"] for match in _WORKER.finditer((asked or [""])[-1])]
    if "delegate" not in tools_of(request) or not names:
        return saying("I have no workers to give this to. builtin:lead works by rules.")
    calls: list[Wanted] = [
        ("delegate", {"worker": name, "task": f"Audit this repository: {name}."}) for name in names
    ]
    return calling("Everybody takes a part.", calls)


def worker_step(request: ModelRequest) -> ModelReply:
    """Look at what the worker's name says: security, tests, papers, dependencies."""
    done = answered(request)
    listed = next((one for one in done if one.name == "list_files"), None)
    if "list_files" not in tools_of(request):
        return saying(f"I need the tool list_files.\n\n{_LABEL}")
    if listed is None:
        return calling("What is there?", [("list_files", {})])
    names = [name for name in listed.text.split("\n") if name and not name.startswith("[")]
    if "secur" in request.agent:
        lint = [one.text for one in done if one.name == "lint"]
        python = [name for name in names if name.endswith(".py") and not _TESTS.search(name)]
        if not lint and python and "lint" in tools_of(request):
            some = [python[at : at + _AT_ONCE] for at in range(0, len(python), _AT_ONCE)]
            return calling("", [("lint", {"paths": paths, "rules": ["S"]}) for paths in some[:20]])
        return saying("\n\n".join([_security(lint), *_secrets(names), _LABEL]))
    if "test" in request.agent:
        return saying(f"{_tests(names)}\n\n{_LABEL}")
    if "depend" in request.agent:
        lists = [name for name in names if _REQUIREMENTS.search(name)][:_MOST]
        read = {str(one.arguments.get("path")): one.text for one in done if one.name == "read_file"}
        if not read and lists and "read_file" in tools_of(request):
            return calling(
                "What do they ask for?", [("read_file", {"path": name}) for name in lists]
            )
        return saying(f"{_dependencies(names, read)}\n\n{_LABEL}")
    return saying(f"{_papers(names)}\n\n{_LABEL}")


def _security(lint: list[str]) -> str:
    if not lint:
        return "There is no Python here, and nothing else is checked."
    failed = [text.splitlines()[0][:200] for text in lint if not text.startswith("# ruff")]
    if failed:
        return f"Not all of the Python was checked: {failed[0]}"
    found = [match for text in lint for match in _LINE.finditer(text)]
    skipped = [line[2:] for text in lint for line in text.split("\n") if "# not checked: " in line]
    if not found:
        return "\n".join(["Nothing found by ruff's security rules.", *skipped])
    kinds: dict[str, list[str]] = {}
    for match in found:
        place = f"{match['file']}:{match['line']}"
        kinds.setdefault(f"{match['rule']} {match['text']}", []).append(place)
    ranked = sorted(kinds.items(), key=lambda pair: -len(pair[1]))
    told = [f"- {len(places)}x {text}: {_some(places)}" for text, places in ranked[:_MOST]]
    rest = [f"- and {len(ranked) - _MOST} kinds more"] if len(ranked) > _MOST else []
    many = "1 finding" if len(found) == 1 else f"{len(found)} findings"
    return "\n".join([f"{many} of ruff's security rules:", *told, *rest, *skipped])


def _some(names: list[str]) -> str:
    """Name some of many, and say how many there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _secrets(names: list[str]) -> list[str]:
    """Name the files that look as if they held secrets; they are not opened."""
    found = [name for name in names if _SECRET_FILES.search(name)]
    return (
        [f"{_some(found)}: looks like a file of secrets; keep it out of the repository"]
        if found
        else []
    )


def _tests(names: list[str]) -> str:
    tests = [name for name in names if _TESTS.search(name) and _CODE.search(name)]
    code = [name for name in names if _CODE.search(name) and name not in tests]
    share = f"{len(tests) / len(code):.2f} a file" if code else "no code"
    return f"Test files: {len(tests)}, files of code: {len(code)} ({share})."


def _dependencies(names: list[str], read: dict[str, str]) -> str:
    manifests = [name for name in names if _MANIFESTS.search(name)]
    locks = [name for name in names if _LOCKS.search(name)]
    if not manifests:
        return "No manifest of dependencies is here."
    loose = [
        f"- {file}:{number}: {line.strip()} is not pinned to one version"
        for file, text in read.items()
        for number, line in enumerate(text.split("\n"), 1)
        if _ASKED.match(line) and "==" not in line and " @ " not in line
    ]
    pinned = f"locked by {_some(locks)}" if locks else "and there is no lock file"
    more = [f"- and {len(loose) - _MOST} more"] if len(loose) > _MOST else []
    told = [f"Dependencies are in {_some(manifests)}, {pinned}.", *loose[:_MOST], *more]
    return "\n".join(told)


def _papers(names: list[str]) -> str:
    lines = []
    for what, pattern in _PAPERS.items():
        found = next((name for name in names if pattern.search(name)), None)
        lines.append(f"- {what}: {found or 'missing'}")
    return "\n".join(["Papers:", *lines])
