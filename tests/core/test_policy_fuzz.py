"""Generated scripts under a real bash, against programs that only say how they were called."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from core.bash_fuzz import Writer, harms
from core.test_policy_corpus import ops
from fleettui.adapters.processes.sandbox import sandbox_program
from fleettui.core.errors import ToolFailed
from fleettui.core.policy.judge import judge_script
from fleettui.core.policy.rules import PolicyRules

RULES = {"ops": ops(), "default": PolicyRules()}
STUBS = ("kubectl", "helm", "git", "terraform", "rm", "docker", "ssh", "ls", "cat", "grep", "head",
         "date", "wc")  # fmt: skip
# They run what follows them; the real ones where they are there.
PASSING = ("sudo", "doas", "busybox")
REAL = ("bash", "env", "timeout", "nice", "nohup", "setsid", "stdbuf", "xargs", "find", "sleep")
STUB = """#!/bin/bash -p
printf '%s\\0' "${0##*/}" "$@" END-OF-CALL >> /log/seen
"""
PASS = """#!/bin/bash -p
printf '%s\\0' "${0##*/}" "$@" END-OF-CALL >> /log/seen
while [[ $1 == -* ]]; do [[ $1 == -u ]] && shift; shift; done
exec "$@"
"""
# Each script for itself, with nothing of ours in its environment.
DRIVER = """
cd /stage
i=0
while IFS= read -r -d '' script; do
  i=$((i+1))
  printf '%s\\0' "### $i" END-OF-CALL >> /log/seen
  timeout -s KILL 5 env -i PATH=/bin HOME=/stage bash --noprofile --norc -c "$script" \
    </dev/null >/dev/null 2>&1
  [ -e a ] || echo x > a
done < /log/scripts
sleep 0.3
printf '%s\\0' "### end" END-OF-CALL >> /log/seen
"""


def sandbox() -> str:
    try:
        return sandbox_program("/usr/bin:/bin")
    except ToolFailed:
        return ""


SANDBOX = sandbox()
boxed = pytest.mark.skipif(
    not SANDBOX, reason="generated scripts run in a sandbox only: bubblewrap is not usable here"
)


class Stage:
    """A root with bash, its libraries, and programs that only say how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin, self.log = folder / "bin", folder / "log"
        self.bin.mkdir(parents=True)
        self.log.mkdir()
        for names, text in ((STUBS, STUB), (PASSING, PASS)):
            for name in names:
                (self.bin / name).write_text(text)
                (self.bin / name).chmod(0o755)
        for name in REAL:
            shutil.copy2(shutil.which(name, path="/usr/bin:/bin") or "", self.bin / name)
        (self.bin / "sh").symlink_to("bash")

    def argv(self) -> list[str]:
        libraries = [
            word
            for folder in ("/lib", "/lib64", "/usr/lib", "/usr/libexec")
            if Path(folder).is_dir()
            for word in ("--ro-bind", folder, folder)
        ]
        return [
            SANDBOX, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
            "--tmpfs", "/", *libraries, "--ro-bind", str(self.bin), "/bin", "--symlink", "/bin",
            "/usr/bin", "--bind", str(self.log), "/log", "--dir", "/stage", "--dir", "/tmp",
            "--dev", "/dev", "--proc", "/proc", "--clearenv", "--setenv", "PATH", "/bin",
            "/bin/bash", "--noprofile", "--norc", "-c", DRIVER,
        ]  # fmt: skip

    def run(self, scripts: Sequence[str]) -> dict[int, list[tuple[str, ...]]]:
        """Run scripts one after another; give what was called after each one's start."""
        (self.log / "scripts").write_bytes(
            b"".join(script.encode("utf-8", "surrogateescape") + b"\0" for script in scripts)
        )
        (self.log / "seen").write_text("")
        subprocess.run(self.argv(), check=True, timeout=6 * len(scripts) + 60, env={})
        seen: dict[int, list[tuple[str, ...]]] = {}
        at = 0
        for call in (self.log / "seen").read_bytes().split(b"\0END-OF-CALL\0"):
            words = tuple(call.decode("utf-8", "replace").split("\0"))
            if words[0].startswith("### "):
                at = int(words[0][4:]) if words[0][4:].isdigit() else 0
            elif words != ("",):
                seen.setdefault(at, []).append(words)
        return seen


def batches(scripts: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    for start in range(0, len(scripts), size):
        yield scripts[start : start + size]


def fuzz(folder: Path, seed: int, count: int, *, sampled: int) -> Counter[str]:
    """Judge generated scripts, run the allowed ones and a sample of the others; count what came."""
    writer, counts = Writer(seed), Counter[str]()
    allowed: list[str] = []
    others: list[str] = []
    for number in range(count):
        script = writer.script()
        decisions = {name: judge_script(script, rules).decision for name, rules in RULES.items()}
        counts[decisions["ops"]] += 1
        if "\0" in script:
            continue
        if "allow" in decisions.values():
            allowed.append(script)
        elif number % sampled == 0:
            others.append(script)
    stage = Stage(folder / f"stage{seed}")
    for batch in batches(allowed):
        for at, calls in stage.run(batch).items():
            found = [call for call in calls if harms(call)]
            assert not found, (batch[at - 1], found)
            counts["ran allowed"] += 1
    for batch in batches(others):
        for calls in stage.run(batch).values():
            counts["stopped and ran something"] += 1
            counts["stopped and destroyed"] += any(harms(call) for call in calls)
    counts["sampled of the stopped"] = len(others)
    return counts


@boxed
def test_a_few_thousand_scripts_destroy_nothing_that_was_allowed(tmp_path: Path) -> None:
    counts = fuzz(tmp_path, 1, 3_000, sampled=15)
    assert counts["ran allowed"] > 100
    assert counts["stopped and destroyed"] > 30, counts


@boxed
@pytest.mark.torture
def test_a_hundred_thousand_scripts_destroy_nothing_that_was_allowed(tmp_path: Path) -> None:
    total: Counter[str] = Counter()
    for seed in range(2, 22):
        total += fuzz(tmp_path, seed, 5_000, sampled=20)
    print(dict(total))  # noqa: T201 - the count is the result
    assert sum(total[name] for name in ("allow", "ask", "deny")) == 100_000
    assert total["stopped and destroyed"] > 1_000, total


@pytest.mark.parametrize(
    ("argv", "so"),
    [
        (("rm", "-fR", "x"), True), (("rm", "--rec", "x"), True), (("rm", "-f", "--", "-r"), False),
        (("kubectl", "-n", "delete", "get"), False), (("kubectl", "-n", "x", "delete"), True),
        (("git", "push", "origin", ":x"), True), (("git", "push", "-n"), False),
        (("terraform", "apply", "destroy.tfplan"), False), (("helm", "un", "x"), True),
    ],
)  # fmt: skip
def test_the_oracle_knows_what_destroys(argv: tuple[str, ...], so: bool) -> None:
    assert harms(argv) is so
