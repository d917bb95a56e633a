"""A small app that shows what reached it, and can be made to misbehave by a key."""

from __future__ import annotations

from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Footer, Header


class Lines(Widget):
    """Coloured rows, and the last thing that happened."""

    can_focus = True
    last = "nothing"
    noise = 0

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            text = f"last={self.last}"
        elif y == 1:
            text = f"size={self.app.size.width}x{self.app.size.height}"
        elif y == 2:
            text = f"noise={self.noise}"
        else:
            text = f"row {y} {self.noise} " + "abcdefghij" * (width // 10)
        colour = Style.parse("rgb(18,52,86) on rgb(200,100,50)")
        return Strip([Segment(text[:width].ljust(width), colour)])


class DemoApp(App[str]):
    """Keys: q leaves, x crashes, p prints, u opens an address, n makes noise."""

    CSS = "Lines { height: 1fr; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, visit: Any) -> None:
        super().__init__(driver_class=visit.driver)
        self.visit = visit
        self.title = f"{visit.client.operator} at {visit.fleet}"

    def compose(self) -> ComposeResult:
        yield Header()
        yield Lines()
        yield Footer()

    def on_mount(self) -> None:
        self.query_one(Lines).focus()

    def say(self, what: str) -> None:
        lines = self.query_one(Lines)
        lines.last = what
        lines.refresh()

    def on_key(self, event: events.Key) -> None:
        match event.key:
            case "q":
                self.exit("detached")
            case "x":
                raise RuntimeError("it \x1b[31mbroke")
            case "p":
                print("printed by an app")  # noqa: T201 that is the point
                self.say("printed")
            case "u":
                self.open_url("https://example.org/")
            case "n":
                self.set_interval(1 / 60, self.make_noise)
            case _:
                self.say(event.key)

    def make_noise(self) -> None:
        lines = self.query_one(Lines)
        lines.noise += 1
        lines.refresh()

    def on_paste(self, event: events.Paste) -> None:
        self.say(f"paste {len(event.text)} {event.text[:5]!r}")

    def on_resize(self) -> None:
        self.query_one(Lines).refresh()
