"""Sets secrets one after another and says each that was kept, until it is killed."""

from __future__ import annotations

import sys
from pathlib import Path

from fleettui.adapters.secrets.store import SecretStore


def main(folder: str, rotates: str) -> None:
    store = SecretStore(Path(folder))
    number = 0
    while True:
        number += 1
        if rotates == "master" and number % 3 == 0:
            store.change_master()
        store.put(f"t{number % 3}", f"name-{number % 7}", f"value-{number}", 0.0, "me", anew=False)
        said = f"t{number % 3} name-{number % 7} value-{number}"
        print(said, flush=True)  # noqa: T201 it is read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
