"""Words: what in the text of a step stands for something else, in braces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_WORD: Final = re.compile(r"\{(item|task|steps\.([a-z0-9][a-z0-9-]*)\.output)\}")


def words_in(text: str) -> list[str]:
    """Give the words of a text, each once: `item`, `task` and `steps.NAME.output`."""
    return list(dict.fromkeys(found[1] for found in _WORD.finditer(text)))


def step_of_word(word: str) -> str:
    """Give the step that a word names, empty for the other words."""
    return word.removeprefix("steps.").removesuffix(".output") if "." in word else ""


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of words, in one go: braces that come with a value stay."""
    return _WORD.sub(lambda found: values.get(found[1], found[0]), text)
