"""Membership: which tenants an operator sees, and what they may do in each."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.errors import Ambiguous, Forbidden, NotFound
from fleettui.core.model import Actor, Role
from fleettui.core.spec.tenant import Member
from fleettui.core.state.tenant import TenantState
from fleettui.core.tenancy import DEFAULT
from fleettui.engine.engine import Engine


def no_tenant(name: str) -> NotFound:
    """Refuse a tenant that is not there, or not for whoever asks: the two look the same."""
    return NotFound(f"no tenant is named '{name}'", "fleettui tenant ls names them")


def names_of(member: Member) -> tuple[str, ...]:
    """Give the names that platforms have for a member, as `slack:U1` and `U1`."""
    return tuple(
        name
        for platform, own in member.identities.items()
        for name in (f"{platform.lower()}:{own}", str(own))
    )


def actor_of_member(tenant: TenantState, member: Member) -> Actor:
    """Give a member as who asks: the same person whatever platforms call them."""
    return Actor("operator", member.name, tenant.name, member.role, names_of(member))


def stranger(tenant: str, platform: str, identity: str) -> Actor:
    """Give somebody as who asks whom only a platform vouches for: rules that name them count."""
    name = f"{platform}:{identity}"
    return Actor("operator", name, tenant, "approver", (identity,), known=False)


class Membership:
    """What tenants' files say about one operator, as of now.

    Whoever owns the state folder is admin of every tenant whose file does not say otherwise. An
    admin of tenant `default` is the host's. With `rights_of` somebody who is the host's admin
    sees and may only what that member does; what they do stays their own. `only` narrows it all
    to one tenant. `name` is whose rights these are.
    """

    def __init__(
        self, engine: Engine, operator: str, *, owner: bool, only: str = "", rights_of: str = ""
    ) -> None:
        self._engine, self.operator, self.only = engine, operator, only
        self._owner, self.name = owner, operator
        if rights_of and rights_of != operator:
            if not self._is_host_admin():
                raise Forbidden(
                    f"{operator} may not look through the eyes of {rights_of}",
                    "only an admin of tenant default may",
                )
            if all(state.member(rights_of) is None for state in engine.tenants()):
                raise NotFound(f"no tenant has a member named '{rights_of}'")
            self._owner, self.name = False, rights_of
        if only and self.role(only) is None:
            raise no_tenant(only)

    def role(self, tenant: str) -> Role | None:
        """Give what the operator may do in a tenant; None for one that is not theirs to see."""
        return self._role(tenant) if self.only in {"", tenant} else None

    def host_role(self) -> Role | None:
        """Give what the operator may do to the whole host, also where they look at one tenant."""
        return self._role(DEFAULT)

    def _role(self, tenant: str) -> Role | None:
        state = self._engine.find_tenant(tenant)
        if state is None:
            return None
        return state.role_of(self.name) or ("admin" if self._is_host_admin() else None)

    def tenants(self) -> Sequence[str]:
        """Name the tenants the operator sees, `default` first."""
        return [one.name for one in self._engine.tenants() if self.role(one.name) is not None]

    def scope(self) -> Sequence[str]:
        """Name the tenants whose news the operator hears; `*` for all, also those to come."""
        return ["*"] if not self.only and self._is_host_admin() else self.tenants()

    def actor(self, tenant: str) -> Actor:
        """Give the operator as the actor of a tenant; raises NotFound."""
        return self._actor(tenant, self.role(tenant))

    def host_actor(self) -> Actor:
        """Give the operator as who holds the whole host; raises NotFound."""
        return self._actor(DEFAULT, self.host_role())

    def _actor(self, tenant: str, role: Role | None) -> Actor:
        if role is None:
            raise no_tenant(tenant)
        found = self._engine.tenant(tenant).member(self.operator)
        return Actor("operator", self.operator, tenant, role, names_of(found) if found else ())

    def home(self) -> str:
        """Name the tenant that new fleets belong to; raises Ambiguous where several could be."""
        names = self.tenants()
        if self.only or DEFAULT in names:
            return self.only or DEFAULT
        if len(names) != 1:
            raise Ambiguous("you belong to several tenants", f"name one: {', '.join(names)}")
        return names[0]

    def _is_host_admin(self) -> bool:
        host = self._engine.find_tenant(DEFAULT)
        listed = host.role_of(self.name) if host else None
        return listed == "admin" if listed else self._owner
