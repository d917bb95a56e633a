"""RequestLog: one line of JSON for every request that ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from typing import Final

from fleettui.core.events import Recorded, RunFinished
from fleettui.engine.engine import Engine
from fleettui.engine.requested import Ended, ended_run
from fleettui.ports import Lines

# Of a task the log has its beginning.
_LONGEST: Final = 500
_STATUS: Final = {"finished": "success", "not_reached": "no_verdict"}


class RequestLog:
    """Watches requests end; `redact` takes secrets out of a text."""

    def __init__(self, engine: Engine, lines: Lines, redact: Callable[[str], str]) -> None:
        self._engine, self._lines, self._redact = engine, lines, redact
        # The runs whose end needs no line any more; None until the watcher has begun.
        self._known: set[str] | None = None

    def on_event(self, recorded: Recorded) -> None:
        """Write down a run that ended."""
        if type(recorded.event) is RunFinished:
            self._note(recorded.stream, recorded.event.run)

    def catch_up(self) -> None:
        """Write down what ended and has no line: the last host may have gone before it wrote."""
        over = [
            (state.id, run)
            for state in self._engine.fleets()
            for run in state.runs.values()
            if run.status != "running"
        ]
        if self._known is None:
            last, written = self._newest()
            self._known = {
                run.id for _, run in over if run.id in written or (run.finished or 0.0) < last
            }
        for fleet, run in over:
            if run.id not in self._known:
                self._note(fleet, run.id)

    def _newest(self) -> tuple[float, set[str]]:
        """Give when the last request in the log ended, and the newest runs in it."""
        last, written = inf, set()
        for line in self._lines.newest():
            try:
                fields = json.loads(line)
                last = datetime.fromisoformat(fields["timestamp"]).timestamp()
                written.add(str(fields["run"]))
            except (ValueError, KeyError, TypeError):
                continue
        return last, written

    def _note(self, fleet: str, run: str) -> None:
        assert self._known is not None
        self._known.add(run)
        state = self._engine.state(fleet)
        if ended := ended_run(state, state.runs[run]):
            self._lines.write(self.line(ended))

    def line(self, ended: Ended) -> str:
        """Write a request as JSON: one line of printable ASCII, whatever its texts contain."""
        action = self._redact(ended.action)
        fields = {
            "timestamp": datetime.fromtimestamp(ended.at, UTC).isoformat(timespec="milliseconds"),
            "tenant": ended.tenant,
            "flow": ended.flow,
            "platform": ended.platform,
            "channel": self._redact(ended.channel),
            "user": self._redact(ended.user),
            "agent": ended.agent,
            "action": action if len(action) <= _LONGEST else f"{action[:_LONGEST]}...",
            "latency_ms": round(ended.seconds * 1000),
            "tokens_used": ended.tokens,
            "status": _STATUS.get(ended.status, ended.status),
            "request": ended.request,
            "run": ended.run,
        }
        return json.dumps(fields, ensure_ascii=True)
