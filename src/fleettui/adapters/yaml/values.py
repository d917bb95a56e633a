"""Nodes in, plain values out: scalars read, variables replaced, what is suspect noted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from fleettui.adapters.yaml.scalars import read_plain
from fleettui.adapters.yaml.tree import Node
from fleettui.core.spec.problem import Fault, Loc, Severity
from fleettui.core.spec.variables import Expansion, expand

# Texts for a model or a person: `${` in them is often somebody else's syntax.
FREE_TEXT: Final = frozenset(
    {
        "instructions", "system_prompt", "system", "planner_prompt", "synthesizer_prompt",
        "description", "format", "script", "message", "input", "body", "command", "expression",
        "text", "prompt", "template",
    }
)  # fmt: skip
# Settings that only a tool or server reads: an agent can be checked without them.
LATE_SETTINGS: Final = frozenset(
    {
        "environment", "env", "config", "mcp_servers", "tool_config", "headers", "memory", "state",
        "labels", "annotations", "tags", "sampling", "model_config",
    }
)  # fmt: skip
COMMANDS: Final = frozenset(
    {
        "policy", "report", "approval", "tools", "require_for", "rules", "allow", "deny",
        "allowed_commands", "blocked_commands", "programs", "program",
    }
)  # fmt: skip
_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Reader:
    """Reads one document; `faults` are complete when it is done."""

    def __init__(self, environment: Mapping[str, str], kind: str) -> None:
        self.faults: list[Fault] = []
        self._environment = environment
        self._kind = kind

    def value(self, node: Node, loc: Loc = ()) -> Any:
        """Give the plain value of a node; entries without a value and `x-` entries are left out."""
        if node.kind == "list":
            return [self.value(item, (*loc, at)) for at, item in enumerate(node.items)]
        if node.kind == "map":
            return {
                name: self.value(value, (*loc, name))
                for name, (_, value) in node.fields.items()
                if not name.startswith("x-") and not value.is_null()
            }
        field = next((part for part in reversed(loc) if isinstance(part, str)), "")
        if node.plain:
            reading = read_plain(node.text, field)
            if reading.surprise:
                self.faults.append(Fault(loc, reading.surprise))
            if not isinstance(reading.value, str):
                return reading.value
        return self._text(node.text, loc, field)

    def _text(self, text: str, loc: Loc, field: str) -> str:
        suspect = _CONTROL.search(text)
        if suspect:
            self._suspect(suspect.group(), loc, field)
        if "${" not in text:
            return text
        expansion = expand(text, self._environment, field)
        self._variables(expansion, loc, field)
        # What goes to an MCP server is replaced when it is started, and stored as it is written.
        return text if "mcp_servers" in loc else expansion.text

    def _suspect(self, char: str, loc: Loc, field: str) -> None:
        kind = "control" if ord(char) < 0xA0 else "bidirectional" if char in _BIDI else "invisible"
        severity: Severity = "warning"
        if not COMMANDS.isdisjoint(loc):
            severity = "error"
        if loc[-1:] == ("name",) and severity == "warning":
            return  # the rule for names says it better
        self.faults.append(
            Fault(loc, f"{kind} character U+{ord(char):04X} in {field} (shown escaped)", severity)
        )

    def _variables(self, expansion: Expansion, loc: Loc, field: str) -> None:
        free = field in FREE_TEXT
        if expansion.malformed:
            if not free:
                self.faults.append(Fault(loc, expansion.malformed))
            return
        late = free or not self._needed_now(loc)
        for name in dict.fromkeys(expansion.undefined):
            mend = f"set it, or write ${{{name}:-default}}"
            severity: Severity = "warning" if late else "error"
            self.faults.append(Fault(loc, f"variable {name} is not set, {mend}", severity))

    def _needed_now(self, loc: Loc) -> bool:
        """Say whether the document means nothing without the value at `loc`."""
        if self._kind == "Agent":
            return loc[:2] == ("spec", "model")
        if self._kind not in {"AgentFleet", "Fleet"}:
            return False
        return LATE_SETTINGS.isdisjoint(loc[:-1]) or loc[1:3] == ("shared", "memory")
