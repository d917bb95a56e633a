"""RequestLog: one line of JSON for every request that ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from typing import Final

from fleettui.core.events import Recorded
from fleettui.engine.engine import Engine
from fleettui.engine.requested import Ended, all_ended, ended_by
from fleettui.ports import Lines

# Of a task the log has its beginning.
_LONGEST: Final = 500
_STATUS: Final = {"finished": "success", "not_reached": "no_verdict"}


class RequestLog:
    """Watches requests end; `redact` takes secrets out of a text."""

    def __init__(self, engine: Engine, lines: Lines, redact: Callable[[str], str]) -> None:
        self._engine, self._lines, self._redact = engine, lines, redact
        # Those whose end needs no line any more; None until the watcher has begun.
        self._known: set[tuple[str, str]] | None = None

    def on_event(self, recorded: Recorded) -> None:
        """Write down what ended."""
        ended = ended_by(self._engine, recorded)
        if ended is not None:
            self._note(ended)

    def catch_up(self) -> None:
        """Write down what ended and has no line: the last host may have gone before it wrote."""
        over = all_ended(self._engine)
        if self._known is None:
            last, written = self._newest()
            self._known = {key for one in over if (key := _key(one)) in written or one.at < last}
        for one in over:
            if _key(one) not in self._known:
                self._note(one)

    def _newest(self) -> tuple[float, set[tuple[str, str]]]:
        """Give when the last request in the log ended, and the newest in it."""
        last, written = inf, set()
        for line in self._lines.newest():
            try:
                fields = json.loads(line)
                last = datetime.fromisoformat(fields["timestamp"]).timestamp()
                written.add((str(fields["tenant"]), str(fields["request"])))
            except (ValueError, KeyError, TypeError):
                continue
        return last, written

    def _note(self, ended: Ended) -> None:
        assert self._known is not None
        self._known.add(_key(ended))
        self._lines.write(self.line(ended))

    def line(self, ended: Ended) -> str:
        """Write a request as JSON: one line of printable ASCII, whatever its texts contain."""
        redaction = self._engine.redactions.of_tenant(ended.tenant)

        def clean(text: str) -> str:
            return self._redact(text if redaction is None else redaction.text(text))

        action = clean(ended.action)
        fields = {
            "timestamp": datetime.fromtimestamp(ended.at, UTC).isoformat(timespec="milliseconds"),
            "tenant": ended.tenant,
            "flow": ended.flow,
            "platform": ended.platform,
            "channel": clean(ended.channel),
            "user": clean(ended.user),
            "agent": ended.agent,
            "action": action if len(action) <= _LONGEST else f"{action[:_LONGEST]}...",
            "latency_ms": round(ended.seconds * 1000),
            "tokens_used": ended.tokens,
            "status": _STATUS.get(ended.status, ended.status),
            "request": ended.request,
            "run": ended.run,
        }
        return json.dumps(fields, ensure_ascii=True)


def _key(ended: Ended) -> tuple[str, str]:
    return ended.tenant, ended.request
