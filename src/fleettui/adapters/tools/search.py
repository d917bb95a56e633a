"""The tool that searches: git grep as a bounded process, so that no pattern can hang it."""

from __future__ import annotations

from typing import Final

from fleettui.adapters.processes.program import Ended, run_program
from fleettui.adapters.tools.bounds import page
from fleettui.adapters.tools.files import reading
from fleettui.adapters.tools.git import (
    but_secrets,
    find_repository,
    git_environment,
    git_program,
)
from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.adapters.tools.workspace import Place, confine
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolResult, Workplace

_LONGEST: Final = 300
_SECONDS: Final = 20.0

SEARCH = spec(
    "search",
    "Find lines in text files; gives file:line:text. The pattern is taken literally unless "
    "regex=true (POSIX extended).",
    ("pattern",),
    pattern={"type": "string", "minLength": 1},
    path={"type": "string", "description": "A file or folder; default the workspace."},
    glob={"type": "string", "description": "Only files that match, such as *.py"},
    regex={"type": "boolean", "description": "Take the pattern as an extended expression."},
    ignore_case={"type": "boolean"},
)


async def _freeze(arguments: Arguments, place: Workplace, _around: Surroundings) -> Facts:
    path = confine(place.workspace, arguments.get("path", "."))
    if "\n" in arguments["pattern"] or "\0" in arguments["pattern"]:
        raise ToolFailed("the pattern has more than one line", "search for one line at a time")
    return Facts("search", arguments, cwd=path.root, risks=reading(path))


async def _search(facts: Facts, place: Workplace, around: Surroundings) -> ToolResult:
    path = confine(place.workspace, facts.arguments.get("path", "."))
    ended = await _grep(facts.arguments, path, around)
    if ended.timed_out:
        raise ToolFailed(
            f"the search took more than {_SECONDS:.0f} s", "search one folder, or a simpler pattern"
        )
    if ended.exit_code > 1:
        why = ended.errors.decode(errors="replace").strip()[:300]
        raise ToolFailed(f"the search failed: {why}", "check the pattern, or search literally")
    lines = [line[:_LONGEST] for line in ended.text.split("\n") if line]
    if not lines:
        return ToolResult("Nothing found.")
    return page("", lines, 1, more="or narrow the search by path or glob")


async def _grep(wanted: Arguments, path: Place, around: Surroundings) -> Ended:
    repository = await find_repository(path.root, around)
    flags = ["-n", "-I", "--no-color", "--threads=1", "--max-count=500"]
    flags += ["-E" if wanted.get("regex") else "-F"]
    flags += ["-i"] if wanted.get("ignore_case") else []
    args = [*flags, "-e", wanted["pattern"], "--", *_pathspecs(wanted, path)]
    if repository is not None:
        return await repository.git("grep", "--untracked", *args, most=2_000_000, timeout=_SECONDS)
    argv = [git_program(around), "grep", "--no-index", *args]
    env = git_environment(around) | {"GIT_CEILING_DIRECTORIES": path.root}
    return await run_program(argv, cwd=path.root, env=env, most=2_000_000, timeout=_SECONDS)


def _pathspecs(wanted: Arguments, path: Place) -> list[str]:
    hidden = () if path.secret else but_secrets()
    if not (glob := wanted.get("glob")):
        chosen = "." if path.name == "." else f":(literal){path.name}"
        return [chosen, *hidden]
    anywhere = glob if "/" in glob else f"**/{glob}"
    below = (
        ""
        if path.name == "."
        else "".join(f"\\{char}" if char in "*?[\\" else char for char in path.name) + "/"
    )
    return [f":(glob){below}{anywhere}", *hidden]


TOOLS = (Tool(SEARCH, _freeze, _search),)
