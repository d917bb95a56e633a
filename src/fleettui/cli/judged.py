"""How a judged command is printed: a line of JSON, or a few lines for people."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any, Final

from fleettui.cli.command_lines import Asked
from fleettui.core.policy.bench import Part
from fleettui.core.policy.judge import Verdict
from fleettui.core.policy.judgement import Decision
from fleettui.core.safe import one_line

_WORDS: Final[Mapping[Decision, str]] = {
    "allow": "allow",
    "ask": "require_approval",
    "deny": "deny",
}
_PARTS_SHOWN: Final = 64


def row_of(asked: Asked, verdict: Verdict) -> bytes:
    """Give a line of JSON about a command: `{cmd, mode, decision, chain, reason, parts}`."""
    said = verdict.judgement
    row = {
        "cmd": asked.cmd,
        "mode": asked.mode,
        "decision": _WORDS[said.decision],
        "chain": said.chain,
        "reason": said.rule,
        "parts": [_part(part) for part in verdict.parts],
    }
    return json.dumps(row, ensure_ascii=True, separators=(", ", ": ")).encode() + b"\n"


def _part(part: Part) -> dict[str, Any]:
    said, read = part.judgement, part.command
    parsed = read.parsed if read else None
    return {
        "argv": part.argv,
        "tool": read.tool if read else "",
        "verb": " ".join(parsed.verb) if parsed else "",
        "flags": [
            flag.name if flag.value is None else f"{flag.name}={flag.value}"
            for flag in (parsed.flags if parsed else ())
        ],
        "kinds": (parsed.kinds or ()) if parsed else (),
        "operands": parsed.operands if parsed else (),
        "risks": said.risks,
        "decision": _WORDS[said.decision],
        "chain": said.chain,
        "reason": said.rule,
    }


def shown(asked: Asked, verdict: Verdict) -> bytes:
    """Give a command with its decision, and below it every part with the reason."""
    said = verdict.judgement
    command = asked.cmd if isinstance(asked.cmd, str) else shlex.join(asked.cmd)
    chain = f"  chain {one_line(said.chain)}" if said.chain else ""
    lines = [f"{_WORDS[said.decision]:<17} {one_line(command)}{chain}"]
    for part in verdict.parts[:_PARTS_SHOWN]:
        words = shlex.join(part.argv) if part.argv else "the whole"
        lines.append(f"  {_WORDS[part.judgement.decision]:<17} {one_line(words, 100)}")
        lines.append(f"  {'':<17} because {one_line(part.judgement.rule, 200)}")
    if len(verdict.parts) > _PARTS_SHOWN:
        lines.append(f"  ... {len(verdict.parts) - _PARTS_SHOWN} more parts")
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")
