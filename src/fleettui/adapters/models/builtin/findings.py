"""Makes findings of changed files: the table of rules, what stands in context, ruff's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from fleettui.adapters.models.builtin.context import LOOKS
from fleettui.adapters.models.builtin.diff import WIDEST, FileDiff, Line, Listed
from fleettui.adapters.models.builtin.rules import PROSE, RULES, Role, Rule, Severity
from fleettui.adapters.models.builtin.secrets import assigned_secret
from fleettui.core.model import Finding

SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "high", "medium", "low", "info")
RULE_SETS: Final[Mapping[Role, tuple[str, ...]]] = {
    "security": ("S",),
    "performance": ("PERF",),
    "quality": ("E", "F", "B", "C90", "SIM"),
}
_LINT: Final = re.compile(r"^(.+?):(\d+):\d+: (\S+) (.*)$")
# The longest prefix decides; "" leaves the finding out: a matter of taste, or mostly noise.
_LINT_SEVERITY: Final[Mapping[str, Severity | Literal[""]]] = {
    "S": "medium", "S101": "", "S103": "medium", "S104": "low", "S108": "low", "S110": "low",
    "S112": "low", "S310": "low", "S311": "low", "S404": "", "S603": "", "S606": "low", "S607": "",
    "S102": "high", "S301": "high", "S307": "high", "S501": "high", "S506": "high",
    "S602": "high", "S605": "high", "S608": "medium", "S701": "high",
    "PERF": "low", "PERF203": "info",
    "E": "info", "E501": "", "E7": "low", "E722": "medium", "E9": "high", "invalid-syntax": "high",
    "F": "medium", "F401": "low", "F541": "info", "F82": "high", "F7": "high", "F84": "low",
    "B": "low", "B006": "medium", "B023": "medium", "B9": "info", "C90": "medium", "SIM": "info",
}  # fmt: skip
_TEST: Final = re.compile(
    r"(^|/)(tests?|specs?|__tests__|testdata|fixtures?)/|(^|/)(test_|conftest)[^/]*$"
    r"|[._-](test|spec)s?\.\w+$|(Tests?|Spec)\.(java|kt|scala|cs)$"
)
_COMMENT: Final = re.compile(r"^\s*(#(?!\{)|//|/\*|\*[\s/]|--\s|<!--|;;)")
_SOURCE: Final = frozenset(
    {
        "py",
        "js",
        "jsx",
        "ts",
        "tsx",
        "mjs",
        "go",
        "java",
        "kt",
        "scala",
        "rb",
        "php",
        "rs",
        "c",
        "cc",
        "cpp",
        "cs",
        "swift",
        "ex",
        "exs",
    }
)
_ONE_A_LINE: Final = frozenset({"sql", "shell", "secret"})  # several rules for the same fault
_ENOUGH_FOR_TESTS: Final = 15


def is_test(path: str) -> bool:
    """Say whether a file is a test or made for tests."""
    return bool(_TEST.search(path))


def find(
    files: Sequence[FileDiff], listed: Sequence[Listed], lint: str, roles: Sequence[Role]
) -> tuple[list[Finding], int]:
    """Give the findings of changed lines, worst first, and how many of ruff's lie outside them."""
    found: list[Finding] = []
    for file in files:
        found += _in_file(file, roles)
    changed = {(file.path, line.number) for file in files for line in file.added}
    linted, outside = _of_ruff(lint, changed, found, roles)
    found += linted
    found += _of_names(listed, roles)
    once = {(one.file, one.line, one.rule): one for one in reversed(found)}
    order = sorted(
        once.values(), key=lambda one: (SEVERITIES.index(one.severity), one.file, one.line)
    )
    return order, outside


def _in_file(file: FileDiff, roles: Sequence[Role]) -> Iterator[Finding]:
    for line in file.added:
        yield from _in_line(file, line, roles)
    if file.kind in PROSE:
        return
    for role, look in LOOKS:
        if role not in roles or (role == "performance" and is_test(file.path)):
            continue
        for seen in look(file):
            yield Finding(file.path, seen.line, seen.severity, seen.message, seen.rule)


def _in_line(file: FileDiff, line: Line, roles: Sequence[Role]) -> Iterator[Finding]:
    text = line.text[:WIDEST]
    comment = bool(_COMMENT.match(text))
    families: set[str] = set()
    for rule in RULES:
        family = rule.name.split("-")[0]
        if family in families or not _applies(rule, file, roles):
            continue
        if (rule.everywhere or not comment) and rule.pattern.search(text):
            families |= {family} & _ONE_A_LINE
            severity = _severity(rule, file, text)
            yield Finding(file.path, line.number, severity, rule.message, rule.name)
    if "security" in roles and file.kind not in PROSE and not comment:
        message = assigned_secret(text, file.kind)
        if message:
            worth: Severity = "info" if is_test(file.path) else "high"
            yield Finding(file.path, line.number, worth, message, "secret-assigned")


def _applies(rule: Rule, file: FileDiff, roles: Sequence[Role]) -> bool:
    if not set(rule.roles) & set(roles) or (rule.kinds and file.kind not in rule.kinds):
        return False
    if file.kind in PROSE:
        return rule.everywhere and rule.severity == "critical"
    return rule.roles != ("performance",) or not is_test(file.path)


def _severity(rule: Rule, file: FileDiff, text: str) -> Severity:
    if rule.name.startswith("secret-") and re.search(r"EXAMPLE|example|xxxx|XXXX|0{8}", text):
        return "info"
    if rule.everywhere or not is_test(file.path) or "quality" in rule.roles[:1]:
        return rule.severity
    return "info"


def _of_ruff(
    lint: str, changed: set[tuple[str, int]], found: Sequence[Finding], roles: Sequence[Role]
) -> tuple[list[Finding], int]:
    said = {(one.file, one.line): _codes(one.rule) for one in found}
    for one in found:
        said[one.file, one.line] = said[one.file, one.line] | _codes(one.rule)
    new: list[Finding] = []
    outside = 0
    for line in lint.split("\n"):
        if not (row := _LINT.match(line)):
            continue
        place, code = (row[1], int(row[2])), row[3]
        severity = _lint_severity(code, row[1])
        if not severity or not any(
            code.startswith(RULE_SETS[role]) for role in _asked(roles, code)
        ):
            continue
        if place not in changed:
            outside += 1
        elif code not in said.get(place, frozenset()):
            new.append(Finding(*place, severity, row[4], f"ruff {code}"))
    return new, outside


def _asked(roles: Sequence[Role], code: str) -> Sequence[Role]:
    """Everybody hears of a file that can't be parsed, else the role whose rule set it is."""
    return ("quality",) if code.startswith("E9") else roles


def _codes(rule: str) -> frozenset[str]:
    if rule == "secret-assigned":
        return frozenset({"S105", "S106", "S107"})
    if rule == "silent-error":
        return frozenset({"S110", "S112", "E722", "SIM105"})
    return frozenset(code for one in RULES if one.name == rule for code in one.ruff)


def _lint_severity(code: str, path: str) -> Severity | Literal[""]:
    if is_test(path) and (code.startswith("S") and not code.startswith("SIM")):
        return ""
    for length in range(len(code), 0, -1):
        if code[:length] in _LINT_SEVERITY:
            return _LINT_SEVERITY[code[:length]]
    return "low"


def _of_names(listed: Iterable[Listed], roles: Sequence[Role]) -> Iterator[Finding]:
    rows = list(listed)
    if "security" in roles:
        for row in rows:
            if row.secret and (row.added or row.binary):
                message = "a file that usually holds secrets is part of the change"
                severity: Severity = "low" if is_test(row.path) else "high"
                yield Finding(row.path, 1, severity, message, "secret-file")
    if "quality" in roles:
        source = [row for row in rows if _is_source(row.path) and row.added >= _ENOUGH_FOR_TESTS]
        if source and not any(is_test(row.path) for row in rows):
            largest = max(source, key=lambda row: row.added)
            message = f"{len(source)} source files changed" if len(source) > 1 else "source changed"
            yield Finding(largest.path, 1, "low", f"{message}, but no test did", "no-tests")


def _is_source(path: str) -> bool:
    return path.rpartition(".")[2].lower() in _SOURCE and not is_test(path)
