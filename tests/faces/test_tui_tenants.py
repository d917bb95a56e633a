"""Many tenants in the cockpit: what is shown of each, the scope, holds, and who may what."""

from __future__ import annotations

import pytest
from boards import NOW, agent, board, message
from cockpits import TABBED, WIDE, client_of, cockpit
from msgspec.structs import replace
from tenant_boards import INBOX, THREE, WEB, fleet, many_board, tenant, tenants_board

from fleettui.core.commands.tenants import HoldAll, HoldTenant, ReleaseAll, ReleaseTenant
from fleettui.core.errors import Forbidden, QuotaReached
from fleettui.core.views.queries import ReadBoard
from fleettui.core.views.rows import QuotaRow, TenantRow, WaitRow
from fleettui.core.views.scope import first_fleet, scoped
from fleettui.core.views.tenants import by_attention
from fleettui.tui.keymap import footer_of
from fleettui.tui.parts import plain, width_of
from fleettui.tui.widgets.tenants import budget_line, fullest_budget, tenant_line

DAY = QuotaRow("budgets.day", 4.12, 10.0, 0.412)
HELD = tuple(replace(row, all_held_by="bob") for row in THREE)


def client_by_fleet():
    """Give a client that shows another fleet where one is named, as a host does."""
    client = client_of(tenants_board())
    for row in client.board.fleets:
        here = row.id == WEB.id
        client.boards[row.id] = client.board if here else replace(
            client.board, fleet=row.id, runs=(), ballots=(), messages=(),
            agents=(agent(f"{row.name}-agent", tenant=row.tenant, fleet=row.id),),
        )  # fmt: skip
    return client


# --- what a row says ------------------------------------------------------------------------------


def test_a_narrow_row_has_name_spend_and_needs():
    line = plain([tenant_line(THREE[0], 21, alone=False)])
    assert line.split() == ["v", "acme", "$4.12", "!2"]


def test_a_held_tenant_says_so_in_every_width():
    for width in (18, 21, 40):
        assert "HELD" in plain([tenant_line(THREE[2], width, alone=False)])
    assert "HELD by bob" in plain([tenant_line(THREE[2], 60, alone=False)])


def test_a_wide_row_has_plan_turns_of_at_most_tokens_and_who_holds_it():
    line = plain([tenant_line(replace(THREE[0], held_by="eve"), 76, alone=False)])
    assert line.split() == [
        "v", "acme", "ent", "3/8", "$4.12", "125k", "HELD", "by", "eve", "!2",
    ]  # fmt: skip


@pytest.mark.parametrize("width", range(8, 90, 3))
def test_a_row_is_as_wide_as_it_may_be_with_wide_characters_too(width):
    row = tenant("日本語テナント", held_by="\x1b[31m管理者", needs=12, attention="need")
    for alone in (True, False):
        assert width_of(tenant_line(row, width, alone=alone)) == width


def test_tenants_that_need_somebody_are_first_and_the_others_stay_as_they_came():
    kinds = ("idle", "run", "pause", "need", "run", "fail", "idle", "need")
    rows = [tenant(f"t{number}", attention=kind) for number, kind in enumerate(kinds)]
    names = [row.name for row in by_attention(rows)]
    assert names == ["t3", "t7", "t5", "t2", "t0", "t1", "t4", "t6"]


@pytest.mark.parametrize("width", range(14, 60, 5))
def test_a_budget_is_a_bar_with_its_share_in_every_width(width):
    line = budget_line(DAY, width)
    assert width_of(line) <= width
    assert plain([line]).startswith("day [#")
    assert "41%" in plain([line])
    assert ("$4.12/$10.00" in plain([line])) is (width >= 36)


def test_the_fullest_bound_of_spending_is_the_one_drawn():
    month = QuotaRow("budgets.month", 570.0, 600.0, 0.95, exact=False)
    tokens = QuotaRow("tokens_per_day", 10, 10, 1.0)
    row = tenant("acme", quotas=(tokens, DAY, month))
    assert fullest_budget(row) is month
    assert ">95%" in plain([budget_line(month, 40)])
    assert fullest_budget(tenant("acme", quotas=(tokens,))) is None


async def test_the_budget_of_the_tenant_under_the_cursor_is_below_the_rows():
    async with cockpit(tenants_board(tenants=(replace(THREE[0], quotas=(DAY,)), *THREE[1:]))) as s:
        await s.press("1")
        await s.until(lambda: "$4.12/$10.00" in s.text())
        await s.press("G")
        await s.until(lambda: "$4.12/$10.00" not in s.text())


async def test_a_tenant_that_used_up_its_budget_waits_and_says_until_when():
    spent = replace(THREE[0], used_up="budgets.day is used up until 00:00 UTC")
    async with cockpit(tenants_board(tenants=(spent, *THREE[1:]))) as shown:
        assert "= WAIT  acme waits: budgets.day is used up" in shown.text().split("\n")[1]
        assert "SPENT" in shown.screen.pane("tenants").table.text()


# --- the pane -------------------------------------------------------------------------------------


async def test_only_the_fleets_of_the_tenant_shown_are_below_by_short_name():
    async with cockpit(tenants_board()) as shown:
        keys = shown.screen.pane("tenants").table.keys
        assert keys == [
            "tenant:acme", "fleet:web@acme", "fleet:api@acme", "tenant:globex", "tenant:initech",
        ]  # fmt: skip
        assert "web@acme" not in shown.screen.pane("tenants").table.text()


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("acme", ["tenant:acme", "fleet:web@acme", "fleet:api@acme"]),
        ("tenant:glob", ["tenant:globex", "fleet:api@globex"]),
        ("st:held", ["tenant:initech"]),
        ("st:need", ["tenant:acme", "fleet:web@acme", "tenant:globex", "fleet:api@globex"]),
        ("nobody", []),
    ],
)
async def test_a_filter_keeps_tenants_and_fleets_that_fit(words, keys):
    async with cockpit(tenants_board()) as shown:
        pane = shown.screen.pane("tenants")
        pane.set_filter(words)
        shown.screen.show_all()
        assert pane.table.keys == keys
        if not keys:
            await shown.until(lambda: "no tenant fits" in shown.text())


async def test_three_hundred_tenants_are_lines_that_are_drawn_when_they_are_seen():
    async with cockpit(many_board(300)) as shown:
        await shown.press("1", "G")
        table = shown.screen.pane("tenants").table
        assert len(table.keys) == 303
        assert table.cursor_key == "tenant:org-299"
        assert "org-299" in shown.text()
        await shown.press("slash", *"org-250", "enter")
        await shown.until(lambda: table.keys[:1] == ["tenant:org-250"])
        assert len(table.keys) == 4


async def test_the_cursor_stays_on_its_tenant_when_others_rise():
    async with cockpit(tenants_board()) as shown:
        await shown.press("1", "G")
        risen = (tenant("zeta", needs=9, attention="need"), *THREE)
        await shown.change(tenants=risen)
        assert shown.screen.pane("tenants").table.cursor_key == "tenant:initech"


async def test_one_tenant_looks_as_if_there_were_none():
    async with cockpit(board()) as shown:
        text = shown.text()
        assert "v default" in text
        assert "std" not in text
        assert "scope" not in text.split("\n")[0]


# --- the scope ------------------------------------------------------------------------------------


async def scope_by_enter(shown):
    await shown.press("1", "enter")


async def scope_by_key(shown):
    await shown.press("1", "s")


async def scope_by_typing(shown):
    await shown.press("colon", *"tenant acme", "enter")


@pytest.mark.parametrize("way", [scope_by_enter, scope_by_key, scope_by_typing])
async def test_a_scope_leaves_only_what_is_of_its_tenant(way):
    async with cockpit(tenants_board()) as shown:
        await way(shown)
        await shown.until(lambda: shown.screen.scope == "acme")
        header = shown.text().split("\n")[0]
        assert "acme/web" in header
        assert "NEED 2" in header
        assert "+1 elsewhere" in header
        assert shown.screen.pane("inbox").table.keys == ["web@acme/a1", "web@acme/a2"]
        assert [row.name for row in shown.screen.board.tenants] == ["acme"]
        assert "globex/lint-1" not in shown.text()


@pytest.mark.parametrize("keys", [("enter",), ("s",), ("escape",), ("colon", *"tenant", "enter")])
async def test_the_same_key_esc_or_tenant_alone_shows_all_again(keys):
    async with cockpit(tenants_board()) as shown:
        await shown.press("1", "enter")
        assert shown.screen.scope == "acme"
        await shown.press(*keys)
        await shown.until(lambda: not shown.screen.scope)
        assert len(shown.screen.pane("inbox").table.keys) == 3
        assert "all tenants" in shown.text()


async def test_esc_clears_what_else_there_is_before_it_leaves_the_scope():
    async with cockpit(tenants_board()) as shown:
        await shown.press("1", "enter", "3", "space", "escape")
        assert shown.screen.scope == "acme"
        await shown.press("escape")
        assert shown.screen.scope == ""


async def test_a_scope_survives_what_happens_meanwhile():
    async with cockpit(tenants_board()) as shown:
        await shown.press("1", "enter")
        more = replace(INBOX[1], id="api@globex/a2")
        await shown.change(inbox=(*INBOX, more))
        assert shown.screen.scope == "acme"
        assert "+2 elsewhere" in shown.text().split("\n")[0]


async def test_a_scope_goes_to_the_tenants_own_fleet_and_its_agents():
    client = client_by_fleet()
    async with cockpit(client=client) as shown:
        await shown.press("1", "G", "enter")
        await shown.until(lambda: shown.screen.board.fleet == "ops@initech")
        assert ReadBoard("ops@initech") in client.reads
        assert shown.screen.pane("agents").table.keys == ["ops-agent"]
        assert "initech/ops" in shown.text().split("\n")[0]
        await shown.until(lambda: shown.screen.detail.subject.id == "ops-agent")


async def test_a_tenant_without_fleets_shows_nothing_of_others_and_what_to_do():
    empty = tenant("void", fleets=0, agents=0)
    async with cockpit(tenants_board(tenants=(*THREE, empty))) as shown:
        await shown.press("1", "G", "enter")
        await shown.until(lambda: "fleettui --tenant void \\" in shown.text())
        text = shown.text()
        assert "security-1" not in text
        assert " void " in text.split("\n")[0]
        assert "+3 elsewhere" in text.split("\n")[0]


async def test_needs_elsewhere_are_said_where_the_scope_has_none():
    async with cockpit(tenants_board()) as shown:
        await shown.press("1", "G", "enter", "escape")
        await shown.press("1", "G", "enter")
        shown.screen.say("")
        await shown.pilot.pause()
        assert "wait for you elsewhere" in shown.text()


async def test_w_goes_only_to_needs_in_the_scope():
    async with cockpit(tenants_board()) as shown:
        await shown.press("1", "enter", "w")
        seen = {shown.screen.pane("inbox").table.cursor_key}
        for _ in range(3):
            await shown.press("w")
            seen.add(shown.screen.pane("inbox").table.cursor_key)
        assert seen == {"web@acme/a1", "web@acme/a2"}


async def test_who_has_one_tenant_sees_that_one_and_no_scope():
    only = scoped(tenants_board(), "acme")
    async with cockpit(only) as shown:
        await shown.press("1", "enter")
        assert shown.screen.scope == ""
        assert "acme is all there is for you" in shown.text()
        assert "acme/web" in shown.text().split("\n")[0]
        await shown.press("colon", *"tenant globex", "enter")
        assert "no tenant is named 'globex'" in shown.text()


async def test_a_tenant_that_is_taken_away_ends_its_scope():
    async with cockpit(tenants_board()) as shown:
        await shown.press("1", "enter")
        await shown.change(tenants=THREE[1:], fleets=(fleet("globex", "api"),), fleet="api@globex")
        assert shown.screen.scope == ""


def test_the_first_fleet_of_a_tenant_is_the_one_that_needs_somebody_or_runs():
    rows = (fleet("acme", "a"), fleet("acme", "b", needs=1), fleet("acme", "c", running="r"))
    assert first_fleet(tenants_board(fleets=rows), "acme") == "b@acme"
    assert first_fleet(tenants_board(fleets=(rows[0], rows[2])), "acme") == "c@acme"
    assert first_fleet(tenants_board(fleets=(rows[0], fleet("acme", "d"))), "acme") == "d@acme"
    assert first_fleet(tenants_board(), "void") == ""


# --- holds ----------------------------------------------------------------------------------------


def host_board(**fields):
    """Give a board whose operator is admin of the whole host."""
    return tenants_board(**{"tenants": (tenant("default"), *THREE)} | fields)


async def test_hold_all_asks_once_says_what_it_does_and_is_undone():
    async with cockpit(host_board()) as shown:
        await shown.press("exclamation_mark")
        text = " ".join(shown.text().split())
        assert "hold everything on this host, of every tenant?" in text
        assert "fleettui release" in text
        assert shown.client.sent == []
        await shown.press("y")
        await shown.until(lambda: shown.screen.steps)
        assert shown.client.sent == [HoldAll("default")]
        await shown.press("z")
        await shown.until(lambda: len(shown.client.sent) == 2)
        assert shown.client.sent[1] == ReleaseAll("default")


async def test_hold_all_again_releases_what_i_held():
    held = tuple(replace(row, all_held_by="ana") for row in (tenant("default"), *THREE))
    async with cockpit(host_board(tenants=held)) as shown:
        await shown.press("exclamation_mark")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [ReleaseAll("default")]
        await shown.press("z")
        await shown.until(lambda: len(shown.client.sent) == 2)
        assert shown.client.sent[1] == HoldAll("default")


async def test_what_somebody_else_holds_is_released_after_a_question():
    held = tuple(replace(row, all_held_by="bob") for row in (tenant("default"), *THREE))
    async with cockpit(host_board(tenants=held)) as shown:
        await shown.press("exclamation_mark")
        assert "bob holds everything" in shown.text()
        assert shown.client.sent == []
        await shown.press("y")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [ReleaseAll("default")]


@pytest.mark.parametrize(
    ("place", "sent", "back"),
    [
        (0, HoldTenant("acme"), ReleaseTenant("acme")),
        (1, HoldTenant("acme"), ReleaseTenant("acme")),
        (4, ReleaseTenant("initech"), HoldTenant("initech")),
    ],
)
async def test_a_tenant_is_held_and_released_and_that_is_undone(place, sent, back):
    async with cockpit(tenants_board()) as shown:
        await shown.press("1", *"j" * place, "H")
        await shown.until(lambda: shown.screen.steps)
        await shown.press("z")
        await shown.until(lambda: len(shown.client.sent) == 2)
        assert shown.client.sent == [sent, back]


@pytest.mark.parametrize("size", [WIDE, TABBED, (60, 20), (44, 16)])
async def test_a_hold_of_everything_is_over_every_pane(size):
    async with cockpit(tenants_board(tenants=HELD), size) as shown:
        assert "= HELD  bob holds everything" in shown.text().split("\n")[1]


async def test_only_the_tenant_shown_has_the_bar_and_it_goes_with_the_hold():
    async with cockpit(tenants_board()) as shown:
        assert "HELD" not in shown.text().split("\n")[1]
        held = (replace(THREE[0], held_by="eve"), *THREE[1:])
        await shown.change(tenants=held)
        assert "eve holds acme: nothing of it begins" in shown.text().split("\n")[1]
        await shown.change(tenants=THREE)
        assert "holds" not in shown.text().split("\n")[1]


async def test_an_agent_that_waits_says_why_in_its_row():
    waits = WaitRow("tenant_held", "bob")
    rows = (agent("perf-1", status="working", attention="pause", step="held by bob", waits=waits,
                  turn="t1", since=NOW),)  # fmt: skip
    async with cockpit(tenants_board(agents=rows, tenants=HELD)) as shown:
        assert "held by bob" in shown.screen.pane("agents").table.text()


async def test_a_host_admin_who_looks_at_one_tenant_is_asked_before_all_is_held():
    async with cockpit(as_role("admin")) as shown:
        await shown.press("exclamation_mark")
        assert "hold everything on this host, of every tenant?" in " ".join(shown.text().split())
        assert shown.client.sent == []
        await shown.press("y")
        await shown.until(lambda: shown.client.sent)
        assert shown.client.sent == [HoldAll("default")]


async def test_a_budget_that_waits_is_called_a_budget():
    row = replace(
        INBOX[0], kind="budget", agent="", tenant="acme", fleet="tenant:acme",
        summary="acme spent $40.00 of $40.00 this day",
    )  # fmt: skip
    async with cockpit(tenants_board(inbox=(row,))) as shown:
        said = shown.text().split("\n")[-2]
        assert said.startswith(" ! the budget of acme waits for you: acme spent $40.00 of $40.00")


async def test_an_error_longer_than_the_status_line_is_shown_to_its_end():
    error = QuotaReached(
        "root gave 2 of 2 tasks in the last minute", "again at 23:25:48 UTC",
        quota="per_user.requests_per_minute",
    )  # fmt: skip
    async with cockpit(host_board(), size=(80, 24)) as shown:
        shown.screen.complain(str(error))
        await shown.press("1")
        lines = shown.text().split("\n")
        assert " ".join(" ".join(lines[-3:-1]).split()) == str(error)
        assert "detach" in lines[-1]
        shown.screen.say("well")
        await shown.press("1")
        assert shown.text().split("\n")[-2].startswith(" well")


# --- roles ----------------------------------------------------------------------------------------


def as_role(role):
    rows: tuple[TenantRow, ...] = tuple(replace(row, role=role) for row in THREE)
    return tenants_board(tenants=rows, messages=(message("web@acme/m1"),))


@pytest.mark.parametrize(
    "keys", [("exclamation_mark",), ("1", "H"), ("3", "p"), ("4", "x"), ("4", "H"), ("4", ">")]
)
async def test_a_role_that_may_not_is_told_in_one_line(keys):
    async with cockpit(as_role("viewer")) as shown:
        shown.client.refuse = Forbidden("ana is viewer of acme, and this needs operator", "ask")
        await shown.press(*["greater_than_sign" if key == ">" else key for key in keys])
        await shown.until(lambda: shown.screen.said.tone == "fail")
        assert "ana is viewer of acme" in shown.text().split("\n")[-2]
        assert shown.app.is_running
        assert shown.screen.steps == []


async def test_a_viewers_footer_offers_only_what_a_viewer_may():
    async with cockpit(as_role("viewer")) as shown:
        await shown.press("3")
        footer = shown.text().split("\n")[-1]
        assert "l log" in footer
        assert "p pause" not in footer
        assert "help" in footer


def test_each_role_is_offered_what_the_one_before_it_is_and_more():
    viewer, operator, approver = (
        {key.id for key in footer_of("agents", "inbox", "queue", role=role)}
        for role in ("viewer", "operator", "approver")
    )
    assert viewer < operator < approver
    assert "queue.hold" in operator
    assert "inbox.allow" not in operator
