"""Every question can be answered over the socket."""

from typing import get_args

from fleettui.core.views.queries import AnyQuery
from fleettui.host.answers import ANSWERS


def test_every_query_has_its_answer() -> None:
    assert set(ANSWERS) == set(get_args(AnyQuery))
