"""The git tools: what changed, what was committed, how a file was."""

from __future__ import annotations

from typing import Final

from fleettui.adapters.tools.bounds import page
from fleettui.adapters.tools.changes import Change, changes_of, diff_text, list_changes
from fleettui.adapters.tools.git import NO_PROGRAMS, Repository, but_secrets, find_repository
from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.adapters.tools.workspace import Place, confine, looks_secret, real_root
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, Risk, ToolResult, Workplace

NO_REPOSITORY: Final = "There is no git repository here: no history and no changes to show."
_NO_COMMITS: Final = "The repository has no commits yet."
_NO_CHANGES: Final = "There are no changes: nothing uncommitted, and no commit to look at."
_PATH: Final = {"type": "string", "description": "A file or folder, relative to the workspace."}

GIT_DIFF = spec(
    "git_diff",
    "Show the changes under review as a unified diff: by default the uncommitted ones (staged, "
    "unstaged and untracked), else the last commit. Long diffs are cut with a notice; go on with "
    "path or start_line. Begin with stat=true to see which files changed.",
    base={"type": "string", "description": "Show everything since this revision instead."},
    path=_PATH,
    stat={"type": "boolean", "description": "Only the files with their added and deleted lines."},
    names_only={"type": "boolean", "description": "Only the names of the changed files."},
    start_line={"type": "integer", "minimum": 1, "description": "Line of the diff to start at."},
)
GIT_LOG = spec(
    "git_log",
    "List the last commits: id, date, author and subject.",
    n={"type": "integer", "minimum": 1, "maximum": 200, "description": "How many; default 20."},
    path=_PATH,
)
GIT_SHOW = spec(
    "git_show",
    "Show one commit with its diff, or with a path the file as it was in that revision.",
    ("rev",),
    rev={"type": "string", "description": "A commit id, branch, tag or HEAD~1."},
    path=_PATH,
    start_line={"type": "integer", "minimum": 1, "description": "Line to start at."},
)


async def _freeze(name: str, arguments: Arguments, place: Workplace) -> Facts:
    root = real_root(place.workspace)
    risks: tuple[Risk, ...] = ("read",)
    if path := arguments.get("path"):
        risks = ("read", "secret") if confine(root, path).secret else risks
    for revision in (arguments.get("rev"), arguments.get("base")):
        if revision is not None and (revision.startswith("-") or not revision.strip()):
            raise ToolFailed(
                f"{revision!r} is not a revision", "give a commit id, a branch, a tag or HEAD~1"
            )
    return Facts(name, arguments, cwd=root, risks=risks)


async def _freeze_diff(arguments: Arguments, place: Workplace, _around: Surroundings) -> Facts:
    if place.base and not arguments.get("base"):
        arguments = {"base": place.base, **arguments}
    return await _freeze("git_diff", arguments, place)


async def _freeze_log(arguments: Arguments, place: Workplace, _around: Surroundings) -> Facts:
    return await _freeze("git_log", arguments, place)


async def _freeze_show(arguments: Arguments, place: Workplace, _around: Surroundings) -> Facts:
    return await _freeze("git_show", arguments, place)


async def _diff(facts: Facts, place: Workplace, around: Surroundings) -> ToolResult:
    repository = await find_repository(place.workspace, around)
    if repository is None:
        return ToolResult(NO_REPOSITORY)
    wanted = facts.arguments
    scope = await changes_of(repository, wanted.get("base", ""))
    if scope is None:
        return ToolResult(_NO_CHANGES)
    path = _place(place, wanted.get("path"))
    changes = await list_changes(repository, scope, path)
    if not changes:
        return ToolResult(f"# {scope.title}\nNo file changed{_below(path)}.")
    if wanted.get("names_only"):
        return page(f"# {scope.title}", [change.path for change in changes], 1)
    if wanted.get("stat"):
        return page(f"# {scope.title}", [*map(str, changes), _totals(changes)], 1)
    lines = (await diff_text(repository, scope, path)).split("\n")
    head = f"# {scope.title}"
    if hidden := [change.path for change in changes if not path and looks_secret(change.path)]:
        head += f"\n# left out, they look secret (ask by path): {', '.join(hidden)}"
    shown = page(head, lines, wanted.get("start_line", 1), more="or one path at a time")
    return shown if not shown.size else _with_summary(shown, changes)


async def _log(facts: Facts, place: Workplace, around: Surroundings) -> ToolResult:
    repository = await find_repository(place.workspace, around)
    if repository is None:
        return ToolResult(NO_REPOSITORY)
    if not await repository.commit("HEAD"):
        return ToolResult(_NO_COMMITS)
    path = _place(place, facts.arguments.get("path"))
    text = await repository.lines(
        "log", f"--max-count={facts.arguments.get('n', 20)}", "--no-show-signature", "--no-notes",
        "--no-decorate", "--no-color", "--encoding=UTF-8", "--date=short",
        "--format=%h %ad %an: %s", "HEAD", "--", f":(literal){path.name}" if path else ".",
    )  # fmt: skip
    return page("", text.splitlines() or [f"No commit touches {facts.arguments.get('path')}."], 1)


async def _show(facts: Facts, place: Workplace, around: Surroundings) -> ToolResult:
    repository = await find_repository(place.workspace, around)
    if repository is None:
        return ToolResult(NO_REPOSITORY)
    commit = await repository.commit(facts.arguments["rev"])
    if not commit:
        raise ToolFailed(
            f"there is no revision {facts.arguments['rev']!r}", "name one that git_log shows"
        )
    start = facts.arguments.get("start_line", 1)
    if path := _place(place, facts.arguments.get("path")):
        return await _file_at(repository, commit, path, start)
    text = await repository.lines(
        "show", *NO_PROGRAMS, "--no-show-signature", "--no-notes", "--encoding=UTF-8", "--stat",
        "--patch", "--relative", "--diff-merges=first-parent", "--format=fuller", commit, "--",
        ".", *but_secrets(),
    )  # fmt: skip
    return page("", text.split("\n"), start)


async def _file_at(repository: Repository, commit: str, path: Place, start: int) -> ToolResult:
    ended = await repository.git("cat-file", "blob", f"{commit}:./{path.name}")
    if ended.exit_code:
        raise ToolFailed(
            f"{path.name} is no file in {commit[:10]}", "see what changed with git_show or git_log"
        )
    if b"\0" in ended.output[:8_000]:
        return ToolResult(f"{path.name} in {commit[:10]} is binary, {ended.size:,} bytes.")
    return page(f"# {path.name} in {commit[:10]}", ended.text.split("\n"), start)


def _place(place: Workplace, path: str | None) -> Place | None:
    return confine(place.workspace, path) if path else None


def _below(path: Place | None) -> str:
    return f" below {path.name}" if path else ""


def _totals(changes: list[Change]) -> str:
    added = sum(change.added or 0 for change in changes)
    deleted = sum(change.deleted or 0 for change in changes)
    files = "1 file" if len(changes) == 1 else f"{len(changes)} files"
    return f"= {files} changed, {added} lines added, {deleted} deleted"


def _with_summary(shown: ToolResult, changes: list[Change]) -> ToolResult:
    rows = [*map(str, changes[:50]), *(["..."] if len(changes) > 50 else []), _totals(changes)]
    return ToolResult("\n".join([shown.output, "# all changed files:", *rows]), size=shown.size)


TOOLS = (
    Tool(GIT_DIFF, _freeze_diff, _diff),
    Tool(GIT_LOG, _freeze_log, _log),
    Tool(GIT_SHOW, _freeze_show, _show),
)
