"""The bench where one action is taken apart: every part of it is judged by the rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from fleettui.core.model import Risk
from fleettui.core.policy.command import Command, command_of
from fleettui.core.policy.fence import beyond
from fleettui.core.policy.judgement import Judgement, strictest
from fleettui.core.policy.parsed import risk_names
from fleettui.core.policy.pattern import Pattern, exact, permits, stops
from fleettui.core.policy.rules import Chained, PolicyRules
from fleettui.core.policy.script import read_script
from fleettui.core.policy.words import argv_refusal, tool_name
from fleettui.core.policy.wrappers import unwrap

_MAX_DEPTH: Final = 8
_MAX_PARTS: Final = 512


class Part(msgspec.Struct, frozen=True):
    """One part of an action and what was said about it; `argv` is empty where it is no command."""

    judgement: Judgement
    argv: tuple[str, ...] = ()
    command: Command | None = None


class Bench:
    """Collects the judgements of all parts of one action."""

    def __init__(
        self, rules: PolicyRules, agent: str = "", *, entry: str = "", tool: str = ""
    ) -> None:
        """`agent` asks, as a replica of `entry`, through `tool`."""
        self.rules, self.agent = rules, agent
        self.parts: list[Part] = []
        self.caught = False
        self._fences = rules.fences_of(entry or agent, tool) if rules.fences else ()

    def sum(self) -> Judgement:
        if not self.parts:
            self.unanalysable("nothing in it could be read")
        return strictest([part.judgement for part in self.parts], self.rules.chains)

    def command(self, argv: tuple[str, ...], depth: int) -> None:
        """Judge a command, or what it wraps."""
        if reason := argv_refusal(argv):
            empty = not argv or not argv[0].strip()
            self._add(self.rules.malformed if empty else self.rules.controls, reason, argv)
            if empty or self.rules.controls == "deny":
                return
        if depth > _MAX_DEPTH or len(self.parts) > _MAX_PARTS:
            self.unanalysable("the command has too many parts to be analysed", argv)
            return
        tool, trusted = tool_name(argv[0])
        inner = unwrap(tool, argv)
        if inner is None:
            command = command_of(argv)
            self.parts.append(Part(self._judged(command), argv, command))
            return
        self.named(argv)
        if not trusted:
            self.unanalysable(f"{argv[0][:80]} is not in a system folder", argv)
        if inner.problem:
            self.unanalysable(inner.problem, argv)
        for part in inner.parts:
            self.command(part, depth + 1)
        for script in inner.scripts:
            self.script(script, depth + 1)

    def script(self, text: str, depth: int) -> None:
        """Judge a script's commands; one that isn't plain is asked with the chain found in it."""
        script = read_script(text, controls=self.rules.controls == "deny")
        if script.refused:
            decision = self.rules.malformed if script.malformed else self.rules.controls
            self._add(decision, script.refused)
        if script.problem:
            self.unanalysable(script.problem)
        for argv in script.commands[: _MAX_PARTS + 2]:
            if (script.problem or script.refused) and not argv[0].strip():
                continue
            self.command(argv, depth + 1)

    def resolved(self, argv: tuple[str, ...], program: str) -> None:
        """Take a link to rm for rm: patterns are held against the file's own name too."""
        name = program.rpartition("/")[2]
        if name and name != tool_name(argv[0])[0] and not argv_refusal((name,)):
            self.named((name, *argv[1:]))

    def exact_rule(self, argv: tuple[str, ...]) -> str:
        """Return the allow rule that spells this argv word for word."""
        for pattern in self.allowing():
            if exact(pattern, argv):
                return f"allow: {pattern.text}"
        return ""

    def allowing(self) -> Iterator[Pattern]:
        """Yield what allows: the file's rules, this agent's settings, the answers saved for it."""
        yield from self.rules.allow
        for fence in self._fences:
            yield from fence.allowed
        for rule in self.rules.saved:
            if rule.agent in {"", self.agent}:
                yield rule.pattern

    def unanalysable(self, reason: str, argv: tuple[str, ...] = ()) -> None:
        self._add(self.rules.unanalysable, reason, argv, ("write",))

    def named(self, argv: tuple[str, ...]) -> None:
        """Hold deny and require_approval patterns against a wrapper's own words."""
        command = command_of(argv)
        if (stopped := self.stopped(command)) is not None:
            self.parts.append(Part(stopped, argv, command))

    def stopped(self, command: Command) -> Judgement | None:
        """Say what stops a command: a deny rule, the agent's settings, or a rule that asks."""
        risks = risk_names(command.parsed.risks)
        for pattern in self.rules.deny:
            if stops(pattern, command):
                self.caught = True
                return Judgement(decision="deny", rule=f"deny: {pattern.text}", risks=risks)
        if self._fences and (reason := beyond(self._fences, command)):
            self.caught = True
            return Judgement(decision="deny", rule=reason, risks=risks)
        found = [
            rule
            for rule in self.rules.require_approval
            if rule.pattern.command.tool == command.tool and stops(rule.pattern, command)
        ]
        if not found:
            return None
        self.caught = True
        return strictest([_asked(rule, risks) for rule in found], self.rules.chains)

    def _add(
        self,
        decision: str,
        reason: str,
        argv: tuple[str, ...] = (),
        risks: tuple[Risk, ...] = (),
    ) -> None:
        judged = Judgement(decision=decision, rule=reason, risks=risks)  # type: ignore[arg-type]  # one of the three
        self.parts.append(Part(judged, argv))

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
