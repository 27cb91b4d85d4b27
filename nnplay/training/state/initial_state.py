"""Step 0 of a run: initial weights, running statistics at their start, and a clock that shows nothing yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.records import init_schemes
from nnplay.tape.machines.machine import Clock, Machine
from nnplay.tape.memory_layout import STATE, Slot


def reset_machine(
    machine: Machine, network_seed: int | Mapping[str, int], seed: int, memory: NDArray[Any] | None = None
) -> None:
    """Puts a machine's memory back to step 0.

    Args:
        network_seed: of the initial weights; of each network by name, where there are several.
        seed: of the order of the data, dropout and noise.
        memory: what `initial_memory` has drawn for that seed already.
    """
    machine.state()[...] = initial_memory(machine, network_seed) if memory is None else memory
    machine.clock = Clock(seed)
    machine.loss_sum = 0.0
    for stage in machine.tape.stages:
        machine.view(stage.named["loss"])[...] = 0.0
    machine.keep_last_good()


def initial_memory(machine: Machine, network_seed: rng.Seeds | Mapping[str, rng.Seeds]) -> NDArray[Any]:
    """Parameters, optimizer state and running statistics of step 0, as the vector that `Machine.state` is.

    Args:
        network_seed: as for `reset_machine`; or those of several runs (S,), for as many vectors, one in each row.
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
    return memory


def view_of_slot(memory: NDArray[Any], machine: Machine, slot: Slot) -> NDArray[Any]:
    """The view of one slot of the state in a copy of all of it, or in several copies (S, …)."""
    begins = slot.offset - machine.tape.layout.bounds[STATE[0]][0]
    return memory[..., begins : begins + slot.size(1)].reshape((*memory.shape[:-1], *slot.at(1)))
