"""Every command of the command line is in the docs, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from fleettui.cli.root import COMMANDS, cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {page.name: page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")}
JSON = DOCS["json.md"].split("## ", maxsplit=1)[0]
# They show a screen, print text for a shell, or print JSON and nothing else.
SILENT = {"open", "attach", "attach-agent", "schema", "completion", "serve"}


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def flags(name: str) -> set[str]:
    found = command(name)
    below = found.commands.values() if isinstance(found, click.Group) else ()
    params = [param for one in (found, *below) for param in one.params]
    return {flag for param in params for flag in param.opts if flag.startswith("--")}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_in_the_readme_or_the_docs(name: str) -> None:
    told = [README, *DOCS.values()]
    assert any(re.search(rf"fleettui(?: \w+)* {name}\b|`{name}`", text) for text in told) or (
        re.search(rf"^fleettui .*\b{name}\b", README, re.MULTILINE)
    )


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - SILENT))
def test_a_command_that_prints_takes_json_and_its_shape_is_documented(name: str) -> None:
    assert "--json" in flags(name)
    assert re.search(rf"^\|[^|]*`{name}`[^|]*\|", JSON, re.MULTILINE), f"{name}: docs/json.md"


def test_no_command_is_documented_that_there_is_not() -> None:
    first_cells = re.findall(r"^\|([^|]*)\|", JSON, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(first_cells))) <= set(COMMANDS)


@pytest.mark.parametrize("page", ["README.md", *sorted(DOCS)])
def test_what_the_papers_call_exists(page: str) -> None:
    text = README if page == "README.md" else DOCS[page]
    known = set(COMMANDS)
    for line in re.findall(r"(?:^|`|\| )fleettui ([\w-]+[^`\n#]*)", text, re.MULTILINE):
        # A line of the README may hold several calls, set apart by wide gaps.
        for call in re.split(r"\s{2,}", line.strip()):
            first, *rest = call.removeprefix("fleettui ").split()
            options = flags(first) if first in known else set()
            for flag in [word.split("=")[0] for word in rest if word.startswith("--")]:
                assert first not in known or flag in options, f"{page}: fleettui {call}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_for(name: str) -> None:
    for param in command(name).params:
        if isinstance(param, click.Option):
            assert param.hidden or param.help or param.opts == ["--priority"], param.opts


def test_the_exit_codes_of_help_are_those_of_the_page() -> None:
    for text in (cli.epilog or "", JSON):
        assert re.search(r"0 done, 1 failed, 2 usage, 3 invalid file, 4", text)
