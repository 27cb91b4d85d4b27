"""How the layers of any network of a run are evaluated: which pass begins with it, and what it is fed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import NetworkPlan
from nnplay.records.layer import Layer
from nnplay.tape.objective import full_name
from nnplay.training.players.made_rows import fixed_rows
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
#: Half the width of the square of noise that is drawn: in deviations of normal noise, and of uniform noise all of it.
REACHES: Final = {"normal": 2.5, "uniform": 1.0}


@dataclass(frozen=True, slots=True)
class FedNetwork:
    """A network with which the pass of an objective begins.

    Attributes:
        plan, layers: of the network.
        stage: number of the stage whose evaluation runs it.
        prefix: what the names of its evaluation slots begin with.
        noise: numbers of one row of noise; 0: it is fed the data.
        distribution: how the noise is spread.
    """

    plan: NetworkPlan
    layers: tuple[Layer, ...]
    stage: int = 0
    prefix: str = "eval"
    noise: int = 0
    distribution: str = "normal"

    def forward(self, trainer: Trainer, rows: Array, names: Sequence[str]) -> dict[str, Array]:
        """Values of evaluation slots by their names in the network ("0.output") for rows (N, …), each (N, …)."""
        slots = {name: f"{self.prefix}.{name}" for name in names}
        if self.prefix == "eval":
            found = trainer.forward(rows, list(slots.values()))
        else:
            with trainer.answering_weights():
                found = trainer.machine.forward(rows.astype(trainer.machine.dtype), list(slots.values()), self.stage)
        return {name: found[slot] for name, slot in slots.items()}

    def example(self, trainer: Trainer, item: int) -> Array:
        """A row of noise (1, noise), the same at every step."""
        return fixed_rows(trainer, self.distribution, item + 1, self.noise)[item:]

    def noise_plane(self, size: int) -> Array:
        """Two numbers of noise over a square (size², 2), first row at the top."""
        reach = REACHES[self.distribution]
        across = (np.arange(size) + 0.5) * 2 * reach / size - reach
        return np.stack(np.meshgrid(across, -across), axis=-1).reshape(-1, 2)


def fed_network(trainer: Trainer, name: str) -> FedNetwork | None:
    """The run's own network ("") or the one of that name; None where no pass that can be asked begins with it."""
    if not name:
        return FedNetwork(trainer.plan, trainer.network.layers)
    player = trainer.players.networks[name]
    for number, stage in enumerate(trainer.machine.tape.stages):
        if stage.objective.forward[:1] == (name,):
            prefix = full_name("eval", stage.objective.name, name)
            return FedNetwork(trainer.plans[name], player.layers, number, prefix, player.noise, player.distribution)
    return None
