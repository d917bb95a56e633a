"""Signals to the terminal: title, bell and desktop notification when something needs a person."""

from __future__ import annotations

from typing import Final

from textual.timer import Timer

from fleettui.core.views.rows import AlertRow, InboxRow
from fleettui.tui.alerts import Alerts, notice_sequence, title_sequence
from fleettui.tui.parts import Part
from fleettui.tui.screens.desk import Desk, Outset

# So many seconds before an item expires, which denies it, the bell rings once more.
WARNING: Final = 60.0


def late_name(row: InboxRow) -> str:
    """Name the alarm that an item is about to expire."""
    return f"{row.id} expires"


def _who(row: InboxRow) -> str:
    """Name what waits for a person."""
    return f"the budget of {row.tenant}" if row.kind == "budget" else row.agent or row.fleet


def _alarm(row: AlertRow) -> str:
    """Name the alarm of an alert."""
    return f"alert {row.agent} {row.rule} {row.subject}"


class Signals(Desk):
    """Rings on transitions only, after a dwell, with a cooldown, not for who looks at the inbox."""

    def __init__(self, outset: Outset) -> None:
        super().__init__(outset)
        self._alerts = Alerts()
        self._title = ""
        self._needs: frozenset[str] = frozenset()
        self._ringing: Timer | None = None

    @property
    def hint(self) -> Part:
        """Say what needs somebody, where the status line has nothing else to say."""
        if self.whole.inbox and not self.board.inbox:
            tenants = sorted({row.tenant for row in self.whole.inbox})
            more = f" and {len(tenants) - 1} more tenants" if len(tenants) > 1 else ""
            who = f"{len(self.whole.inbox)} of {tenants[0]}{more}"
            return Part(f"! {who} wait for you elsewhere: esc shows all", "need")
        if self.board.inbox:
            row = self.board.inbox[0]
            more = f" and {len(self.board.inbox) - 1} more" if len(self.board.inbox) > 1 else ""
            who = _who(row)
            if len(self.board.tenants) > 1 and row.kind != "budget":
                who = f"{row.tenant}/{who}"
            return Part(f"! {who} waits for you: {row.summary}{more} (w jumps there)", "need")
        if self.board.alerts:
            one = self.board.alerts[0]
            rest = len(self.board.alerts) - 1
            more = f" and {rest} more" if rest else ""
            critical = one.severity == "critical"
            words = f"{one.severity} {one.agent}: {one.rule}: {one.text}{more}"
            return Part(f"{'x' if critical else '?'} {words}", "fail" if critical else "stale")
        if not self.board.fleets:
            return Part("no fleet is open: fleettui open FILE", "dim")
        if not self.board.runs:
            return Part("t gives the fleet a task, ? lists the keys", "dim")
        return Part("")

    def signal(self) -> None:
        """Set the title, and ring when it is time."""
        needs = frozenset(row.id for row in self.whole.inbox)
        if needs - self._needs and self.said.tone != "fail":
            self.say("")
        self._needs = needs
        title = title_sequence(len(needs), self.board.fleet)
        if title != self._title:
            self._title = title
            self._write(title)
        alarms = needs | {late_name(row) for row in self.whole.inbox if self._is_late(row)}
        alarms |= {_alarm(row) for row in self.board.alerts if row.severity == "critical"}
        looking = self.is_current and self.query_one("#inbox").has_focus_within
        self._alerts.see(alarms, looking=looking and self.app.app_focus, at=self.clock())
        self._plan_ring()

    def _is_late(self, row: InboxRow) -> bool:
        return row.expires_at is not None and row.expires_at - self.now < WARNING

    def _plan_ring(self) -> None:
        if self._ringing is not None:
            self._ringing.stop()
            self._ringing = None
        seconds = self._alerts.wait(self.clock())
        if seconds is not None:
            self._ringing = self.set_timer(max(seconds, 0.01), self._ring)

    def _ring(self) -> None:
        news = self._alerts.ring(self.clock())
        if not news:
            self._plan_ring()
            return
        rows = [row for row in self.whole.inbox if {row.id, late_name(row)} & news]
        if rows:
            soon = "expires soon: " if late_name(rows[0]) in news else ""
            words = f"{soon}{_who(rows[0])}: {rows[0].summary}"
            more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
            self._write(notice_sequence(words + more, self.outset.term))
            return
        alerts = [row for row in self.board.alerts if _alarm(row) in news]
        if alerts:
            words = f"{alerts[0].severity}: {alerts[0].rule}: {alerts[0].text}"
            self._write(notice_sequence(words, self.outset.term))

    def _write(self, sequence: str) -> None:
        driver = self.app._driver  # noqa: SLF001 the only way to a terminal's own sequences
        if driver is not None:
            driver.write(sequence)
