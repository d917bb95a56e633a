"""Take the pictures of the docs: the cockpit itself, on a real run of the review fleet."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from fleettui.core.commands import OpenFleet
from fleettui.tui.app import CockpitApp
from fleettui.tui.screens.cockpit import CockpitScreen
from fleettui.wiring import house

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
FLEET = ROOT / "fleets" / "code-review.yaml"
PATIENCE = 60.0
BEFORE = '''"""Deploys a service."""


def deploy(name):
    return f"deployed {name}"
'''
AFTER = '''"""Deploys a service."""

import subprocess

TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwx12"


def deploy(name, options=[]):
    subprocess.call("deploy " + name, shell=True)
    for index in range(len(options)):
        print(options[index])
    return f"deployed {name}"
'''


def make_repository(folder: Path) -> None:
    """Make a repository with a change worth a review."""
    folder.mkdir()
    named = {"GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.org"}
    named |= {"GIT_COMMITTER_NAME": "Ana", "GIT_COMMITTER_EMAIL": "ana@example.org"}
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder.parent)} | named

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=folder, env=clean, check=True, capture_output=True)

    git("init", "--quiet")
    (folder / "deploy.py").write_text(BEFORE)
    git("add", ".")
    git("commit", "--quiet", "--message", "Deploy a service")
    (folder / "deploy.py").write_text(AFTER)


async def take(folder: Path) -> None:
    """Open the fleet, let it review, and save what the screen shows."""
    workspace = folder / "web"
    make_repository(workspace)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    state = folder / "state"
    state.mkdir(mode=0o700)
    async with house(state, environment) as built:
        client = built.session("ana")
        command = OpenFleet("", str(FLEET), str(workspace), environment=environment)
        fleet = await client.send(command)
        app = CockpitApp(client, fleet=fleet, colors="truecolor", config=folder)
        async with app.run_test(size=(120, 36)) as pilot:
            screen = app.screen_stack[0]
            assert isinstance(screen, CockpitScreen)

            async def until(holds: Callable[[], object]) -> None:
                async with asyncio.timeout(PATIENCE):
                    while not holds():
                        await pilot.pause(0.05)

            await until(lambda: app.screen is not screen)
            await pilot.press("enter")
            await until(lambda: screen.board.inbox and not screen.board.fleets[0].running)
            await pilot.pause(0.5)
            save(app, "cockpit")
            await pilot.press("6")
            await pilot.pause(0.5)
            save(app, "inbox")
            await pilot.press("2", "enter")
            await pilot.pause(0.5)
            save(app, "report")
            await pilot.resize_terminal(80, 24)
            await pilot.press("3")
            await pilot.pause(0.5)
            save(app, "narrow")


def save(app: CockpitApp, name: str) -> None:
    """Write one picture; line ends are clean, so that it can be committed."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    drawn = app.export_screenshot(title="fleettui")
    lines = [line.rstrip() for line in drawn.splitlines()]
    (PICTURES / f"{name}.svg").write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(take(Path(folder)))
    print("\n".join(str(file.relative_to(ROOT)) for file in sorted(PICTURES.glob("*.svg"))))


if __name__ == "__main__":
    sys.exit(main())
