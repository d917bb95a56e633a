"""Text in, documents out: a composer that keeps every place and refuses what is unsafe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import yaml
from yaml._yaml import CParser

from fleettui.adapters.yaml.syntax import explain_syntax
from fleettui.adapters.yaml.tree import Node
from fleettui.core.spec.problem import Loc, path_text

DEPTH_LIMIT: Final = 64
NODE_LIMIT: Final = 100_000
ALIAS_LIMIT: Final = 100
FLAW_LIMIT: Final = 200
DOCUMENT_LIMIT: Final = 200
_STANDARD: Final = "tag:yaml.org,2002:"


class Flaw(NamedTuple):
    """What is wrong in the text itself, at its line and column."""

    line: int
    column: int
    path: str
    message: str


class _Stop(Exception):
    """A limit is passed; nothing after it is read."""


class Composer:
    """Composes the documents of one text; `flaws` are complete when it is done."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.flaws: list[Flaw] = []
        self._anchors: dict[str, Node | None] = {}
        self._aliases = 0
        self._nodes = 0

    def documents(self) -> list[Node]:
        """Compose all documents up to the first that can't be read."""
        documents: list[Node] = []
        try:
            for document in self._read(CParser(self.text)):
                documents.append(document)
                if len(documents) > DOCUMENT_LIMIT:
                    self._flaw(document, (), f"more than the limit of {DOCUMENT_LIMIT} documents")
                    break
        except yaml.YAMLError as error:
            self.flaws.append(Flaw(*explain_syntax(error, self.text)))
        except _Stop:
            pass
        return documents

    def _read(self, parser: CParser) -> Iterator[Node]:
        while True:
            event = parser.get_event()
            if isinstance(event, yaml.StreamEndEvent):
                return
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}
                yield self._node(parser, parser.get_event(), (), 0)

    def _node(self, parser: CParser, event: Any, loc: Loc, depth: int) -> Node:
        node = Node("scalar", event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, node, loc)
        self._nodes += 1
        if depth > DEPTH_LIMIT:
            self._stop(node, loc, f"nested deeper than the limit of {DEPTH_LIMIT} levels")
        if event.tag is not None:
            shown = event.tag.replace(_STANDARD, "!!", 1)
            mend = "quote the text" if event.tag == "!" or shown == "!!str" else "remove it"
            self._flaw(node, loc, f"tag '{shown}' is not allowed, {mend}")
        if event.anchor:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node.text, node.plain = event.value, event.style in {None, ""} and event.tag is None
        elif isinstance(event, yaml.SequenceStartEvent):
            self._list(parser, node, loc, depth)
        else:
            self._map(parser, node, loc, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        if node.size > NODE_LIMIT or self._nodes > NODE_LIMIT:
            self._stop(node, loc, f"more than the limit of {NODE_LIMIT:,} values")
        return node

    def _alias(self, event: Any, here: Node, loc: Loc) -> Node:
        self._aliases += 1
        if self._aliases > ALIAS_LIMIT:
            self._stop(here, loc, f"more than the limit of {ALIAS_LIMIT} aliases")
        known = self._anchors.get(event.anchor)
        if known is not None:
            return known
        if event.anchor in self._anchors:
            self._flaw(here, loc, f"alias '*{event.anchor}' contains itself, which never ends")
        else:
            self._flaw(here, loc, f"alias '*{event.anchor}' has no anchor, define &{event.anchor}")
        here.plain = True
        return here

    def _list(self, parser: CParser, node: Node, loc: Loc, depth: int) -> None:
        node.kind = "list"
        while not isinstance(event := parser.get_event(), yaml.SequenceEndEvent):
            item = self._node(parser, event, (*loc, len(node.items)), depth + 1)
            node.items.append(item)
            self._grow(node, item, event, loc)

    def _map(self, parser: CParser, node: Node, loc: Loc, depth: int) -> None:
        node.kind = "map"
        merged: list[Node] = []
        while not isinstance(event := parser.get_event(), yaml.MappingEndEvent):
            key = self._node(parser, event, loc, depth + 1)
            value_event = parser.get_event()
            value = self._node(parser, value_event, (*loc, key.text), depth + 1)
            self._grow(node, value, value_event, loc)
            if key.kind != "scalar":
                self._flaw(key, loc, "a key must be text, found a list or mapping")
            elif key.plain and key.text == "<<":
                merged.append(value)
            elif key.text in node.fields:
                first = node.fields[key.text][0].line
                message = f"duplicate key '{key.text}' (first at line {first}), remove one"
                self._flaw(key, (*loc, key.text), message)
            else:
                node.fields[key.text] = (key, value)
        for value in merged:
            self._merge(node, value, loc)

    def _merge(self, node: Node, value: Node, loc: Loc) -> None:
        for source in value.items if value.kind == "list" else [value]:
            if source.kind != "map":
                self._flaw(source, loc, "'<<' merges mappings only, give it an alias of a mapping")
                continue
            for name, entry in source.fields.items():
                node.fields.setdefault(name, entry)

    def _grow(self, node: Node, part: Node, event: Any, loc: Loc) -> None:
        node.size += part.size
        if node.size > NODE_LIMIT and isinstance(event, yaml.AliasEvent):
            mark: Any = event.start_mark
            message = f"aliases expand to more than the limit of {NODE_LIMIT:,} values"
            self._stop(Node("scalar", mark.line + 1, mark.column + 1), loc, message)

    def _flaw(self, node: Node, loc: Loc, message: str) -> None:
        self.flaws.append(Flaw(node.line, node.column, path_text(loc), message))
        if len(self.flaws) >= FLAW_LIMIT:
            raise _Stop

    def _stop(self, node: Node, loc: Loc, message: str) -> None:
        self._flaw(node, loc, message)
        raise _Stop
