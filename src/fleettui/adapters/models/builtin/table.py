"""The table of models that work by rules."""

from __future__ import annotations

from collections.abc import Mapping

from fleettui.adapters.models.builtin import audit, changes, logs, upgrade
from fleettui.adapters.models.builtin.reply import RuleModel
from fleettui.adapters.models.builtin.review import BuiltinReview
from fleettui.ports import Model


def builtin_models() -> Mapping[str, Model]:
    """Give every one by its name after `builtin:`."""
    return {
        "review": BuiltinReview(),
        "logs": RuleModel(logs.next_step),
        "changes": RuleModel(changes.next_step),
        "lead": RuleModel(audit.lead_step),
        "audit": RuleModel(audit.worker_step),
        "upgrade": RuleModel(upgrade.next_step),
    }
