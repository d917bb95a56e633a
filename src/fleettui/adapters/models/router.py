"""The one Model that the engine knows: it chooses who answers by the model's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fleettui.adapters.models.names import route_of
from fleettui.adapters.models.pool import WorkerPool
from fleettui.adapters.models.providers import VARIABLES
from fleettui.adapters.models.record import Recorder
from fleettui.adapters.models.replay import Replay
from fleettui.adapters.models.scripted import ScriptedModel
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelReply, ModelRequest
from fleettui.ports import Model


class ModelRouter:
    """Satisfies ports.Model: `scripted:FILE`, `builtin:NAME`, and providers through the workers.

    `load_yaml` turns the text of a script into plain objects, `builtin` are models by their name
    after `builtin:`, `log_path` is where the workers' stderr goes. No process is started before
    the first call to a provider. `request.record` and `request.replay` name recordings.
    """

    def __init__(
        self,
        load_yaml: Callable[[str], object],
        builtin: Mapping[str, Model] | None = None,
        log_path: Path | None = None,
        workers: int = 1,
    ) -> None:
        self._scripted = ScriptedModel(load_yaml)
        self._builtin = dict(builtin or {})
        self.pool = WorkerPool(log_path, workers)
        self._replays: dict[tuple[str, str], Replay] = {}

    async def complete(
        self,
        request: ModelRequest,
        on_text: Callable[[str], None] | None = None,
    ) -> ModelReply:
        """Answer by whoever the request means; raises ModelFailed."""
        model: Model
        if request.replay:
            # Each fleet replays for itself: how far another one is says nothing.
            whose = (request.id.rpartition("/")[0], request.replay)
            model = self._replays.setdefault(whose, Replay(Path(request.replay)))
        else:
            model = self._of(request.model)
        if request.record:
            model = Recorder(model, Path(request.record))
        return await model.complete(request, on_text)

    async def close(self) -> None:
        """End the workers; open calls fail."""
        await self.pool.close()

    def takes(self, variable: str) -> bool:
        """Say whether a variable is a provider's key, address or setting."""
        return variable in VARIABLES

    def is_served(self, model: str, environment: Mapping[str, str]) -> bool:
        """Say whether an environment has all that a model's provider needs."""
        try:
            route_of(model, environment)
        except ModelFailed:
            return False
        return True

    def _of(self, name: str) -> Model:
        kind, _, rest = name.strip().partition(":")
        match kind:
            case "scripted":
                return self._scripted
            case "builtin":
                if rest in self._builtin:
                    return self._builtin[rest]
                known = ", ".join(f"builtin:{one}" for one in sorted(self._builtin)) or "none"
                raise ModelFailed(f"there is no model {name!r}", f"built in are: {known}")
            case _:
                return self.pool
