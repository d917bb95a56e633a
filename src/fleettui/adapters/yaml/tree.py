"""A YAML document as nodes that know their place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fleettui.core.spec.problem import Loc


@dataclass(slots=True)
class Node:
    """A scalar, list or mapping; `line` and `column` count from 1.

    `size` is how many nodes it is once its aliases are opened; `plain` says that a scalar is
    written without quotes, so that it may be a number.
    """

    kind: Literal["scalar", "list", "map"]
    line: int
    column: int
    text: str = ""
    plain: bool = False
    items: list[Node] = field(default_factory=list)
    fields: dict[str, tuple[Node, Node]] = field(default_factory=dict)
    size: int = 1

    def is_null(self) -> bool:
        """Say whether nothing is written here."""
        return self.kind == "scalar" and self.plain and self.text in _NULLS


_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# Fields that a document may write under another name.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "instructions": ("system_prompt", "system"),
    "environment": ("env",),
    "model_settings": ("model_config",),
    "pub_sub": ("pub-sub",),
    "request_reply": ("request-reply",),
}


def child(node: Node, part: str | int) -> tuple[Node | None, Node] | None:
    """Give the key (of a mapping) and value that `part` leads to."""
    if node.kind == "list" and isinstance(part, int) and part < len(node.items):
        return None, node.items[part]
    if node.kind == "map" and isinstance(part, str):
        for name in (part, *SPELLINGS.get(part, ())):
            if name in node.fields:
                return node.fields[name]
    return None


def place(root: Node, loc: Loc, at: Literal["value", "key"] = "value") -> tuple[int, int]:
    """Give line and column of what `loc` leads to.

    Where the document ends before `loc` does, something is missing: then it is the key of the
    mapping that lacks it, or the mapping itself where it has no key.
    """
    node, key = root, None
    for part in loc:
        found = child(node, part)
        if found is None:
            missing = node if key is None or _is_text(node) else key
            return missing.line, missing.column
        key, node = found
    chosen = key if key is not None and (at == "key" or node.is_null()) else node
    return chosen.line, chosen.column


def _is_text(node: Node) -> bool:
    return node.kind == "scalar" and not node.is_null()
