"""Who may import what from outside, and how text may reach a widget."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleettui.tui.keymap import KEYS

PACKAGE = Path(__file__).parents[2] / "src" / "fleettui"
SOURCES = {
    str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}
# Where each of them may be imported; a folder stands for all below it. What is not named here
# needs a line, and with it a thought about where it lives.
HOMES = {
    "acp": ("adapters/runtimes/acp/",),
    "asyncpg": ("adapters/sharing/postgres.py",),
    "aiohttp": (
        "adapters/channels/http.py",
        "adapters/models/slim/",
        "adapters/tools/http_exchange.py",
        "adapters/runtimes/monitor/",
    ),
    "yarl": ("adapters/tools/http_exchange.py",),
    "anyio": ("adapters/tools/mcp/",),
    "httpx2": ("adapters/tools/mcp/",),
    "mcp": ("adapters/tools/mcp/",),
    "mcp_types": ("adapters/tools/mcp/",),
    "aiosqlite": ("adapters/sqlite/",),
    "click": ("cli/",),
    "cryptography": ("adapters/secrets/sealing.py", "adapters/channels/signatures.py"),
    "keyring": ("adapters/secrets/master.py",),
    "litellm": ("adapters/models/",),
    "msgspec": ("",),
    "prometheus_client": ("adapters/metrics/exposition.py",),
    "re2": ("core/spec/linear.py", "adapters/runtimes/monitor/", "engine/redaction.py"),
    "psutil": ("adapters/processes/", "adapters/runtimes/monitor/"),
    "platformdirs": ("tui/",),
    "pydantic": ("core/spec/", "adapters/yaml/"),
    "pydantic_core": ("core/spec/", "adapters/yaml/"),
    "redis": ("adapters/sharing/redis.py",),
    "rich": ("tui/", "host/"),
    "textual": ("tui/", "host/"),
    "tree_sitter": ("core/policy/",),
    "tree_sitter_bash": ("core/policy/",),
    "watchfiles": ("adapters/yaml/reloading.py", "adapters/channels/file.py"),
    "yaml": ("adapters/yaml/",),
}
SINKS = {"Static", "Label", "notify", "Markdown", "Button", "SystemCommand"}
TITLES = {"border_title", "border_subtitle", "tooltip", "title", "sub_title"}


def imported(tree: ast.Module) -> Iterator[str]:
    """Name every top package that a file imports, by statement or by importlib."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.split(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module.split(".")[0]
            case ast.Call(
                func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield module.split(".")[0]


@pytest.mark.parametrize("file", SOURCES)
def test_what_comes_from_outside_is_imported_in_its_home_only(file: str) -> None:
    outside = set(imported(SOURCES[file])) - sys.stdlib_module_names - {"fleettui"}
    strays = {name for name in outside if not file.startswith(HOMES.get(name, ("-",)))}
    assert strays == set()


def test_our_own_files_need_no_type_checking_imports() -> None:
    guarded = [file for file, tree in SOURCES.items() if "TYPE_CHECKING" in ast.dump(tree)]
    assert guarded == []


def is_plain(node: ast.expr, *, sink: str) -> bool:
    """Tell a text that can't be markup: a constant, a Content, or a table's own description."""
    match node:
        case ast.Constant():
            return True
        case ast.Call(func=ast.Name(id="Content")):
            return True
        case ast.IfExp(body=body, orelse=other):
            return is_plain(body, sink=sink) and is_plain(other, sink=sink)
        case _:
            # The palette's texts come from our table of keys, which has no bracket.
            return sink == "SystemCommand"


def risky(tree: ast.Module) -> Iterator[str]:
    """Give every place where a text that was put together could be read as markup."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=sink) | ast.Attribute(attr=sink), args=[text, *_]) if (
                sink in SINKS and not is_plain(text, sink=sink)
            ):
                yield ast.unparse(node)
            case ast.Assign(targets=[ast.Attribute(attr=title)], value=text) if (
                title in TITLES and not is_plain(text, sink=title)
            ):
                yield ast.unparse(node)
            case ast.keyword(arg="markup", value=ast.Constant(value=True)):
                yield "markup=True"
            case ast.Attribute(attr="from_markup" | "render_markup"):
                yield ast.unparse(node)


@pytest.mark.parametrize("file", [file for file in SOURCES if file.startswith(("tui/", "host/"))])
def test_no_text_is_put_together_into_markup(file: str) -> None:
    assert list(risky(SOURCES[file])) == []


@pytest.mark.parametrize(
    "code",
    [
        'Static(f"[b]{name}[/b]")',
        'self.notify("hello " + name)',
        'Label("%s" % name)',
        "box.border_title = name",
        'Static("x", markup=True)',
        "Content.from_markup(name)",
    ],
)
def test_the_rule_of_markup_finds_what_it_is_for(code: str) -> None:
    assert list(risky(ast.parse(code)))


def test_no_key_of_the_palette_has_a_bracket_in_its_words() -> None:
    assert [key.description for key in KEYS if "[" in key.description] == []
