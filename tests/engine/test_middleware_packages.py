"""Middleware of other packages: found by entry point, and harmless where it is broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleettui.core.errors import Refused
from fleettui.engine.middleware import Envelope
from fleettui.plugins import load_middleware

CODE = """
from msgspec.structs import replace

def make(settings):
    async def shout(envelope):
        return replace(envelope, text=envelope.text.upper())
    return shout
"""
POINTS = "[fleettui.message_middleware]\nshout = shout_for_test:make\ngone = shout_for_test:gone\n"


@pytest.fixture(autouse=True)
def package(tmp_path: Path) -> Iterator[None]:
    """Install a package with two entry points, one of which leads nowhere."""
    (tmp_path / "shout_for_test.py").write_text(CODE)
    about = tmp_path / "shout_for_test-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shout_for_test\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(POINTS)
    sys.path.insert(0, str(tmp_path))
    yield
    sys.path.remove(str(tmp_path))


async def test_a_package_brings_its_middleware() -> None:
    shout = load_middleware()["shout"]({})
    envelope = Envelope("t", "f", "a", "direct", "b", "normal", "quiet", 0.0)
    assert (await shout(envelope)).text == "QUIET"


def test_one_that_can_not_be_loaded_is_refused_where_it_is_used() -> None:
    found = load_middleware()
    assert {"audit", "rate", "transform", "shout", "gone"} <= set(found)
    with pytest.raises(Refused, match="'gone' can't be loaded: AttributeError"):
        found["gone"]({})
