"""The tape: a table of rows, one row per operation, and the memory layout that they work on.

`nnplay.tape.assembler` writes the rows; `encode` turns them into the integers that the compiled loop walks; `verify`
checks those before the first step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.kernels.compile.jit import Kernel
from nnplay.network.network import NetworkPlan
from nnplay.records.layer import Parameter
from nnplay.records.operation import Operation
from nnplay.tape.memory_layout import Layout, Slot

#: Which part of a slot: an index for its array.
Place = tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row, by names.

    Attributes:
        phase: data, forward, loss, backward or update; evaluation rows are forward and loss.
        path: the layer that it belongs to, or empty.
        reads, writes: slots, in the order of the operation's names.
        adds: for each write, whether it adds to a gradient that an earlier row began.
        parts: into how many independent shares its outputs are cut.
    """

    operation: Operation
    phase: str
    path: str
    reads: tuple[Slot, ...]
    writes: tuple[Slot, ...]
    integers: tuple[int, ...] = ()
    adds: tuple[bool, ...] = ()
    parts: int = 1

    @property
    def operands(self) -> tuple[Slot, ...]:
        """All slots in the order in which the kernel takes them."""
        return self.reads + self.writes


@dataclass(slots=True)
class Tape:
    """A compiled run: rows for a training step and for an evaluation, and the layout of memory.

    Attributes:
        train: data, forward, loss, backward and update rows of one step.
        fused: the same step as the compiled loop walks it: with neighbours joined where that saves time.
        evaluation: data, forward and loss rows of one evaluation batch.
        fused_update_at: index of the first row of `fused` that changes parameters.
        kept_in: by the name of a slot that `fused` leaves out, one that holds its numbers, and where in it.
        parameters: trained and frozen parameters by name, with slots.
        planned: the declaration of each parameter (shape, scheme) and the suggested scheme.
        buffers: start value of each running statistic, by name.
        named: further slots by what they are for: input, target, output, loss, score (with "eval." in front for those
            of the evaluation), norm, finite_flags, settings, and the spans parameters, gradients, weights and optimizer
            slots.
        size: numbers in memory.
    """

    layout: Layout
    network: NetworkPlan
    train: list[Row] = field(default_factory=list)
    fused: list[Row] = field(default_factory=list)
    evaluation: list[Row] = field(default_factory=list)
    fused_update_at: int = 0
    kept_in: dict[str, tuple[Slot, Place]] = field(default_factory=dict)
    parameters: dict[str, Slot] = field(default_factory=dict)
    planned: dict[str, tuple[Parameter, str]] = field(default_factory=dict)
    buffers: dict[str, float] = field(default_factory=dict)
    named: dict[str, Slot] = field(default_factory=dict)
    size: int = 0

    @property
    def width(self) -> int:
        """Integers in an encoded row; the same in all tables, since one loop walks them."""
        widest = max(len(row.operands) for row in self.train + self.fused + self.evaluation)
        return abi.ROW_OPERANDS + widest * abi.OPERAND_WIDTH

    def kernels(self) -> list[Kernel]:
        """Every kernel that the rows call, once each."""
        found = {row.operation.kernel.name: row.operation.kernel for row in self.train + self.fused + self.evaluation}
        return list(found.values())


def encode(rows: Sequence[Row], addresses: Mapping[str, int], n: int, width: int) -> NDArray[np.int64]:
    """The integers of the rows for a batch of n rows, (rows, width)."""
    table = np.zeros((len(rows), width), dtype=np.int64)
    for line, row in zip(table, rows, strict=True):
        line[abi.ROW_ADDRESS] = addresses[row.operation.kernel.name]
        line[abi.ROW_PARTS] = row.parts
        line[abi.ROW_INTEGERS : abi.ROW_INTEGERS + len(row.integers)] = row.integers
        flags = (False,) * len(row.reads) + row.adds
        for number, (slot, adds) in enumerate(zip(row.operands, flags, strict=True)):
            begin = abi.ROW_OPERANDS + number * abi.OPERAND_WIDTH
            line[begin : begin + abi.OPERAND_WIDTH] = _operand(slot, n, adds)
    return table


def _operand(slot: Slot, n: int, adds: bool) -> list[int]:
    shape = slot.at(n)
    padded = [*shape, *(1,) * (abi.MAX_RANK - len(shape))]
    return [slot.offset, slot.size(n), *padded, int(adds), shape[-1] if shape else 1]
