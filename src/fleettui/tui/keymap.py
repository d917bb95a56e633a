"""Every key in one table: it makes the bindings, the footer, the help, the palette and the docs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

import msgspec
from textual.binding import Binding

from fleettui.core.errors import BadSpec
from fleettui.core.model import ROLES, Role

Scope = Literal[
    "everywhere", "list", "tenants", "agents", "inbox", "queue", "votes", "flows", "detail"
]
SCOPES: tuple[Scope, ...] = get_args(Scope)


class Key(NamedTuple):
    """A key: `keys` as Textual names them, `short` is its word in the footer, if it has one."""

    id: str
    keys: str
    scope: Scope
    action: str
    description: str
    short: str = ""
    shown: str = ""

    @property
    def cap(self) -> str:
        """Give the key as it is printed on a keyboard."""
        return self.shown or self.keys.split(",")[0]

    @property
    def least(self) -> Role:
        """Give the least role it is of use to."""
        return _LEAST.get(self.id) or _LEAST.get(self.scope, "viewer")


# By scope or id: whom the footer offers keys to. What a role may is decided in core, not here.
_LEAST: Final[Mapping[str, Role]] = {
    "hold": "admin", "tenants.hold": "operator", "queue": "operator", "flows": "operator",
    "agents": "operator", "agents.log": "viewer", "agents.sort": "viewer", "inbox": "approver",
    "inbox.rules": "viewer", "votes": "approver", "detail.rollback": "operator",
    "detail.merge": "operator", "task": "operator",
}  # fmt: skip


KEYS: Final[tuple[Key, ...]] = (
    Key("pane.tenants", "1", "everywhere", "screen.go('tenants')", "tenants"),
    Key("pane.flows", "2", "everywhere", "screen.go('flows')", "runs"),
    Key("pane.agents", "3", "everywhere", "screen.go('agents')", "agents"),
    Key("pane.queue", "4", "everywhere", "screen.go('queue')", "queue"),
    Key("pane.votes", "5", "everywhere", "screen.go('votes')", "ballots"),
    Key("pane.inbox", "6", "everywhere", "screen.go('inbox')", "inbox"),
    Key("pane.detail", "0", "everywhere", "screen.go('detail')", "detail"),
    Key("pane.next", "tab", "everywhere", "screen.go_on(1)", "next pane"),
    Key("pane.previous", "shift+tab", "everywhere", "screen.go_on(-1)", "previous pane"),
    Key("zoom.in", "plus", "everywhere", "screen.zoom(True)", "pane alone", shown="+"),
    Key("zoom.out", "underscore", "everywhere", "screen.zoom(False)", "all panes", shown="_"),
    Key("needs.next", "w", "everywhere", "screen.need(1)", "next that needs me", "needs-me"),
    Key("needs.previous", "W", "everywhere", "screen.need(-1)", "previous"),
    Key("task", "t", "everywhere", "screen.task", "task"),
    Key("filter", "slash", "everywhere", "screen.filter", "filter rows, search the log",
        "filter", "/"),
    Key("found.next", "n", "everywhere", "screen.found(1)", "next found"),
    Key("found.previous", "N", "everywhere", "screen.found(-1)", "previous found"),
    Key("command", "colon", "everywhere", "screen.command", "type a command", "cmd", ":"),
    Key("palette", "ctrl+p", "everywhere", "app.command_palette", "search all commands",
        "palette", "^p"),
    Key("help", "question_mark,f1", "everywhere", "screen.help", "all keys", "help", "?"),
    Key("copy", "y", "everywhere", "screen.copy", "copy"),
    Key("undo", "z", "everywhere", "screen.undo", "undo"),
    Key("redo", "Z", "everywhere", "screen.redo", "redo"),
    Key("hold", "exclamation_mark", "everywhere", "screen.hold",
        "hold everything, or let it go on", shown="!"),
    Key("theme", "T", "everywhere", "app.next_theme", "next theme"),
    Key("reload", "ctrl+r", "everywhere", "screen.reload", "reload the file",
        shown="^r"),
    Key("leave", "q", "everywhere", "screen.leave", "detach, or stop the fleet", "detach"),
    Key("back", "escape", "everywhere", "screen.back", "clear, back", shown="esc"),
    Key("list.down", "j,down", "list", "down", "down"),
    Key("list.up", "k,up", "list", "up", "up"),
    Key("list.first", "g,home", "list", "first", "top"),
    Key("list.last", "G,end", "list", "last", "end"),
    Key("list.page_down", "pagedown", "list", "page(1)", "page", shown="PgDn"),
    Key("list.page_up", "pageup", "list", "page(-1)", "page back", shown="PgUp"),
    Key("list.mark", "space", "list", "mark", "mark"),
    Key("list.mark_all", "asterisk", "list", "mark_all", "mark all", shown="*"),
    Key("list.open", "enter", "list", "open", "open"),
    Key("tenants.scope", "s", "tenants", "screen.scope", "show only this tenant, or all again",
        "scope"),
    Key("tenants.hold", "H", "tenants", "screen.hold_tenant", "hold this tenant, or let it go on",
        "hold"),
    Key("agents.start", "s", "agents", "screen.move('start')", "start or resume", "start"),
    Key("agents.pause", "p", "agents", "screen.move('pause')", "pause", "pause"),
    Key("agents.stop", "x", "agents", "screen.move('stop')", "stop at a safe point", "stop"),
    Key("agents.checkpoint", "c", "agents", "screen.checkpoint", "make a checkpoint", "ckpt"),
    Key("agents.rollback", "r", "agents", "screen.rollback", "roll back, with a preview",
        "rollback"),
    Key("agents.message", "m", "agents", "screen.message", "send a message", "msg"),
    Key("agents.log", "l", "agents", "screen.log", "its log, or its own terminal (F12 comes back)",
        "log"),
    Key("agents.fork", "f", "agents", "screen.fork", "fork from a checkpoint", "fork"),
    Key("agents.merge", "M", "agents", "screen.merge", "merge its work into your branch",
        "merge"),
    Key("agents.sort", "o", "agents", "screen.sort", "sort by attention, name or cost"),
    Key("flows.message", "m", "flows", "screen.message_flow", "give this flow a message by hand",
        "msg"),
    Key("flows.cancel", "x", "flows", "screen.cancel_run", "cancel this run", "cancel"),
    Key("flows.hold", "H", "flows", "screen.hold_run", "hold this run, or let it go on", "hold"),
    Key("flows.resume", "r", "flows", "screen.resume_run", "go on with a run that failed",
        "resume"),
    Key("flows.edit", "e", "flows", "screen.edit_step", "change a step that waits", "edit"),
    Key("flows.task", "s", "flows", "screen.task", "start a run", "start"),
    Key("inbox.allow", "a", "inbox", "screen.allow", "allow this one action once", "allow"),
    Key("inbox.always", "A", "inbox", "screen.always", "allow always: choose the scope",
        "always"),
    Key("inbox.deny", "d", "inbox", "screen.deny", "deny", "deny"),
    Key("inbox.deny_why", "D", "inbox", "screen.deny_why", "deny with a reason the agent gets",
        "deny+why"),
    Key("inbox.edit", "e", "inbox", "screen.edit", "edit its command; it asks again", "edit"),
    Key("inbox.extend", "t", "inbox", "screen.extend", "15 minutes more to answer", "extend"),
    Key("inbox.rules", "R", "inbox", "screen.rules", "rules in force; revoke one", "rules"),
    Key("inbox.decide", "o", "inbox", "screen.override", "decide a ballot", "decide"),
    Key("queue.raise", "less_than_sign", "queue", "screen.shift(-1)", "raise the priority",
        "raise", "<"),
    Key("queue.lower", "greater_than_sign", "queue", "screen.shift(1)", "lower the priority",
        "lower", ">"),
    Key("queue.hold", "H", "queue", "screen.hold_message", "hold this message, or let it go",
        "hold"),
    Key("queue.retry", "b", "queue", "screen.retry", "retry a dead letter", "retry"),
    Key("queue.drop", "x", "queue", "screen.drop", "drop this message; z puts it back", "drop"),
    Key("votes.override", "o", "votes", "screen.override",
        "override, or break a tie; a reason is required", "override"),
    Key("votes.extend", "t", "votes", "screen.extend", "15 minutes more to vote", "extend"),
    Key("detail.next", "right_square_bracket", "detail", "screen.tab(1)", "next tab", "tab",
        "]"),
    Key("detail.previous", "left_square_bracket", "detail", "screen.tab(-1)", "previous tab",
        shown="["),
    Key("detail.follow", "f", "detail", "screen.follow", "follow the end", "follow"),
    Key("detail.times", "t", "detail", "screen.times", "times of day, or not", "times"),
    Key("detail.wrap", "ctrl+w", "detail", "screen.wrap", "wrap long lines, or cut them",
        "wrap", "^w"),
    Key("detail.rollback", "r", "detail", "screen.rollback",
        "roll back to a checkpoint, with a preview", "rollback"),
    Key("detail.merge", "M", "detail", "screen.merge", "merge its work into your branch",
        "merge"),
)  # fmt: skip


def bindings_of(*scopes: Scope) -> list[Binding]:
    """Give the bindings of scopes, each with its id, so that keymap.yaml can move them."""
    return [
        Binding(key.keys, key.action, key.description, show=False, id=key.id)
        for key in KEYS
        if key.scope in scopes
    ]


def footer_of(*scopes: Scope, role: Role = "admin") -> tuple[Key, ...]:
    """Give the keys of scopes that the footer names to somebody of a role."""
    mine = ROLES[: ROLES.index(role) + 1]
    return tuple(key for key in KEYS if key.scope in scopes and key.short and key.least in mine)


def keys_by_scope() -> Mapping[Scope, Iterable[Key]]:
    """Give the whole table, scope by scope."""
    return {scope: [key for key in KEYS if key.scope == scope] for scope in SCOPES}


def load_keymap(file: Path) -> dict[str, str]:
    """Read keymap.yaml: `id: keys` lines; raises BadSpec for an id that is not in the table."""
    try:
        moved = msgspec.yaml.decode(file.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise BadSpec(f"{file} can't be read: {error}", (), "one `id: keys` a line") from error
    unknown = sorted(set(moved) - {key.id for key in KEYS})
    if unknown:
        problems = [f"{file}: no key has the id '{name}'" for name in unknown]
        raise BadSpec(problems[0], problems, "docs/cockpit.md lists the ids")
    return moved
