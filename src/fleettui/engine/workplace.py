"""Where the tools of an agent work, and with what: folder, secrets, servers, programs, bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleettui.core.model import ToolProgram, ToolServer, Workplace
from fleettui.core.quota import limits_of
from fleettui.core.secrets import PREFIX, granted
from fleettui.core.spec.agent import AgentSpec, McpServer
from fleettui.core.spec.program import tool_programs
from fleettui.core.spec.tenant import TenantSpec
from fleettui.core.spec.variables import named, reveal
from fleettui.core.state.confinement import is_sandboxed
from fleettui.core.state.fleet import FleetState
from fleettui.ports import Vault

_NO_BOUNDS = TenantSpec()


def workplace(
    state: FleetState, agent: str, run: str, vault: Vault, tenant: TenantSpec = _NO_BOUNDS
) -> Workplace:
    """Say where the tools of an agent work, in a run, with the secrets its file names.

    What they run stays within what its tenant may.
    """
    base = state.runs[run].base if run in state.runs else ""
    if agent not in state.agents:
        return Workplace(
            state.tenant, state.id, agent, state.workspace, base, limits=limits_of(None, tenant)
        )
    ground = state.agents[agent].files.ground
    spec = state.spec_of(agent)
    given = given_secrets(state, spec, vault, tenant.secrets)
    by_name = {f"{PREFIX}{name}": value for name, value in given.values()}
    secrets_of = {**vault.environment(state.id), **by_name}
    environment = {name: reveal(text, secrets_of) for name, text in spec.environment.items()}
    environment |= {variable: value for variable, (_, value) in given.items()}
    return Workplace(
        state.tenant, state.id, agent, ground.path if ground else state.workspace, base,
        dict(spec.tool_config), environment, servers_of(spec, secrets_of),
        programs_of(state, spec), is_sandboxed(state, spec),
        limits_of(spec.resource_limits, tenant),
        frozenset(given) | {name for name, text in spec.environment.items() if named(text)},
    )  # fmt: skip


def given_secrets(
    state: FleetState, spec: AgentSpec, vault: Vault, allowed: Sequence[str]
) -> dict[str, tuple[str, str]]:
    """Give the stored secrets that an agent's file grants it, as variable: (name, value).

    Raises ToolFailed for one that is not set: that is a mistake of somebody, known at once, and
    no wait mends it. Raises SecretsLocked, MissingExtra where none can be opened.
    """
    if not spec.secrets:
        return {}
    there = vault.secrets(state.tenant)
    names = granted(spec.secrets, sorted(there), state.tenant, allowed)
    return {variable: (name, there[name]) for variable, name in names.items()}


def servers_of(spec: AgentSpec, secrets: Mapping[str, str]) -> tuple[ToolServer, ...]:
    """Give the MCP servers of an agent, each with the values of the variables that it names."""
    return tuple(_server(one, secrets) for one in spec.mcp_servers)


def _server(one: McpServer, secrets: Mapping[str, str]) -> ToolServer:
    url, command = one.url or one.endpoint or "", one.command or ""
    texts = (url, command, *one.args, *one.env.values(), *one.headers.values())
    names = {name for text in texts for name in named(text)}
    return ToolServer(
        name=one.name, transport=one.transport, command=command, args=one.args,
        env=dict(one.env), url=url, headers=dict(one.headers), tools=one.tools,
        timeout=one.timeout_secs or 0.0, reconnect=one.auto_reconnect,
        variables={name: secrets[name] for name in sorted(names) if name in secrets},
    )  # fmt: skip


def programs_of(state: FleetState, spec: AgentSpec) -> dict[str, ToolProgram]:
    """Give the tools of an agent that are programs."""
    assert state.spec is not None
    return tool_programs(spec.tools, state.spec.spec.programs)
