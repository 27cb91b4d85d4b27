"""Step 0 of a run: initial weights, running statistics at their start, and a clock that shows nothing yet."""

from __future__ import annotations

from nnplay import initial
from nnplay.kernels import layout as at
from nnplay.machine import Machine


def begin(machine: Machine, network_seed: int, seed: int) -> None:
    """Puts a machine's memory back to step 0.

    Args:
        network_seed: of the initial weights.
        seed: of the order of the data, dropout and noise.
    """
    machine.state()[...] = 0
    for stream, (name, slot) in enumerate(machine.tape.parameters.items()):
        parameter, suggested = machine.tape.planned[name]
        machine.view(slot)[...] = initial.first_values(parameter, suggested, network_seed, stream)
    for name, start in machine.tape.buffers.items():
        machine.view(machine.tape.layout.find(name))[...] = start
    machine.clock[:] = 0
    machine.clock[at.CLOCK_SEED] = seed
    machine.running[0] = 0.0
    machine.view(machine.tape.named["loss"])[...] = 0.0
    machine.keep_good()
