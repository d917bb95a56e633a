"""LastGood: of each file the last version that had no error, which goes on while it has one."""

from __future__ import annotations

from pathlib import Path

from fleettui.adapters.yaml.checked import Checked
from fleettui.core.spec.problem import Problem


class LastGood:
    """Remembers files by their path, for as long as they are there."""

    def __init__(self) -> None:
        self._files: dict[str, Checked] = {}

    def of(self, fresh: Checked) -> tuple[Checked, tuple[Problem, ...]]:
        """Give the version that goes on, and what is wrong with the one that does not."""
        if all(problem.severity != "error" for problem in fresh.problems):
            self._files[fresh.path] = fresh
            return fresh, ()
        good = self._files.get(fresh.path)
        return (good, (*fresh.problems, _kept(good))) if good is not None else (fresh, ())

    def forget_gone(self) -> None:
        """Forget files that are there no more: what was deleted is gone."""
        self._files = {path: file for path, file in self._files.items() if Path(path).exists()}


def _kept(good: Checked) -> Problem:
    names = [one.name() for one in good.documents if one.name()]
    what = f" ({', '.join(names)})" if names else ""
    text = f"the last good version of the file goes on{what}, until it is mended"
    return Problem(good.path, 1, 1, "warning", "", text)
