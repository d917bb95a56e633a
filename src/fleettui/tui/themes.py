"""Themes: YAML files of ours and of the user's config folder, as Textual's Theme."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from textual.theme import BUILTIN_THEMES, Theme

from fleettui.core.errors import BadSpec

ANSI_THEME: Final = "ansi"
DEFAULT_THEME: Final = "harbour"
# Beside the package in a wheel, at the root of a checkout.
_SHIPPED: Final = (
    Path(__file__).parent / "themes",
    Path(__file__).parents[3] / "themes",
)


class ThemeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A theme as its file writes it; every colour is `#rrggbb` or `ansi_name`."""

    name: str
    primary: str
    foreground: str
    background: str
    need: str
    fail: str
    pause: str
    run: str
    done: str
    dim: str
    accent: str
    border: str
    cursor: str
    cursor_text: str
    surface: str = ""
    dark: bool = True
    ansi: bool = False

    def theme(self) -> Theme:
        """Give it as Textual's Theme."""
        states = {f"state-{name}": getattr(self, name) for name in ("need", "fail", "pause", "run")}
        surface = self.surface or self.background
        # Textual's own style sheets name variables that only its own ansi themes define.
        twin = BUILTIN_THEMES["ansi-dark" if self.dark else "ansi-light"]
        base = twin.variables if self.ansi else {}
        return Theme(
            name=self.name, primary=self.primary, secondary=self.accent, warning=self.pause,
            error=self.fail, success=self.done, accent=self.accent, foreground=self.foreground,
            background=self.background, surface=surface, panel=surface, boost=surface,
            dark=self.dark, ansi=self.ansi,
            variables=base | states | {
                "state-done": self.done, "state-dim": self.dim, "frame": self.border,
                "cursor": self.cursor, "cursor-text": self.cursor_text,
                "block-cursor-background": self.cursor,
                "block-cursor-foreground": self.cursor_text,
                "footer-key-foreground": self.accent,
            },
        )  # fmt: skip


def shipped_themes() -> Path:
    """Name the folder of the themes that come with fleettui."""
    return next((folder for folder in _SHIPPED if folder.is_dir()), _SHIPPED[0])


def theme_files(*folders: Path) -> Mapping[str, Path]:
    """Name the theme files of folders by theme name; a later folder wins."""
    return {
        file.stem: file
        for folder in folders
        if folder.is_dir()
        for file in sorted(folder.glob("*.yaml"))
    }


def load_theme(file: Path) -> Theme:
    """Read a theme; raises BadSpec where the file is none."""
    try:
        read = msgspec.yaml.decode(file.read_bytes(), type=ThemeFile)
        theme = read.theme()
        theme.to_color_system().generate()
    except (OSError, ValueError) as error:
        raise BadSpec(
            f"{file} is no theme: {error}", (f"{file}: {error}",), "docs/cockpit.md shows one"
        ) from error
    if theme.name != file.stem:
        raise BadSpec(f"{file} holds the theme '{theme.name}'", (), "name it as its file")
    return theme
