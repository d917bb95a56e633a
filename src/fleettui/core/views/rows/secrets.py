"""Rows about what a tenant keeps secret."""

from __future__ import annotations

from fleettui.core.views.rows.root import Row


class SecretRow(Row, frozen=True):
    """A secret: set last `at` by whom; `variable` is what agents get it as, unless they say."""

    name: str
    tenant: str
    version: int
    at: float
    by: str
    variable: str
