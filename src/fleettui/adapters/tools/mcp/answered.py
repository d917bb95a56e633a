"""What a server answered to a call, as text that an agent can read and nobody is fooled by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from fleettui.adapters.tools.bounds import MOST
from fleettui.adapters.tools.secrecy import plain_text
from fleettui.core.model import ToolResult
from fleettui.core.redaction import without


def told(
    blocks: Iterable[Mapping[str, Any]],
    structured: Any,
    *,
    failed: bool,
    secrets: Mapping[str, str],
) -> ToolResult:
    """Give the text of an answer, cut where it is too long; what is no text is described."""
    parts = [_block(block) for block in blocks]
    if not any(parts) and structured is not None:
        parts = [json.dumps(structured, ensure_ascii=False)]
    text = plain_text(without("\n".join(parts), secrets)) or "(an empty answer)"
    size = 0
    if len(text) > MOST:
        size = len(text.encode())
        text = f"{text[:MOST]}\n[cut: the first {MOST:,} characters of {size:,} bytes]"
    return ToolResult(text, ok=not failed, size=size)


def _block(block: Mapping[str, Any]) -> str:
    match block:
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": "image" | "audio" as kind, "data": str(data)}:
            return f"[{kind} {block.get('mimeType', '')}, {_bytes(data):,} bytes: not shown]"
        case {"type": "resource", "resource": {"uri": uri, "text": str(text)}}:
            return f"[resource {uri}]\n{text}"
        case {"type": "resource", "resource": {"uri": uri, "blob": str(blob)} as resource}:
            kind = resource.get("mimeType", "")
            return f"[resource {uri} {kind}, {_bytes(blob):,} bytes: not shown]"
        case {"type": "resource_link", "uri": uri}:
            return f"[resource {uri} {block.get('name', '')}: {block.get('description') or ''}]"
        case _:
            return f"[{block.get('type', 'something')} that can't be shown here]"


def _bytes(base64: str) -> int:
    return len(base64) * 3 // 4 - base64[-2:].count("=")
