"""Reads a shell script with tree-sitter-bash: its plain commands, or why it is more than that."""

from __future__ import annotations

import re
from typing import Final

import msgspec
import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from fleettui.core.policy.lexer import Commands, lex
from fleettui.core.policy.words import MAX_BYTES, refusal

_LANGUAGE: Final = Language(tree_sitter_bash.language())
_MAX_NODES: Final = 40_000
# The rule of openai/codex shell-command: these nodes, and `&& || ; |` between them.
_PLAIN: Final = frozenset(
    [
        "program",
        "list",
        "pipeline",
        "command",
        "command_name",
        "word",
        "string",
        "string_content",
        "raw_string",
        "number",
        "concatenation",
        "comment",
    ]
)
_JOINTS: Final = frozenset({"&&", "||", ";", "|", "\n", '"'})
# Words that close or go on with something: at the start of a command bash takes none of them.
_RESERVED: Final = frozenset(
    {b"fi", b"done", b"esac", b"do", b"then", b"else", b"elif", b"in", b"}", b")"}
)
_CONTINUED: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\\n")
# tree-sitter takes valid braces and globs in a command's place for errors.
_EXPANDED: Final = re.compile(r"\{[^{}\s]*\}|\[[^\[\]\s]*\]|[*?]")


class Script(msgspec.Struct, frozen=True):
    """A script read: all commands that could be found in it.

    `refused` says why it may not run at all: it has bad characters or, if `malformed`, is no bash.
    `problem` says why its commands are not all that it does. A plain script has neither.
    """

    commands: Commands = ()
    problem: str = ""
    refused: str = ""
    malformed: bool = False


def read_script(text: str, *, controls: bool = True) -> Script:
    """Return what a script says; only a plain one has neither `problem` nor `refused`.

    With `controls` off one with control characters is read on, as far as it can be.
    """
    if len(text) > MAX_BYTES:
        return Script(problem="the script is too long to be analysed")
    if reason := refusal(text, lines=True):
        refused = f"the script {reason}"
        if controls or "\0" in text:
            return Script(refused=refused)
        return msgspec.structs.replace(_read(text), refused=refused)
    if all(line.lstrip()[:1] in {"", "#"} for line in text.split("\n")):
        return Script(refused="the script is empty", malformed=True)
    return _read(text)


def _read(text: str) -> Script:
    joined = _joined(text)
    root = _parse(joined)
    if root.has_error:
        return _made_up(joined)
    walk = _Walk()
    walk.over(root)
    if walk.invalid:
        return Script(refused="the script is not valid bash", malformed=True)
    if walk.problem:
        return Script(tuple(walk.found), walk.problem)
    commands = lex(joined)
    if commands is None:
        return Script(tuple(walk.found), "the script has more than plain words and && || ; |")
    if commands != tuple(walk.found):
        return Script((*walk.found, *commands), "two readers of the script disagree")
    return Script(commands)


def _made_up(text: str) -> Script:
    """Tell a script with words that the shell makes up from one that is no bash."""
    softened = _parse(_EXPANDED.sub("x", text))
    if softened.has_error:
        return Script(refused="the script is not valid bash", malformed=True)
    walk = _Walk()
    walk.over(softened)
    return Script(tuple(walk.found), "the script has words that the shell makes up")


def _joined(text: str) -> str:
    """Return the text without its continued lines, where no quote could keep them."""
    if "\\\n" in text and not any(sign in text for sign in ("'", "#", "<<")):
        return _CONTINUED.sub(r"\1", text)
    return text


def _parse(text: str) -> Node:
    return Parser(_LANGUAGE).parse(text.encode("utf-8", "replace")).root_node


class _Walk:
    """Collects the commands of a tree, and the first thing that isn't plain."""

    def __init__(self) -> None:
        self.found: list[tuple[str, ...]] = []
        self.problem = ""
        self.invalid = False

    def over(self, root: Node) -> None:
        waiting: list[Node] = [root]
        seen = 0
        while waiting:
            node = waiting.pop()
            seen += 1
            if seen > _MAX_NODES:
                self.problem = "the script has too many parts"
                return
            self._check(node)
            if node.type == "command":
                self._command(node)
            waiting.extend(reversed(node.children))

    def _check(self, node: Node) -> None:
        if node.type in {";;", ";&", ";;&"} and node.parent and node.parent.type != "case_item":
            self.invalid = True
        if self.problem:
            return
        if node.is_named and node.type not in _PLAIN:
            kind = node.type.replace("_", " ")
            self.problem = f"the script has more than plain words: {kind}"
        elif not node.is_named and node.type not in _JOINTS:
            self.problem = f"the script has {node.type!r}"

    def _command(self, node: Node) -> None:
        words: list[str] = []
        first = node.children[0].text if node.children else b""
        if first in _RESERVED:
            self.invalid = True
        for child in node.children:
            if child.type in {"variable_assignment", "file_redirect", "heredoc_redirect"}:
                continue
            if child.type == "herestring_redirect":
                continue
            words.append(_word(child))
        if words:
            self.found.append(tuple(words))


def _word(node: Node) -> str:
    """Return a word without its quotes; what the shell would compute stays as it is written."""
    raw = (node.text or b"").decode("utf-8", "replace")
    match node.type:
        case "command_name" | "concatenation":
            return "".join(_word(child) for child in node.children) or raw
        case "raw_string":
            return raw[1:-1]
        case "string":
            return re.sub(r'\\(["\\$`])', r"\1", raw[1:-1])
        case "word" | "number":
            return re.sub(r"\\(.)", r"\1", raw)
        case _:
            return raw
