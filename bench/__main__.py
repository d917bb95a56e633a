"""Run every benchmark of this folder and print one table; `--json` prints what each one said."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
UNITS = {
    "ms": "{:,.1f} ms", "per_second": "{:,.0f}/s", "mb": "{:,.1f} MB", "us": "{:.2f} us",
    "part": "{:.1%}",
}  # fmt: skip


def reports(names: list[str]) -> list[dict[str, Any]]:
    """Run each benchmark in a process of its own, one after the other."""
    found = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", f"bench.{name}"]
        done = subprocess.run(command, cwd=HERE.parent, stdout=subprocess.PIPE, check=False)
        if done.returncode:
            raise SystemExit(f"bench.{name} failed with exit code {done.returncode}")
        found.append(json.loads(done.stdout))
    return found


def table(found: list[dict[str, Any]]) -> list[str]:
    """Write a line for each result: ours, the peer's, the ratio and the goal."""
    lines = [f"{'what':<28}{'ours':>16}{'peer':>28}{'ratio':>8}{'goal':>8}  met"]
    for report in found:
        for name, result in report["results"].items():
            unit = next(unit for unit in UNITS if unit in result)
            peer = result.get("peer", "")
            beside = f"{peer} {figure(result.get(f'peer_{unit}'), unit)}" if peer else ""
            met = {True: "yes", False: "NO", None: ""}[result.get("met")]
            lines.append(
                f"{report['bench'] + ' ' + name:<28}{figure(result[unit], unit):>16}{beside:>28}"
                f"{plain(result.get('ratio')):>8}{plain(result.get('goal')):>8}  {met}"
            )
    return lines


def figure(value: float | None, unit: str) -> str:
    return "" if value is None else UNITS[unit].format(value)


def plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def main() -> None:
    known = sorted(file.stem for file in HERE.glob("*.py") if not file.stem.startswith("_"))
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(known)}")
    parser.add_argument("--json", action="store_true", help="print what each one said")
    options = parser.parse_args()
    unknown = set(options.names) - set(known)
    if unknown:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; there are {known}")
    found = reports(options.names or known)
    print(json.dumps(found, indent=2) if options.json else "\n".join(table(found)))


if __name__ == "__main__":
    main()
