"""Judges an action by the rules: every part of it, deny over ask over allow."""

from __future__ import annotations

import shlex
from typing import Final, NamedTuple

import msgspec

from fleettui.core.errors import Refused
from fleettui.core.foreign import PREFIX, is_foreign
from fleettui.core.model import Facts, Risk
from fleettui.core.policy.bench import Bench, Part
from fleettui.core.policy.command import Command, command_of
from fleettui.core.policy.judgement import Judgement
from fleettui.core.policy.parsed import risk_names
from fleettui.core.policy.pattern import parse_pattern, permits
from fleettui.core.policy.rules import PolicyRules
from fleettui.core.policy.words import MAX_BYTES, MAX_WORDS, argv_refusal

READ_TOOLS: Final = frozenset(
    [
        "read_file",
        "list_files",
        "search",
        "git_diff",
        "git_log",
        "git_show",
        "lint",
        "submit_result",
        "send_message",
        "broadcast",
        "publish",
        "subscribe",
        "ask_agent",
        "delegate",
        "send_back",
        "recall",
    ]
)
# They write, but nothing outside the memory that the fleet's file gives it.
_MEMORY_TOOLS: Final = frozenset({"remember", "forget"})
# The arguments that stand as words behind the name of a tool that runs no program.
_CALL_WORDS: Final = {"http_request": ("method", "url")}
# What runs a command: ours, and what an agent runs itself.
_RUNNING: Final = frozenset({"run", f"{PREFIX}execute", f"{PREFIX}terminal"})
_COMMAND_TOOLS: Final = _RUNNING | {"shell"}
_NEVER_ALWAYS: Final[frozenset[Risk]] = frozenset({"destructive", "secret"})


class Verdict(NamedTuple):
    """What is said about a whole action, and about each part of it."""

    judgement: Judgement
    parts: tuple[Part, ...] = ()


def judge(facts: Facts, rules: PolicyRules, *, agent: str, entry: str = "") -> Judgement:
    """Judge a tool call that was nailed down to `facts`, as `agent` (of `entry`) asks for it."""
    bench = Bench(rules, agent, entry=entry, tool=facts.tool)
    if facts.tool == "shell" or (facts.tool in _RUNNING and not facts.argv):
        script = facts.arguments.get("script", "")
        judged = _script(bench, script if isinstance(script, str) else "").judgement
    elif facts.argv and facts.tool not in READ_TOOLS:
        judged = _argv(bench, facts.argv, facts.program).judgement
    else:
        judged = _tool_call(facts, bench)
    present = {*facts.risks, *judged.risks}
    risks = tuple(risk for risk in risk_names("rwnsd") if risk in present)
    judged = msgspec.structs.replace(judged, risks=risks, always="")
    if facts.problem and judged.decision != "deny":
        reason = f"it can't be analysed: {facts.problem}"
        return msgspec.structs.replace(judged, decision="ask", rule=reason, always="")
    if facts.tool in READ_TOOLS or not facts.argv:
        # A foreign tool without a path would be allowed whatever it does.
        whole = is_foreign(facts.tool) and "path" not in facts.arguments
        if facts.tool in _COMMAND_TOOLS or whole:
            return judged
        return _offer(judged, _call_words(facts))
    return judged if facts.tool == "shell" else _offer(judged, facts.argv)


def judge_command(
    argv: tuple[str, ...],
    rules: PolicyRules,
    *,
    agent: str = "",
    entry: str = "",
    program: str = "",
) -> Judgement:
    """Judge an argv; `program` is the file argv[0] resolves to, where that is known."""
    return _argv(Bench(rules, agent, entry=entry), argv, program).judgement


def judge_script(text: str, rules: PolicyRules, *, agent: str = "", entry: str = "") -> Judgement:
    """Judge a shell script: a plain one by all its commands, any other one asks."""
    return _script(Bench(rules, agent, entry=entry), text).judgement


def explain(what: str | tuple[str, ...], rules: PolicyRules, *, entry: str = "") -> Verdict:
    """Judge a script, or an argv, and keep what was said about each part."""
    bench = Bench(rules, entry=entry)
    return _script(bench, what) if isinstance(what, str) else _argv(bench, what)


def _argv(bench: Bench, argv: tuple[str, ...], program: str = "") -> Verdict:
    if len(argv) > MAX_WORDS or sum(map(len, argv)) > MAX_BYTES:
        bench.unanalysable("the command is too long to be analysed")
        return Verdict(bench.sum(), tuple(bench.parts))
    bench.command(argv, 0)
    if program and argv and argv[0]:
        bench.resolved(argv, program)
    judged = bench.sum()
    if judged.decision == "ask" and not bench.caught and (rule := bench.exact_rule(argv)):
        judged = msgspec.structs.replace(judged, decision="allow", rule=rule, chain="")
    return Verdict(_offer(judged, argv), tuple(bench.parts))


def _script(bench: Bench, text: str) -> Verdict:
    bench.script(text, 0)
    return Verdict(bench.sum(), tuple(bench.parts))


def risks_of(argv: tuple[str, ...]) -> tuple[Risk, ...]:
    """Return what kinds of effect an argv has; what can't be analysed counts as write."""
    judged = judge_command(argv, PolicyRules())
    return judged.risks or ("write",)


def _offer(judged: Judgement, argv: tuple[str, ...]) -> Judgement:
    """Offer "always" for an ask that no rule demands and that destroys or reveals nothing."""
    if judged.decision != "ask" or judged.rule.startswith("require_approval:"):
        return judged
    if set(judged.risks) & _NEVER_ALWAYS or judged.chain:
        return judged
    text = shlex.join(argv)
    # A star would allow more than was shown.
    if "*" in text:
        return judged
    try:
        parse_pattern(text)
    except Refused:
        return judged
    return msgspec.structs.replace(judged, always=text)


def _call_words(facts: Facts) -> tuple[str, ...]:
    given = (facts.arguments.get(name, "") for name in _CALL_WORDS.get(facts.tool, ("path",)))
    return (facts.tool, *(word for word in given if isinstance(word, str) and word))


def _tool_call(facts: Facts, bench: Bench) -> Judgement:
    """Judge a tool that runs no program: its name and the path it works on stand as its words."""
    words = _call_words(facts)
    if reason := argv_refusal(words):
        return Judgement(decision="deny", rule=reason)
    command = command_of(words)
    return bench.stopped(command) or _default_call(facts, bench, command)


def _default_call(facts: Facts, bench: Bench, command: Command) -> Judgement:
    only_reads = facts.risks in {("read",), ()} and facts.tool in READ_TOOLS
    if only_reads or (facts.risks == ("read",) and facts.tool not in _COMMAND_TOOLS):
        return Judgement(decision="allow", rule="it only reads", risks=("read",))
    if facts.tool in _MEMORY_TOOLS:
        rule = "it only writes the fleet's shared memory"
        return Judgement(decision="allow", rule=rule, risks=facts.risks)
    if facts.tool == "http_request" and facts.risks == ("read", "network"):
        rule = "it only reads, from a host that its file allows"
        return Judgement(decision="allow", rule=rule, risks=facts.risks)
    for pattern in bench.allowing():
        if permits(pattern, command):
            return Judgement(decision="allow", rule=f"allow: {pattern.text}", risks=facts.risks)
    return Judgement(decision="ask", rule=f"no rule allows {facts.tool}", risks=facts.risks)
