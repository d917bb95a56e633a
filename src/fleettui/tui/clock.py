"""The cockpit's clock: something that gives seconds, monotonic, and can be set in a test."""

from __future__ import annotations

from collections.abc import Callable

Clock = Callable[[], float]
