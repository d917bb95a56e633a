"""How long until something is on the screen: medians of interleaved runs, as ratios, in JSON.

cold: `fleettui open` with a new host, against a bare Textual app's first paint.
warm: `fleettui attach` to that host, against the same.
help, validate: against `import click`.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("a bare application painted this line")
Bare().run()
"""
GOALS = {"cold": 1.8, "warm": 0.6, "help": 2.5, "validate": 2.5}
_SEQUENCE = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])|[\x00-\x1f\x18]")
# A first paint is a screen with this many characters that are not blank.
_PAINTED = 20
_PATIENCE = 30.0


def environment(home: Path) -> dict[str, str]:
    """Give what a person's shell would, without this machine's own settings."""
    passed = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {
        **passed,
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }


def first_paint(argv: Sequence[str], env: dict[str, str], cwd: Path) -> tuple[float, int]:
    """Give the seconds until a program in a terminal has painted, and its process id."""
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execve(argv[0], list(argv), env)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    seen = b""
    while select.select([terminal], [], [], _PATIENCE)[0]:
        try:
            seen += os.read(terminal, 1 << 16)
        except OSError:
            break
        entered = seen.partition(b"\x1b[?1049h")[2]
        if len(_SEQUENCE.sub(b"", entered).replace(b" ", b"")) >= _PAINTED:
            took = time.perf_counter() - began
            os.kill(pid, signal.SIGTERM)
            _drain(terminal)
            os.waitpid(pid, 0)
            os.close(terminal)
            return took, pid
    raise SystemExit(f"{argv} painted nothing: {seen[-500:]!r}")


def _drain(terminal: int) -> None:
    while select.select([terminal], [], [], 2.0)[0]:
        try:
            if not os.read(terminal, 1 << 16):
                return
        except OSError:
            return


def run_time(argv: Sequence[str], env: dict[str, str]) -> float:
    """Give the seconds a program takes from start to end."""
    began = time.perf_counter()
    subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def measure(program: Sequence[str], fleet: Path, runs: int) -> dict[str, float]:
    """Give the median seconds of each thing, over interleaved runs."""
    times: dict[str, list[float]] = {}
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        env = environment(home)
        bare = home / "bare.py"
        bare.write_text(BARE)
        subprocess.run(["git", "init", "-q", str(home / "work")], check=True)
        work = home / "work"
        state = home / "state" / "fleettui"
        things: dict[str, Callable[[], float]] = {
            "bare": lambda: first_paint([python, str(bare)], env, work)[0],
            "cold": lambda: first_paint([*program, "open", str(fleet)], env, work)[0],
            "warm": lambda: first_paint([*program, "attach"], env, work)[0],
            "click": lambda: run_time([python, "-c", "import click"], env),
            "help": lambda: run_time([*program, "--help"], env),
            "validate": lambda: run_time([*program, "validate", str(fleet)], env),
        }
        for number in range(runs + 1):
            for name, thing in things.items():
                took = thing()
                # The first round writes the .pyc files and warms the disk.
                if number:
                    times.setdefault(name, []).append(took)
                if name == "warm":
                    end_host(state)
    return {name: statistics.median(values) for name, values in times.items()}


def end_host(state: Path) -> None:
    """End the host of a folder and wait until it is gone, its fleet forgotten."""
    pid = int((state / "host.lock").read_text())
    os.kill(pid, signal.SIGTERM)
    while Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
        time.sleep(0.01)
    for file in state.iterdir():
        if file.is_file():
            file.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--fleet", type=Path, default=ROOT / "fleets" / "code-review.yaml")
    parser.add_argument("--program", default=f"{Path(sys.executable).parent}/fleettui")
    options = parser.parse_args()
    medians = measure([*options.program.split()], options.fleet.resolve(), options.runs)
    peers = {"cold": "bare", "warm": "bare", "help": "click", "validate": "click"}
    report = {
        name: {
            "ms": round(medians[name] * 1000, 1),
            "peer": peer,
            "peer_ms": round(medians[peer] * 1000, 1),
            "ratio": round(medians[name] / medians[peer], 2),
            "goal": GOALS[name],
            "met": medians[name] / medians[peer] <= GOALS[name],
        }
        for name, peer in peers.items()
    }
    print(json.dumps({"bench": "start", "runs": options.runs, "results": report}, indent=2))


if __name__ == "__main__":
    main()
