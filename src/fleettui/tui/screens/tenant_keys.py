"""The keys of tenants: hold everything or one tenant, and scope the cockpit to one."""

from __future__ import annotations

from fleettui.core.commands.tenants import HoldAll, HoldTenant, ReleaseAll, ReleaseTenant
from fleettui.core.tenancy import DEFAULT
from fleettui.core.views.rows import TenantRow
from fleettui.core.views.scope import first_fleet
from fleettui.tui.screens.desk import Desk, Step
from fleettui.tui.widgets.detail import DetailPane, Subject
from fleettui.tui.widgets.tenants import TenantsPane

_HOLD_ALL = """\
hold everything on this host, of every tenant?

No turn, run or request begins any more. What goes on comes to its next safe point and waits \
there. It survives a restart.

! again releases it, and so does: fleettui release"""


class TenantKeys(Desk):
    """Acts on the whole host, or on the tenant under the cursor."""

    # --- holds -----------------------------------------------------------------------------------

    def action_hold(self) -> None:
        """Hold everything after one question, or release it; who may not is told at once."""
        hold, release = HoldAll(DEFAULT), ReleaseAll(DEFAULT)
        holder = next((row.all_held_by for row in self.whole.tenants if row.all_held_by), "")
        step, back = Step("hold all", release, hold), Step("release all", hold, release)
        # Who looks at one tenant may be the host's admin all the same.
        seen = {row.role for row in self.whole.tenants}
        if (self.role_in(DEFAULT) or ("admin" if "admin" in seen else "viewer")) != "admin":
            self.start(self.carry_out(release if holder else hold))
        elif not holder:
            said = "everything is held; ! releases it"
            self.confirm("hold all", _HOLD_ALL, lambda: self.start(self.carry_step(step, said)))
        elif holder == self.client.operator:
            self.start(self.carry_step(back, "the host goes on"))
        else:
            self.confirm(
                "release all",
                f"{holder} holds everything. Let the host go on?",
                lambda: self.start(self.carry_step(back, "the host goes on")),
            )

    def action_hold_tenant(self) -> None:
        """Hold the tenant under the cursor, or release it."""
        row = self.query_one(TenantsPane).tenant_here
        if row is None:
            self.complain("no tenant is chosen: 1 goes to the tenants")
            return
        hold, release = HoldTenant(row.name), ReleaseTenant(row.name)
        if row.held_by:
            step = Step(f"release {row.name}", hold, release)
            self.start(self.carry_step(step, f"{row.name} goes on ({row.held_by} held it)"))
        else:
            step = Step(f"hold {row.name}", release, hold)
            said = f"{row.name} is held: what goes on ends, nothing begins; H releases it"
            self.start(self.carry_step(step, said))

    # --- scope -----------------------------------------------------------------------------------

    def action_scope(self) -> None:
        """Show only the tenant under the cursor, or all again."""
        row = self.query_one(TenantsPane).tenant_here
        if row is not None:
            self.toggle_scope(row)

    def toggle_scope(self, row: TenantRow) -> None:
        """Show only a tenant, or all again where it was the only one shown."""
        self.scope_to("" if row.name == self.scope else row.name)

    def scope_to(self, tenant: str) -> None:
        """Show only what is of a tenant; with an empty name all again."""
        if len(self.whole.tenants) == 1:
            self.say(f"{self.whole.tenants[0].name} is all there is for you")
            return
        self.scope = self.query_one(TenantsPane).scope = tenant
        if tenant:
            self.fleet = first_fleet(self.whole, tenant)
        self.take_board(self.whole)
        detail = self.query_one(DetailPane)
        if not self.board.fleet:
            # Nothing of another tenant stays on the screen until the next reading.
            detail.turn_to(Subject())
            detail.show([])
        self.show_all()
        self.say(f"only {tenant}: esc shows all again" if tenant else "all tenants")
        self.feed.mark()
