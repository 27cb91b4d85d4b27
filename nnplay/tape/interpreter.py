"""Runs rows in plain NumPy by their definitions: slow, readable, and what the compiled kernels are held to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.tape.machine_cpu import Machine
from nnplay.tape.tape import Row

Array = NDArray[Any]


def run(machine: Machine, table: Array, rows: Sequence[Row], n: int, clock: Array | None = None) -> None:
    """Runs all rows of a table once on the machine's memory, for a batch of n rows."""
    for line, row in zip(table, rows, strict=True):
        run_row(machine, line, row, n, machine.clock if clock is None else clock)


def run_row(machine: Machine, line: Array, row: Row, n: int, clock: Array) -> None:
    """Runs one row: the outputs of its definition are written, or added where the row adds."""
    results = results_of(machine, line, row, n, clock)
    for slot, adds, result in zip(row.writes, row.adds, results, strict=True):
        view = machine.view(slot, n)
        shaped = np.asarray(result).reshape(view.shape)
        view[...] = view + shaped if adds else shaped


def results_of(machine: Machine, line: Array, row: Row, n: int, clock: Array, exact: bool = False) -> tuple[Array, ...]:
    """What the row's definition gives for the memory as it is, one array for each output.

    Args:
        exact: compute in float64, whatever the machine's type.
    """
    operation = row.operation
    dtype = np.float64 if exact else machine.dtype
    reads = [machine.view(slot, n).astype(dtype) for slot in row.reads]
    given: dict[str, Any] = {name: int(line[abi.ROW_INTEGERS + k]) for k, name in enumerate(operation.integers)}
    if operation.uses_clock:
        given["clock"] = clock_values(clock)
    if not operation.reads:
        given |= {"shapes": tuple(slot.at(n) for slot in row.writes), "dtype": machine.dtype}
    outcome = operation.reference(*reads, **given)
    results = outcome if isinstance(outcome, tuple) else (outcome,)
    if operation.writes[-1] == "finite_flags":
        results += (np.full(row.parts, np.sum(results[0] - results[0])),)
    return results


def clock_values(clock: Array) -> dict[str, int]:
    """The clock by name, as definitions read it."""
    return {
        "seed": int(clock[abi.CLOCK_SEED]),
        "step": int(clock[abi.CLOCK_STEP]),
        "epoch": int(clock[abi.CLOCK_EPOCH]),
        "batch": int(clock[abi.CLOCK_BATCH]),
    }
