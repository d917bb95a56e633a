"""The table of every tool whose words can be read."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from fleettui.core.policy.tools.cloud import AWS, AZ, GCLOUD, GSUTIL
from fleettui.core.policy.tools.docker import DOCKER, PODMAN
from fleettui.core.policy.tools.files import FILES
from fleettui.core.policy.tools.git import GIT
from fleettui.core.policy.tools.helm import HELM
from fleettui.core.policy.tools.kubectl import KUBECTL
from fleettui.core.policy.tools.plain import PLAIN
from fleettui.core.policy.tools.terraform import TERRAFORM, TOFU
from fleettui.core.policy.tools.transfer import TRANSFER

_NAMED: Final = (KUBECTL, HELM, GIT, TERRAFORM, TOFU, DOCKER, PODMAN, AWS, GCLOUD, AZ, GSUTIL)

GRAMMARS: Final = MappingProxyType(
    {**PLAIN, **FILES, **TRANSFER, **{grammar.tool: grammar for grammar in _NAMED}}
)
