"""What a flow puts around its agents: their environment, what they are told, who approves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from fleettui.core.spec.flow import Context, FlowSpec
from fleettui.core.spec.flow_rules import approval_seconds
from fleettui.core.spec.known import PROGRAMS, tool_name
from fleettui.core.spec.secrets import secret_faults
from fleettui.core.spec.variables import looks_secret

Data = dict[str, Any]
# What of a context agents are told in words; the rest is in their environment only.
_PLACES: Final = ("cluster_name", "namespace", "organization")
# What destroys is allowed only where it is named: a `*` never covers it.
_DESTROYS: Final = {
    "kubectl": ("delete", "drain", "scale --replicas=0"),
    "helm": ("uninstall",),
    "terraform": ("destroy",),
    "tofu": ("destroy",),
    "docker": ("rm", "rmi", "volume rm"),
    "podman": ("rm", "rmi", "volume rm"),
}
_APPROVALS: Final = ("REQUIRE_APPROVAL", "APPROVAL_TIMEOUT")


def environment_of(context: Context) -> dict[str, str]:
    """Give the variables a context stands for; further keys become `CONTEXT_KEY`."""
    found: dict[str, str] = {}
    if context.kubeconfig:
        found["KUBECONFIG"] = context.kubeconfig
    if context.namespace:
        found |= {"NAMESPACE": context.namespace, "HELM_NAMESPACE": context.namespace}
    if context.cluster_name:
        found["CLUSTER_NAME"] = context.cluster_name
    for name, value in (context.model_extra or {}).items():
        if isinstance(value, (str, int, float)):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            found[f"CONTEXT_{_variable(name)}"] = text
    kept = {name: value for name, value in context.env.items() if name not in _APPROVALS}
    return {**found, **kept}


def told_of(context: Context) -> str:
    """Say in words where an agent works; no secret, and nothing that stands for a variable."""
    further = context.model_extra or {}
    known = {name: getattr(context, name) for name in _PLACES} | further
    lines = [
        f"- {name}: {value}"
        for name, value in known.items()
        if isinstance(value, (str, int, float)) and not _is_secret(name, str(value))
    ]
    return "\n".join(["You work in this context:", *lines]) if lines else ""


def _is_secret(name: str, value: str) -> bool:
    found = next(secret_faults({name: value}), None)
    return "${" in value or looks_secret(name) or found is not None


def approval_over(spec: FlowSpec, below: Data) -> Data:
    """Put the approval of a flow over that of a fleet."""
    own = spec.approval
    made = {**below}
    if own.allowed_users:
        made["approvers"] = [str(person) for person in own.allowed_users]
    if own.require_for:
        made["require_for"] = list(dict.fromkeys((*below.get("require_for", ()), *own.require_for)))
    if own.chains:
        mine = {chain.name for chain in own.chains}
        kept = [chain for chain in below.get("chains", ()) if chain["name"] not in mine]
        made["chains"] = [*(chain.model_dump(mode="json") for chain in own.chains), *kept]
    if own.rules:
        made["rules"] = [
            *(rule.model_dump(mode="json") for rule in own.rules),
            *below.get("rules", ()),
        ]
    if own.allowed_users or "self_approval" in own.model_fields_set:
        made["self_approval"] = own.self_approval
    patience = patience_of(spec)
    if patience is not None:
        made["timeout"] = patience
    return made


def patience_of(spec: FlowSpec) -> float | None:
    """Say how many seconds a question of a flow stands, None where it does not say."""
    own = spec.approval
    written = own.timeout or own.timeout_seconds
    if written is not None:
        return written
    return approval_seconds(spec.context.env.get("APPROVAL_TIMEOUT", ""))


def everything_of(agents: Iterable[Data]) -> list[str]:
    """Give patterns that allow whatever the programs of agents do."""
    names = [tool_name(tool) for entry in agents for tool in entry["spec"].get("tools", ())]
    return [
        f"{name} {words} *".replace("  ", " ")
        for name in dict.fromkeys(names)
        if name in PROGRAMS
        for words in ("", *_DESTROYS.get(name, ()))
    ]


def _variable(name: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in name).upper()
