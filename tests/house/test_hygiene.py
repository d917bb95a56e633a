"""How the house is kept: what is loaded when, what stands where, and what must never be written."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "fleettui").rglob("*.py"))
FORBIDDEN_NAMES = re.compile(r"Manager|Helper|Utils|Handler|Misc|(?<!Meta)Data$|Info$")


def loaded_after(code: str) -> set[str]:
    """Name the modules that a fresh interpreter has after some code."""
    program = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.split())


def run_quietly(*words: str) -> str:
    return f"""
import contextlib, io
from fleettui.main import run
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    with contextlib.suppress(SystemExit):
        run({list(words)!r})
"""


@pytest.mark.parametrize(
    "code",
    [
        run_quietly("--help"),
        run_quietly("validate", "fleets/code-review.yaml"),
        "import fleettui.hosting",
        "import fleettui.host.visit",
    ],
)
def test_what_must_start_fast_loads_neither_textual_nor_litellm(code: str) -> None:
    heavy = {"textual", "litellm", "aiohttp", "openai"}
    assert not loaded_after(code) & heavy


def test_help_loads_no_pydantic_and_the_thin_client_no_asyncio() -> None:
    assert "pydantic" not in loaded_after(run_quietly("--help"))
    assert "asyncio" not in loaded_after("import fleettui.main, fleettui.host.visit")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_says_in_its_first_line_what_lives_there(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    words = ast.get_docstring(tree, clean=False)
    assert words, f"{path} has no docstring"
    first = words.split("\n", maxsplit=1)[0]
    assert first.strip().endswith((".", ":", "?")) or len(words.split("\n")) > 1, first
    assert path.read_text(encoding="utf-8").startswith(('"""', 'r"""'))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_says_nothing(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    names = [node.name for node in ast.walk(tree) if isinstance(node, named)]
    assert [name for name in names if FORBIDDEN_NAMES.search(name)] == []


def test_no_markup_is_switched_on_and_no_text_is_built_into_it() -> None:
    for path in (ROOT / "src" / "fleettui" / "tui").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "markup=True" not in text, path
        assert "from_markup" not in text, path
        assert "[@click" not in text, path


def test_nothing_committed_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    registry = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|/root/\.|/" + "work/")
    for name in listed.stdout.split("\n"):
        path = ROOT / name
        if not name or not path.is_file() or path == Path(__file__):
            continue
        found = registry.search(path.read_text(encoding="utf-8", errors="replace"))
        assert found is None, f"{name} names {found}"


def test_every_link_of_the_docs_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!http|#)([^)#]+)", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
        for target in re.findall(r"`(docs/[\w./-]+\.md)`", text):
            assert (ROOT / target).exists(), f"{page.name}: {target}"


def test_every_change_note_has_a_number_and_a_kind() -> None:
    for note in (ROOT / "changes").iterdir():
        if note.name != "README.md":
            assert re.fullmatch(r"\d+\.(added|changed|fixed|removed)\.md", note.name), note.name


def test_every_setting_has_a_line_in_the_docs() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    docs = " ".join(page.read_text(encoding="utf-8") for page in pages)
    settings = {
        name
        for path in SOURCES
        for name in re.findall(r"FLEETTUI_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8"))
    }
    assert {name for name in settings if name not in docs} == set()
