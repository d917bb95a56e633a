"""Plain YAML, for scripts and recordings: no places, no variables."""

from __future__ import annotations

import yaml


def load_plain(text: str) -> object:
    """Give the plain objects of a YAML text; raises ValueError with the line of a fault."""
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
