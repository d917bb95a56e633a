"""Judges an action by the rules: every part of it, deny over ask over allow."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

import msgspec

from fleettui.core.errors import Refused
from fleettui.core.foreign import PREFIX, is_foreign
from fleettui.core.model import Facts, Risk
from fleettui.core.policy.command import Command, command_of
from fleettui.core.policy.judgement import Judgement, strictest
from fleettui.core.policy.parsed import risk_names
from fleettui.core.policy.pattern import Pattern, exact, parse_pattern, permits, stops
from fleettui.core.policy.rules import Chained, PolicyRules
from fleettui.core.policy.script import read_script
from fleettui.core.policy.words import MAX_BYTES, MAX_WORDS, argv_refusal, tool_name
from fleettui.core.policy.wrappers import unwrap

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
_MAX_DEPTH: Final = 8
_MAX_PARTS: Final = 512
# What runs a command: ours, and what an agent runs itself.
_RUNNING: Final = frozenset({"run", f"{PREFIX}execute", f"{PREFIX}terminal"})
_COMMAND_TOOLS: Final = _RUNNING | {"shell"}
_NEVER_ALWAYS: Final[frozenset[Risk]] = frozenset({"destructive", "secret"})


def judge(facts: Facts, rules: PolicyRules, *, agent: str) -> Judgement:
    """Judge a tool call that was nailed down to `facts`, as `agent` asks for it."""
    if facts.tool == "shell" or (facts.tool in _RUNNING and not facts.argv):
        script = facts.arguments.get("script", "")
        judged = judge_script(script if isinstance(script, str) else "", rules, agent=agent)
    elif facts.argv and facts.tool not in READ_TOOLS:
        judged = judge_command(facts.argv, rules, agent=agent, cwd=facts.cwd, program=facts.program)
    else:
        judged = _tool_call(facts, rules, agent)
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
    return _offer(judged, facts.argv)


def judge_command(
    argv: tuple[str, ...],
    rules: PolicyRules,
    *,
    agent: str = "",
    cwd: str = "",  # noqa: ARG001 - bound by the digest; no rule looks at it yet
    program: str = "",
) -> Judgement:
    """Judge an argv; `program` is the file argv[0] resolves to, where that is known."""
    if len(argv) > MAX_WORDS or sum(map(len, argv)) > MAX_BYTES:
        return Judgement(decision="ask", rule="the command is too long to be analysed")
    if reason := argv_refusal(argv):
        return Judgement(decision="deny", rule=reason)
    bench = _Bench(rules, agent)
    bench.command(argv, 0)
    bench.resolved(argv, program)
    judged = bench.sum()
    if judged.decision == "ask" and not bench.caught and (rule := bench.exact_rule(argv)):
        judged = msgspec.structs.replace(judged, decision="allow", rule=rule, chain="")
    return _offer(judged, argv)


def judge_script(text: str, rules: PolicyRules, *, agent: str = "") -> Judgement:
    """Judge a shell script: a plain one by all its commands, any other one asks."""
    bench = _Bench(rules, agent)
    bench.script(text, 0)
    return bench.sum()


def risks_of(argv: tuple[str, ...]) -> tuple[Risk, ...]:
    """Return what kinds of effect an argv has; what can't be analysed counts as write."""
    judged = judge_command(argv, PolicyRules())
    return judged.risks or ("write",)


class _Bench:
    """Collects the judgements of all parts of one action."""

    def __init__(self, rules: PolicyRules, agent: str) -> None:
        self.rules = rules
        self.agent = agent
        self.parts: list[Judgement] = []
        self.caught = False

    def sum(self) -> Judgement:
        if not self.parts:
            self._unanalysable("nothing in it could be read")
        return strictest(self.parts, self.rules.chains)

    def command(self, argv: tuple[str, ...], depth: int) -> None:
        """Judge a command, or what it wraps."""
        if reason := argv_refusal(argv):
            self.parts.append(Judgement(decision="deny", rule=reason))
            return
        if depth > _MAX_DEPTH or len(self.parts) > _MAX_PARTS:
            self._unanalysable("the command has too many parts to be analysed")
            return
        tool, trusted = tool_name(argv[0])
        inner = unwrap(tool, argv)
        if inner is None:
            self.parts.append(self._judged(command_of(argv)))
            return
        self._named(argv)
        if not trusted:
            self._unanalysable(f"{argv[0][:80]} is not in a system folder")
        if inner.problem:
            self._unanalysable(inner.problem)
        for part in inner.parts:
            self.command(part, depth + 1)
        for script in inner.scripts:
            self.script(script, depth + 1)

    def script(self, text: str, depth: int) -> None:
        """Judge a script's commands; one that isn't plain is asked with the chain found in it."""
        script = read_script(text)
        if script.refused:
            malformed = script.refused.endswith("valid bash")
            decision = self.rules.malformed if malformed else "deny"
            self.parts.append(Judgement(decision=decision, rule=script.refused))
        if script.problem:
            self._unanalysable(script.problem)
        for argv in script.commands[: _MAX_PARTS + 2]:
            if script.problem and not argv[0].strip():
                continue
            self.command(argv, depth + 1)

    def resolved(self, argv: tuple[str, ...], program: str) -> None:
        """Take a link to rm for rm: patterns are held against the file's own name too."""
        name = program.rpartition("/")[2]
        if name and name != tool_name(argv[0])[0] and not argv_refusal((name,)):
            self._named((name, *argv[1:]))

    def exact_rule(self, argv: tuple[str, ...]) -> str:
        """Return the allow rule that spells this argv word for word."""
        for pattern in self.allowing():
            if exact(pattern, argv):
                return f"allow: {pattern.text}"
        return ""

    def allowing(self) -> Iterator[Pattern]:
        """Yield what allows: the file's rules, then the answers saved for this agent."""
        yield from self.rules.allow
        for rule in self.rules.saved:
            if rule.agent in {"", self.agent}:
                yield rule.pattern

    def _unanalysable(self, reason: str) -> None:
        decision = self.rules.unanalysable
        self.parts.append(Judgement(decision=decision, rule=reason, risks=("write",)))

    def _named(self, argv: tuple[str, ...]) -> None:
        """Hold deny and require_approval patterns against a wrapper's own words."""
        command = command_of(argv)
        if (stopped := self.stopped(command)) is not None:
            self.parts.append(stopped)

    def stopped(self, command: Command) -> Judgement | None:
        risks = risk_names(command.parsed.risks)
        for pattern in self.rules.deny:
            if stops(pattern, command):
                self.caught = True
                return Judgement(decision="deny", rule=f"deny: {pattern.text}", risks=risks)
        found = [rule for rule in self.rules.require_approval if stops(rule.pattern, command)]
        if not found:
            return None
        self.caught = True
        return strictest((_asked(rule, risks) for rule in found), self.rules.chains)

    def _judged(self, command: Command) -> Judgement:
        if (stopped := self.stopped(command)) is not None:
            return stopped
        risks = risk_names(command.parsed.risks)
        for pattern in self.allowing():
            if permits(pattern, command):
                return Judgement(decision="allow", rule=f"allow: {pattern.text}", risks=risks)
        if command.problem:
            return Judgement(decision=self.rules.unanalysable, rule=command.problem, risks=risks)
        return self._by_default(risks, command.tool)

    def _by_default(self, risks: tuple[Risk, ...], tool: str) -> Judgement:
        otherwise = self.rules.otherwise
        if otherwise == "deny":
            return Judgement(decision="deny", rule=f"no rule allows {tool}", risks=risks)
        if "destructive" in risks:
            return Judgement(decision="ask", rule="it destroys something", risks=risks)
        if otherwise == "ask" and risks == ("read",):
            return Judgement(decision="allow", rule="it only reads", risks=risks)
        return Judgement(decision=otherwise, rule=f"no rule names this use of {tool}", risks=risks)


def _asked(rule: Chained, risks: tuple[Risk, ...]) -> Judgement:
    text = f"require_approval: {rule.pattern.text}"
    return Judgement(decision="ask", rule=text, chain=rule.chain, risks=risks)


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
    path = facts.arguments.get("path", "")
    return (facts.tool, path) if isinstance(path, str) and path else (facts.tool,)


def _tool_call(facts: Facts, rules: PolicyRules, agent: str) -> Judgement:
    """Judge a tool that runs no program: its name and the path it works on stand as its words."""
    words = _call_words(facts)
    if reason := argv_refusal(words):
        return Judgement(decision="deny", rule=reason)
    command = command_of(words)
    patterns = _Bench(rules, agent)
    return patterns.stopped(command) or _default_call(facts, patterns, command)


def _default_call(facts: Facts, bench: _Bench, command: Command) -> Judgement:
    only_reads = facts.risks in {("read",), ()} and facts.tool in READ_TOOLS
    if only_reads or (facts.risks == ("read",) and facts.tool not in _COMMAND_TOOLS):
        return Judgement(decision="allow", rule="it only reads", risks=("read",))
    if facts.tool in _MEMORY_TOOLS:
        rule = "it only writes the fleet's shared memory"
        return Judgement(decision="allow", rule=rule, risks=facts.risks)
    for pattern in bench.allowing():
        if permits(pattern, command):
            return Judgement(decision="allow", rule=f"allow: {pattern.text}", risks=facts.risks)
    return Judgement(decision="ask", rule=f"no rule allows {facts.tool}", risks=facts.risks)
