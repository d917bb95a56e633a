"""The grammar of git: forced and deleting refspecs, configuration that runs programs, aliases."""

from __future__ import annotations

from typing import Final

import msgspec

from fleettui.core.policy.grammar import Grammar, grammar, verb
from fleettui.core.policy.parsed import Flag, Parsed
from fleettui.core.policy.tools.plain import reads_files

_GLOBAL: Final = (
    "-C= -c|--config-pair= !--exec-path? !--config-env= -p|--paginate -P|--no-pager"
    " --no-replace-objects --bare"
    " !--git-dir= !--work-tree= --namespace= --literal-pathspecs --glob-pathspecs"
    " --no-optional-locks"
    " --icase-pathspecs -v|--version -h|--help --attr-source= !--super-prefix="
)
_LOG: Final = (
    "--oneline --stat? -p|--patch -n|--max-count= --since= --until= --after= --before= --author="
    " --grep= --format= --pretty? --graph --decorate? --all --branches? --tags? --name-only"
    " --name-status --follow -S= -G= -L= -U|--unified= --color? --cached --staged --word-diff?"
    " --reverse --merges --no-merges --first-parent --date= --abbrev? --abbrev-commit --shortstat"
    " --numstat --summary --diff-filter= --check --raw --exit-code --quiet -w -b -M? -C? --no-index"
    " !--ext-diff !--textconv !--output= !--show-signature --no-ext-diff --no-textconv"
)
_ONTO: Final = (
    "-m|--message= -F|--file= -C|--reuse-message= -s|--signoff -q|--quiet -v|--verbose --no-edit"
    " -e|--edit --strategy= -X|--strategy-option= --onto= --abort --continue --skip --quit"
    " !-x|--exec= !-i|--interactive -n|--no-verify -S|--gpg-sign?"
)
_REMOTE: Final = (
    "-q|--quiet -v|--verbose --progress -4|--ipv4 -6|--ipv6 -o|--push-option= --depth= --tags"
    " -j|--jobs= --dry-run -n|--dry-run !--upload-pack= !--receive-pack= !--exec="
)
_VERBS: Final = {
    "status": verb("r", "-s|--short -b|--branch --porcelain? -u? --ignored? -z --long"),
    "diff": verb("r", _LOG),
    "log": verb("r", _LOG),
    "show": verb("r", _LOG),
    "shortlog": verb("r", _LOG),
    "whatchanged": verb("r", _LOG),
    "reflog": verb("r", _LOG),
    "reflog expire": verb("wd"),
    "reflog delete": verb("wd"),
    "reflog drop": verb("wd"),
    "reflog show": verb("r", _LOG),
    "reflog exists": verb("r"),
    "reflog list": verb("r"),
    "blame": verb("r", "-L= -w -C -M -s -e --date= --porcelain"),
    "describe": verb("r"),
    "annotate": verb("r"),
    "diff-tree": verb("r", _LOG),
    "diff-index": verb("r", _LOG),
    "diff-files": verb("r", _LOG),
    "rev-list": verb("r", _LOG),
    "rev-parse": verb("r"),
    "ls-files": verb("r"),
    "ls-tree": verb("r"),
    "cat-file": verb("r", "!--textconv !--filters"),
    "merge-base": verb("r"),
    "name-rev": verb("r"),
    "for-each-ref": verb("r"),
    "var": verb("r"),
    "show-ref": verb("r"),
    "count-objects": verb("r"),
    "check-ignore": verb("r"),
    "check-attr": verb("r"),
    "fsck": verb("r"),
    "help": verb("r"),
    "version": verb("r"),
    "grep": verb(
        "r",
        "-n -i -l -c -w -E -F -P -e= -f= -A= -B= -C= --max-depth= --or --and --not"
        " !-O|--open-files-in-pager? !--textconv",
    ),
    "ls-remote": verb("rn", _REMOTE),
    "archive": verb("w", "-o|--output= --format= --prefix= !--exec= !--remote="),
    "add": verb("w", "-A|--all -u|--update -p|--patch -f|--force -n|--dry-run -v -N"),
    "commit": verb(
        "w",
        f"{_ONTO} -a|--all --amend --author= --date= --allow-empty --fixup="
        " --squash= -t|--template= -c|--reedit-message= --trailer= --reset-author -p"
        " --allow-empty-message --no-verify --cleanup=",
    ),
    "notes list": verb("r"),
    "notes show": verb("r"),
    "notes add": verb("w", "-f|--force -m|--message= -F|--file= -C= -c= --allow-empty --ref="),
    "notes append": verb("w", "-m|--message= -F|--file= --ref="),
    "notes copy": verb("w", "-f --ref="),
    "notes edit": verb("w", "--ref=", "opens an editor"),
    "notes merge": verb("w", "--ref="),
    "notes remove": verb("wd", "--ref="),
    "notes prune": verb("wd", "--ref="),
    "branch": verb(
        "w",
        "^-d|--delete ^-D|--delete -m|--move ^-M|--move-force -c|--copy ^-f|--force"
        " -a|--all -r|--remotes -v|--verbose --list -u|--set-upstream-to= --contains?"
        " --merged? --no-merged? --show-current --sort= --format= --unset-upstream"
        " --edit-description -q -t|--track?",
    ),
    "tag": verb(
        "w",
        "^-d|--delete ^-f|--force -a|--annotate -m|--message= -F|--file= -l|--list?"
        " -n? -s|--sign -u|--local-user= -v|--verify --sort= --format= --points-at=",
    ),
    "checkout": verb(
        "w",
        "-b= -B= --orphan= ^-f|--force -q|--quiet -t|--track? --detach --ours"
        " --theirs -p|--patch -m|--merge",
    ),
    "switch": verb(
        "w",
        "-c|--create= ^-C|--force-create= ^-f|--force ^--discard-changes -d|--detach"
        " --orphan= -t|--track? -q",
    ),
    "restore": verb("wd", "-s|--source= -S|--staged -W|--worktree -p|--patch -q"),
    "reset": verb("w", "^--hard ^--merge ^--keep --soft --mixed -q|--quiet -p|--patch -N"),
    "clean": verb("wd", "-n|--dry-run -d -f|--force -x -X -q -i|--interactive -e|--exclude="),
    "rm": verb("wd", "--cached -r -f|--force -n|--dry-run -q"),
    "mv": verb("w", "-f|--force -k -n -v"),
    "merge": verb("w", f"{_ONTO} --ff --ff-only --no-ff --squash --no-commit"),
    "rebase": verb("w", f"{_ONTO} ^-f|--force-rebase ^--root --autostash"),
    "cherry-pick": verb("w", f"{_ONTO} --mainline="),
    "revert": verb("w", f"{_ONTO} --mainline="),
    "apply": verb("w", "--check --stat --cached --index -R|--reverse -p= --3way"),
    "am": verb("w", "--abort --continue --skip -3", ""),
    "format-patch": verb("w", _LOG),
    "stash": verb("w", "-m|--message= -u -a -k -q"),
    "stash list": verb("r", _LOG),
    "stash show": verb("r", _LOG),
    "stash push": verb("w", "-m|--message= -u -a -k -q"),
    "stash pop": verb("w"),
    "stash apply": verb("w"),
    "stash branch": verb("w"),
    "stash drop": verb("wd"),
    "stash clear": verb("wd"),
    "init": verb("w", "!--template= -b|--initial-branch= --bare -q !--separate-git-dir="),
    "clone": verb(
        "wn",
        f"{_REMOTE} -b|--branch= -o|--origin= --single-branch --bare --mirror"
        " !-u|--upload-pack= !-c|--config= !--template= !--recurse-submodules?"
        " !--recursive --filter= --reference= !--separate-git-dir= !--bundle-uri=",
    ),
    "fetch": verb(
        "wn",
        f"{_REMOTE} -a|--append --all ^-p|--prune ^-f|--force -t|--tags"
        " ^--prune-tags --unshallow --refmap= -u|--update-head-ok",
    ),
    "pull": verb(
        "wn",
        f"{_REMOTE} {_ONTO} -r|--rebase? --ff-only --no-rebase ^-f|--force --all"
        " --autostash ^-p|--prune",
    ),
    "push": verb(
        "wn",
        f"{_REMOTE} -u|--set-upstream ^-f|--force ^--force-with-lease?"
        " --force-if-includes ^-d|--delete ^--mirror ^--prune --all --branches --follow-tags"
        " --atomic --no-verify --signed? --repo= --porcelain --recurse-submodules?",
    ),
    "remote": verb("r", "-v|--verbose"),
    "remote show": verb("rn"),
    "remote get-url": verb("r"),
    "remote add": verb("w"),
    "remote rename": verb("w"),
    "remote set-url": verb("w"),
    "remote update": verb("wn"),
    "remote remove": verb("wd"),
    "remote prune": verb("wd"),
    "remote set-head": verb("w"),
    "remote set-branches": verb("w"),
    "config": verb("w", problem="git configuration can name programs to run"),
    "worktree list": verb("r"),
    "worktree add": verb("w", "-b= -B= -f|--force --detach"),
    "worktree remove": verb("wd", "-f|--force"),
    "worktree prune": verb("wd"),
    "gc": verb("wd"),
    "prune": verb("wd"),
    "repack": verb("wd"),
    "update-ref": verb("wd"),
    "filter-branch": verb("wd", problem="runs commands"),
    "symbolic-ref": verb("w", "^-d|--delete -q --short -m="),
    "replace": verb("wd"),
    "read-tree": verb("wd"),
    "update-index": verb("w"),
    "bisect": verb("w"),
    "bisect run": verb("w", problem="runs a program"),
    "submodule": verb("r"),
    "submodule status": verb("r"),
    "submodule summary": verb("r"),
    "submodule deinit": verb("wd"),
    "submodule add": verb("wn", problem="may run what the repository names"),
    "submodule foreach": verb("w", problem="runs a command in each submodule"),
    "submodule update": verb("wn", problem="may run what the repository names"),
    "hook": verb("w", problem="runs a hook"),
    "difftool": verb("w", problem="runs a program"),
    "mergetool": verb("w", problem="runs a program"),
    "daemon": verb("n", problem="opens a port"),
    "send-email": verb("n", problem="sends files"),
    "lfs": verb("wn", problem="a program of its own"),
    "credential": verb("s", problem="reads or stores passwords"),
    "for-each-repo": verb("w", problem="runs commands"),
    "maintenance": verb("wd"),
}
_QUIET_KEYS: Final = (
    "user.name",
    "user.email",
    "color.",
    "core.quotepath",
    "advice.",
    "log.date",
    "init.defaultbranch",
    "core.abbrev",
    "diff.algorithm",
    "commit.gpgsign",
    "tag.gpgsign",
)
# Verbs that list when nothing follows; what follows and isn't known may do anything.
_LISTING: Final = frozenset({("remote",), ("submodule",)})
_REMOTES: Final = frozenset(["clone", "fetch", "pull", "push", "ls-remote", "remote"])


def _inspect(parsed: Parsed) -> Parsed:
    for setting in parsed.all("--config-pair"):
        key = setting.split("=", 1)[0].lower()
        if not key.startswith(_QUIET_KEYS):
            parsed = parsed.marked(problem=f"git -c {key[:40]} can name a program", opaque=True)
    if parsed.verb == ("push",):
        parsed = _push(parsed)
    if parsed.verb in {("fetch",), ("pull",)}:
        parsed = _fetched(parsed)
    if parsed.verb == ("checkout",) and _overwrites(parsed):
        parsed = parsed.marked(risks="d")
    if parsed.verb in _LISTING and parsed.operands:
        problem = f"git has no verb {parsed.verb[0]} {parsed.operands[0][:40]} known here"
        parsed = parsed.marked(risks="w", problem=problem, opaque=True)
    if parsed.verb == ("clean",) and parsed.has("--dry-run"):
        parsed = Parsed(
            tool="git",
            verb=parsed.verb,
            flags=parsed.flags,
            words=parsed.words,
            operands=parsed.operands,
            risks="r",
            problem=parsed.problem,
            opaque=parsed.opaque,
        )
    if set(parsed.risks) <= {"r"}:
        parsed = _reads_outside(parsed)
    if (
        parsed.verb[:1]
        and parsed.verb[0] in _REMOTES
        and any("::" in word or "ProxyCommand" in word for word in parsed.operands)
    ):
        parsed = parsed.marked(problem="the address names a program", opaque=True)
    return parsed


def _reads_outside(parsed: Parsed) -> Parsed:
    """Look at `REV:FILE` as the file it names, and at the folder git is told to work in."""
    named = tuple(part for word in parsed.operands for part in word.split(":"))
    flags = tuple(flag for flag in parsed.flags if flag.name in {"-C", "--no-index"})
    seen = reads_files(msgspec.structs.replace(parsed, operands=named, flags=flags))
    return parsed.marked(risks="s") if "s" in seen.risks else parsed


def _overwrites(parsed: Parsed) -> bool:
    """Say whether `git checkout` puts files back, over what was changed in them."""
    switches = parsed.flag("-b", "-B", "--orphan", "--detach", "--track") is not None
    return bool({"--", "."} & {*parsed.words}) or (len(parsed.operands) > 1 and not switches)


def _fetched(parsed: Parsed) -> Parsed:
    """Mark a refspec with `+`: it throws away what the local branch had."""
    if any(ref.startswith("+") and ":" in ref for ref in parsed.operands[1:]):
        return parsed.marked(risks="d")
    return parsed


def _push(parsed: Parsed) -> Parsed:
    """Read refspecs, which say as much as a flag: `+ref` forces, `:ref` deletes."""
    refspecs = parsed.operands if parsed.flag("--repo") else parsed.operands[1:]
    if any(ref.startswith((":", "+")) for ref in (*refspecs, *parsed.operands[1:])):
        parsed = _forced(parsed)
    if parsed.has("--force-with-lease", "--mirror"):
        parsed = _forced(parsed)
    return parsed


def _forced(parsed: Parsed) -> Parsed:
    return msgspec.structs.replace(parsed.marked(risks="d"), flags=(*parsed.flags, Flag("--force")))


GIT: Final[Grammar] = grammar(
    "git",
    _VERBS,
    flags=_GLOBAL,
    inspect=_inspect,
    globals_first=True,
    aliases="stage=add rm=remove",
)
