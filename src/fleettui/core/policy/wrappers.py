"""Takes a command out of its wrappers: env, sudo, xargs, sh -c, find -exec, kubectl exec, ssh."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from fleettui.core.policy.grammar import FlagTable, Grammar, Verb, flag_table
from fleettui.core.policy.parsed import Flag, Parsed
from fleettui.core.policy.reader import read
from fleettui.core.policy.runners import POSIX_SHELLS, RUNNERS, SHELLS, Runner
from fleettui.core.policy.tools.table import GRAMMARS

_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_QUIET_NAME: Final = re.compile(
    r"(LANG|LC_[A-Z]+|LANGUAGE|TZ|TERM|NO_COLOR|CLICOLOR|FORCE_COLOR|COLUMNS|LINES|CI|DEBIAN_FRONTEND"
    r"|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE)="
)
_ENV_FLAGS: Final = flag_table(
    "-i|--ignore-environment -u|--unset= -C|--chdir= -S|--split-string= -0|--null -v|--debug"
    " --block-signal? --default-signal? --ignore-signal? -a|--argv0= -P="
)
_EXEC_FLAGS: Final = (
    "-n|--namespace= -c|--container= -i|--stdin -t|--tty -q|--quiet -f|--filename= --context="
    " -e|--env= -u|--user= -w|--workdir= -d|--detach --privileged --index= -T"
)
_RUN_FLAGS: Final = (
    f"{_EXEC_FLAGS} -v|--volume= -p|--publish= --name= --rm --network= --net= --entrypoint= -m="
    " --mount= --env-file= -h|--hostname= --add-host= --cpus= -l|--label= --platform= --pull="
    " --restart= --user= --device= --cap-add= --cap-drop= --security-opt= --pid= --ipc= --gpus="
    " --tmpfs= --memory= --init --read-only --image= --overrides= --command -it --link= --dns="
)
_MASS: Final = frozenset(
    ["rm", "rmdir", "unlink", "shred", "truncate", "mv", "chmod", "chown", "tee", "dd"]
)


class Unwrapped(msgspec.Struct, frozen=True):
    """What a wrapper runs: whole commands, scripts, and why the wrapper itself must be asked."""

    parts: tuple[tuple[str, ...], ...] = ()
    scripts: tuple[str, ...] = ()
    problem: str = ""


def unwrap(tool: str, argv: tuple[str, ...]) -> Unwrapped | None:
    """Return what `argv` runs, or None if `tool` is no wrapper."""
    rest = argv[1:]
    if tool in SHELLS:
        return _shell(tool, rest)
    if tool == "env":
        return _env(rest)
    if tool == "find":
        return _find(rest)
    if tool in {"kubectl", "docker", "podman"}:
        return _container(tool, rest)
    if tool == "eval":
        return Unwrapped(scripts=(" ".join(rest),), problem="eval reads its words again")
    if (runner := RUNNERS.get(tool)) is not None:
        return _run(tool, runner, rest)
    return None


def _run(tool: str, runner: Runner, words: tuple[str, ...]) -> Unwrapped:
    read_words = _options(runner.flags, words)
    problem = f"{tool} {runner.opaque}" if runner.opaque else ""
    if any(not re.match(r"-\d+\Z", flag.name) for flag in _unknown(runner, read_words.flags)):
        problem = problem or f"{tool} has a flag not known here"
    scripts = read_words.all(runner.script_flag) if runner.script_flag else ()
    inner = read_words.operands[runner.skip :]
    if tool in {"sudo", "doas", "numactl", "time"} or runner.how == "either":
        while inner and _ASSIGNMENT.match(inner[0]):
            problem = problem or "sets variables"
            inner = inner[1:]
    if runner.how == "shell" or (runner.how == "either" and not read_words.has("--exec")):
        scripts = (*scripts, " ".join(inner)) if inner else scripts
        inner = inner if runner.how == "either" else ()
    if tool == "command" and read_words.flag("-v", "-V") and not problem:
        return Unwrapped(parts=(("true",),))
    if not inner and not scripts:
        problem = problem or f"{tool} without a command"
    if tool == "flock" and inner[:1] in {("-c",), ("--command",)}:
        return Unwrapped(scripts=inner[1:2], problem=problem)
    return Unwrapped((inner,) if inner else (), scripts, problem)


def _unknown(runner: Runner, flags: tuple[Flag, ...]) -> list[Flag]:
    known = {spec.name for spec in runner.flags.values()}
    return [flag for flag in flags if flag.name not in known]


def _options(flags: FlagTable, words: tuple[str, ...]) -> Parsed:
    grammar = Grammar(tool="wrapper", verbs={"": Verb("", flags)}, stop_at_operand=True)
    return read(grammar, words)


def _env(words: tuple[str, ...]) -> Unwrapped:
    parsed = _options(_ENV_FLAGS, words)
    inner = parsed.operands[1:] if parsed.operands[:1] == ("-",) else parsed.operands
    problem = ""
    if parsed.flag("--chdir", "-P", "--argv0"):
        problem = "env changes where it runs"
    while inner and "=" in inner[0]:
        if not _QUIET_NAME.match(inner[0]):
            problem = problem or f"env sets {inner[0].split('=')[0][:40]}"
        inner = inner[1:]
    if (split := parsed.flag("--split-string")) is not None:
        script = " ".join(((split.value or ""), *inner))
        return Unwrapped(scripts=(script,), problem="env -S splits a text into words")
    if not inner:
        return Unwrapped(problem=problem or "env shows every variable")
    return Unwrapped(parts=(inner,), problem=problem)


def _shell(tool: str, words: tuple[str, ...]) -> Unwrapped:
    at, script = 0, False
    while at < len(words) and words[at][:1] in {"-", "+"} and len(words[at]) > 1:
        word = words[at]
        at += 1
        if word in {"--", "-"}:
            break
        if word in {"--rcfile", "--init-file"}:
            return Unwrapped(
                (words[at:],) if words[at:] else (), words[at:], f"{tool} reads a file"
            )
        if word.startswith("--"):
            continue
        script = script or (word[0] == "-" and "c" in word)
        at += sum(word.count(letter) for letter in "oO")
    rest = words[at:]
    if not script:
        return Unwrapped(problem=f"{tool} runs a script that is not shown", scripts=())
    if not rest:
        return Unwrapped(problem=f"{tool} -c without a script")
    odd = "" if tool in POSIX_SHELLS else f"{tool} reads scripts in its own way"
    if len(rest) > 1 and "$" in rest[0]:
        return Unwrapped((rest[1:],), rest[:1], "the script uses words given to it")
    return Unwrapped((), rest[:1], odd)


def _find(words: tuple[str, ...]) -> Unwrapped | None:
    parts: list[tuple[str, ...]] = []
    kept: list[str] = []
    problem = ""
    at = 0
    while at < len(words):
        if words[at] in {"-exec", "-execdir", "-ok", "-okdir"}:
            end = at + 1
            while (
                end < len(words) and words[end] != ";" and words[end - 1 : end + 1] != ("{}", "+")
            ):
                end += 1
            inner = words[at + 1 : end]
            parts.append(inner)
            if not inner or "{}" in inner[0] or inner[0].rpartition("/")[2] in SHELLS:
                problem = "find runs a program by the names it finds"
            elif inner[0].rpartition("/")[2] in _MASS:
                problem = "find hands a program that changes files all the names it finds"
            at = end
        else:
            kept.append(words[at])
        at += 1
    if not parts:
        return None
    outer = ("find", *kept)
    return Unwrapped((*(part for part in parts if part), outer), problem=problem)


_EXECS: Final[dict[tuple[str, ...], str]] = {
    ("exec",): _EXEC_FLAGS,
    ("run",): _RUN_FLAGS,
    ("debug",): _RUN_FLAGS,
    ("container", "exec"): _EXEC_FLAGS,
    ("container", "run"): _RUN_FLAGS,
    ("container", "create"): _RUN_FLAGS,
    ("compose", "exec"): _EXEC_FLAGS,
    ("compose", "run"): _RUN_FLAGS,
}


def _container(tool: str, words: tuple[str, ...]) -> Unwrapped | None:
    """`kubectl exec POD -- CMD`, `docker run IMAGE CMD`: the inner command, and a question."""
    spoken = read(GRAMMARS[tool], words)
    options = _EXECS.get(spoken.verb)
    if options is None or spoken.verb[-1] not in words:
        return None
    rest = words[words.index(spoken.verb[-1]) + 1 :]
    if tool == "kubectl" and "--" in rest:
        inner = rest[rest.index("--") + 1 :]
    else:
        inner = _options(flag_table(options), rest).operands[1:]
        inner = inner[1:] if inner[:1] == ("--",) else inner
    if not inner:
        return None
    return Unwrapped((inner,), problem=f"{tool} {spoken.verb[-1]} runs a program in a container")
