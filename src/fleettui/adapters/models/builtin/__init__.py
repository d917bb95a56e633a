"""Models that work by rules and are no language models; they need no key."""

from fleettui.adapters.models.builtin.table import builtin_models

__all__ = ["builtin_models"]
