"""The text of a flow for an agent that is there already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from fleettui.adapters.yaml.checked import Checked
from fleettui.adapters.yaml.roster import Roster
from fleettui.core.errors import BadSpec, Refused
from fleettui.core.spec.known import API_VERSION, tool_name
from fleettui.core.spec.shape import NAME, NAME_LIMIT

# What asks a person, of the tools that an agent may have.
_ASKED: Final = {
    "kubectl": ("kubectl delete", "kubectl scale --replicas=0"),
    "helm": ("helm uninstall",),
    "terraform": ("terraform destroy",),
    "docker": ("docker rm",),
    "git": ("git push --force",),
}


class Generated(NamedTuple):
    """A flow's text, its names, and what is to be known of it."""

    flow: str
    agent: str
    text: str
    notes: tuple[str, ...] = ()


def flow_from_agent(path: str, output: str, environment: Mapping[str, str]) -> Generated:
    """Write a flow that gives messages to the agent of a file.

    `output` is where it will stand, which names it; raises BadSpec where the file has an error,
    Refused where it has not one agent.
    """
    file = Checked(path, environment)
    errors = [str(one) for one in sorted(file.problems) if one.severity == "error"]
    if errors:
        raise BadSpec(f"{path} has errors", errors, "mend the file and try again")
    agents = [one for one in file.documents if one.kind == "Agent"]
    if len(agents) != 1:
        found = ", ".join(one.name() for one in agents) or "none"
        raise Refused(f"{path} has not one agent (it has: {found})", "give a file with one of them")
    agent = agents[0]
    name = _flow_name(agent.name(), output)
    notes = []
    if output and Roster(output, environment).agent(agent.name(), Checked(output, {})) is None:
        notes.append(
            f"the flow names agent '{agent.name()}', and {path} is not where it is looked for: "
            "put it into a folder agents beside the folder of flows, or beside the flow"
        )
    return Generated(
        name, agent.name(), _text(name, agent.name(), agent.data["spec"]), tuple(notes)
    )


def _flow_name(agent: str, output: str) -> str:
    stem = Path(output).stem.lower().replace("_", "-") if output else ""
    if stem and NAME.match(stem) and len(stem) <= NAME_LIMIT:
        return stem
    return re.sub(r"-+\Z", "", f"{agent}"[: NAME_LIMIT - 5]) + "-flow"


def _text(name: str, agent: str, spec: Mapping[str, object]) -> str:
    listed = spec.get("tools")
    tools = {tool_name(tool) for tool in listed} if isinstance(listed, list) else set()
    asked = [pattern for tool, some in _ASKED.items() if tool in tools for pattern in some]
    approval = "".join(f"      - {pattern}\n" for pattern in asked)
    return f"""\
apiVersion: {API_VERSION}
kind: AgentFlow
metadata:
  name: {name}
spec:
  trigger:
    type: Manual  # or Webhook, Schedule, File
    # Which messages it takes; all of its platform where nothing is said.
    # config:
    #   channels: [production]
    #   users: [U012ADMIN]
    #   patterns: ["(?i)^(incident|outage)"]

  # Where the agent works.
  # context:
  #   kubeconfig: ${{KUBECONFIG}}
  #   namespace: default

  agents:
    - name: {agent}
""" + (f"\n  approval:\n    require_for:\n{approval}" if asked else "")
