"""Step 0 of a run: initial weights, running statistics at their start, and a clock that shows nothing yet."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.records import init_schemes
from nnplay.tape.machine_cpu import Machine
from nnplay.tape.memory_layout import STATE, Slot


def reset_machine(machine: Machine, network_seed: int, seed: int) -> None:
    """Puts a machine's memory back to step 0.

    Args:
        network_seed: of the initial weights.
        seed: of the order of the data, dropout and noise.
    """
    machine.state()[...] = initial_memory(machine, network_seed)
    machine.clock[:] = 0
    machine.clock[abi.CLOCK_SEED] = seed
    machine.running[0] = 0.0
    machine.view(machine.tape.named["loss"])[...] = 0.0
    machine.keep_good()


def initial_memory(machine: Machine, network_seed: int) -> NDArray[Any]:
    """Parameters, optimizer slots and running statistics of step 0, as the vector that `Machine.state` is."""
    memory = np.zeros_like(machine.state())
    for stream, (name, slot) in enumerate(machine.tape.parameters.items()):
        parameter, suggested = machine.tape.planned[name]
        view_of_slot(memory, machine, slot)[...] = init_schemes.first_values(parameter, suggested, network_seed, stream)
    for name, start in machine.tape.buffers.items():
        view_of_slot(memory, machine, machine.tape.layout.find(name))[...] = start
    return memory


def view_of_slot(memory: NDArray[Any], machine: Machine, slot: Slot) -> NDArray[Any]:
    """The view of one slot of the state in a copy of all of it."""
    begins = slot.offset - machine.tape.layout.bounds[STATE[0]][0]
    return memory[begins : begins + slot.size(1)].reshape(slot.at(1))
