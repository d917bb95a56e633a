"""The cockpit's app: theme, keymap, clock, and the one screen everything happens on."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from platformdirs import user_config_path
from textual import events
from textual._time import get_time
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.driver import Driver
from textual.screen import Screen

from fleettui.client import Client
from fleettui.core.errors import BadSpec
from fleettui.tui.arming import Arming
from fleettui.tui.clock import Clock
from fleettui.tui.keymap import KEYS, load_keymap
from fleettui.tui.screens.cockpit import CockpitScreen
from fleettui.tui.screens.desk import Desk, Outset
from fleettui.tui.themes import (
    ANSI_THEME,
    DEFAULT_THEME,
    load_theme,
    shipped_themes,
    theme_files,
)

Colors = Literal["truecolor", "256", "ansi", "none"]


class CockpitApp(App[str]):
    """One terminal's view of a fleet; ends with "detach" or "stop"."""

    CSS_PATH: ClassVar = [
        "widgets/tones.tcss",
        "widgets/pane.tcss",
        "widgets/bars.tcss",
        "screens/cockpit.tcss",
        "screens/dialog.tcss",
    ]
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = []
    TITLE = "fleettui"

    def __init__(
        self,
        client: Client,
        *,
        fleet: str,
        driver_class: type[Driver] | None = None,
        offer_task: str = "",
        base: str = "",
        colors: Colors | None = None,
        environment: Mapping[str, str] | None = None,
        config: Path | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        """Make the app of one terminal.

        `colors` is what the terminal can show (read from COLORTERM and TERM when None),
        `environment` the operator's, for reading the fleet file again, `config` the folder with
        `themes/` and `keymap.yaml`.
        """
        super().__init__(driver_class=driver_class)
        self.animation_level = "none"
        self._arming = Arming()
        self._clock = clock
        self._outset = Outset(
            client, fleet, offer_task, base, dict(environment) if environment is not None else None,
            clock, self._arming, os.environ.get("TERM", ""),
        )  # fmt: skip
        config = config if config is not None else user_config_path("fleettui")
        self._theme_files = theme_files(shipped_themes(), config / "themes")
        self._trouble = ""
        self.use_theme_file(_first_theme(colors or colors_of(os.environ)))
        try:
            self.set_keymap(load_keymap(config / "keymap.yaml"))
        except BadSpec as error:
            self._trouble = str(error)

    def get_default_screen(self) -> Screen[str]:
        return CockpitScreen(self._outset)

    def on_mount(self) -> None:
        screen = self.screen
        if self._trouble and isinstance(screen, Desk):
            screen.complain(self._trouble)

    # --- keys ------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Note when a key came, before anything is done with it."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._arming.key(self._clock() - max(get_time() - event.time, 0.0))
        await super().on_event(event)

    def on_app_focus(self) -> None:
        """Arm anew: whoever comes back to the terminal must look first."""
        self._arming.restart(self._clock())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Give the palette every key of the table."""
        for key in KEYS:
            if key.scope != "list" and key.id != "palette":
                # Textual reads both texts as markup, so no bracket may stand in them.
                cap = key.keys if key.cap in "[]" else key.cap
                yield SystemCommand(
                    f"{key.scope}: {key.description}",
                    f"key {cap}",
                    partial(self.run_action, key.action, screen),
                )

    # --- themes ----------------------------------------------------------------------------------

    def use_theme_file(self, name: str) -> str:
        """Use a theme by its file's name; gives what is wrong with it, or nothing."""
        file = self._theme_files.get(name)
        if file is None:
            return f"there is no theme '{name}': {', '.join(self._theme_files)}"
        try:
            theme = load_theme(file)
        except BadSpec as error:
            return str(error)
        self.register_theme(theme)
        self.theme = theme.name
        return ""

    def action_use_theme(self, name: str) -> None:
        """Use a theme by name."""
        self._say_theme(self.use_theme_file(name), name)

    def action_next_theme(self) -> None:
        """Use the next theme."""
        names = list(self._theme_files)
        here = names.index(self.theme) if self.theme in names else -1
        name = names[(here + 1) % len(names)]
        self._say_theme(self.use_theme_file(name), name)

    def _say_theme(self, trouble: str, name: str) -> None:
        screen = self.screen
        if isinstance(screen, Desk):
            screen.complain(trouble) if trouble else screen.say(f"theme {name}")


def colors_of(environment: Mapping[str, str]) -> Colors:
    """Say what a terminal can show, by NO_COLOR, COLORTERM and TERM."""
    if environment.get("NO_COLOR"):
        return "none"
    if environment.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"}:
        return "truecolor"
    return "256" if "256color" in environment.get("TERM", "") else "ansi"


def _first_theme(colors: Colors) -> str:
    return DEFAULT_THEME if colors == "truecolor" else ANSI_THEME
