"""Step 0 of a run: initial weights, running statistics at their start, and a clock that shows nothing yet."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.records import init_schemes
from nnplay.tape.machines.machine import Clock, Machine
from nnplay.tape.memory_layout import STATE, Slot

#: No tensors.
NOTHING: Final[Mapping[str, NDArray[Any]]] = MappingProxyType({})


def reset_machine(machine: Machine, seed: int, memory: NDArray[Any]) -> None:
    """Puts a machine back to step 0.

    Args:
        seed: of the order of the data, dropout and noise.
        memory: parameters, optimizer state and running statistics, as `initial_memory` draws them.
    """
    machine.state()[...] = memory
    machine.clock = Clock(seed)
    machine.loss_sum = 0.0
    for stage in machine.tape.stages:
        machine.view(stage.named["loss"])[...] = 0.0
    machine.keep_last_good()


def initial_memory(
    machine: Machine,
    network_seed: rng.Seeds | Mapping[str, rng.Seeds],
    given: Mapping[str, NDArray[Any]] = NOTHING,
) -> NDArray[Any]:
    """Parameters, optimizer state and running statistics of step 0, as the vector that `Machine.state` is.

    Args:
        network_seed: of the initial weights; of each network by name, where there are several. Those of several
            runs (S,) give as many vectors, one in each row.
        given: what parameters and running statistics begin with in place of what is drawn, by name.
    """
    seeds = network_seed if isinstance(network_seed, Mapping) else {"": network_seed}
    runs = np.shape(next(iter(seeds.values()), 0))
    memory = np.zeros((*runs, machine.state().size), machine.state().dtype)
    for network, seed in seeds.items():
        for stream, name in enumerate(machine.tape.parameters_of(network)):
            parameter, suggested = machine.tape.planned[name]
            values = init_schemes.first_values(parameter, suggested, seed, stream)
            view_of_slot(memory, machine, machine.tape.parameters[name])[...] = values
    for name, start in machine.tape.buffers.items():
        view_of_slot(memory, machine, machine.tape.layout.find(name))[...] = start
    for name, values in given.items():
        view_of_slot(memory, machine, machine.tape.layout.find(name))[...] = values
    return memory


def view_of_slot(memory: NDArray[Any], machine: Machine, slot: Slot) -> NDArray[Any]:
    """The view of one slot of the state in a copy of all of it, or in several copies (S, …)."""
    begins = slot.offset - machine.tape.layout.bounds[STATE[0]][0]
    return memory[..., begins : begins + slot.size(1)].reshape((*memory.shape[:-1], *slot.at(1)))
