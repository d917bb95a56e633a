"""The digest an approval is bound to, and the version of the rules it was asked under."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fleettui.core.model import Facts
from fleettui.core.policy.rules import PolicyRules

_VERSION: Final = 1


def action_digest(
    *, tenant: str, fleet: str, agent: str, facts: Facts, policy_version: str, nonce: str
) -> str:
    """Return the SHA-256 (hex) of one exact action; any one field changed changes it.

    Bound are all fields of `facts` (program and its content, argv, folder and its inode,
    environment, input, operands and their content, arguments, risks, preview, problem), who asks,
    the rules in force and a nonce that makes two equal actions two (safety.md, section 3, item 4).
    """
    return _sha256(
        {
            "v": _VERSION,
            "tenant": tenant,
            "fleet": fleet,
            "agent": agent,
            "facts": {
                name: msgspec.to_builtins(getattr(facts, name)) for name in facts.__struct_fields__
            },
            "policy_version": policy_version,
            "nonce": nonce,
        }
    )


def policy_version(rules: PolicyRules, approval: Mapping[str, Any] | None = None) -> str:
    """Return a stable SHA-256 (hex) of what the rules say, whatever order they were built in.

    `approval` is what the file says about who approves.
    """
    return _sha256(
        {
            "v": _VERSION,
            "allow": sorted(pattern.text for pattern in rules.allow),
            "require_approval": sorted(
                [rule.pattern.text, rule.chain] for rule in rules.require_approval
            ),
            "deny": sorted(pattern.text for pattern in rules.deny),
            "saved": sorted([rule.pattern.text, rule.agent] for rule in rules.saved),
            "chains": [[name, needed] for name, needed in rules.chains.items()],
            "fences": sorted(
                [
                    agent,
                    fence.tool,
                    fence.program,
                    sorted(pattern.text for pattern in fence.allowed),
                    sorted(pattern.text for pattern in fence.blocked),
                    fence.read_only,
                ]
                for agent, fences in rules.fences.items()
                for fence in fences
            ),
            "otherwise": rules.otherwise,
            "unanalysable": rules.unanalysable,
            "malformed": rules.malformed,
            "controls": rules.controls,
            "approval": dict(approval or {}),
        }
    )


def _sha256(value: dict[str, Any]) -> str:
    """Hash canonical JSON: sorted keys, no blanks, ASCII with every surrogate escaped."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
