"""The tape: a table of rows, one row per operation, and the memory layout that they work on.

`nnplay.tape.assembler` writes the rows; `encode` turns them into the integers that the compiled loop walks; `verify`
checks those before the first step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.kernels.compile.jit import Kernel
from nnplay.network.network import NetworkPlan, PlannedLayer
from nnplay.records.layer import Parameter
from nnplay.records.operation import Operation, Shape
from nnplay.tape.memory_layout import Layout, Slot
from nnplay.tape.objective import Objective, full_name

#: Which part of a slot: an index for its array.
Place = tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row, by names.

    Attributes:
        phase: data, forward, loss, backward or update; evaluation rows are data, forward and loss. An optimizer that
            tries points has a row in front of all others, of phase trial.
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


class Bounds(NamedTuple):
    """A stage's rows in a table: its first row, the first that changes parameters, and the one behind its last.

    From `finish_at` on, rows are run once a step; those in front of it are run for each of its batches.
    """

    first: int = 0
    update_at: int = 0
    end: int = 0
    finish_at: int = 0


@dataclass(slots=True)
class Stage:
    """What one objective has become.

    Attributes:
        constants: slots that hold the same numbers in every step, and these, by the loss's name for them.
        rows, fused_rows: where its rows stand in `Tape.train` and in `Tape.fused`.
        evaluation: data, forward and loss rows of one evaluation batch.
        named: its slots by what they are for: input, target, output, loss, score (with "eval." in front for those of
            the evaluation), norm, finite_flags, optimizer, and the spans parameters, gradients, weights and those of
            the optimizer's state.
        gradients: gradient slots by the name of the parameter.
        groups: for each group of layers with settings of their own, the slot of these.
        sources, eval_sources: for each of its data rows, in order, the arrays that it gathers, by the names of its
            integers; nothing for a row that makes its batch itself.
    """

    objective: Objective
    constants: dict[str, tuple[Slot, NDArray[Any]]] = field(default_factory=dict)
    rows: Bounds = field(default_factory=Bounds)
    fused_rows: Bounds = field(default_factory=Bounds)
    evaluation: list[Row] = field(default_factory=list)
    named: dict[str, Slot] = field(default_factory=dict)
    gradients: dict[str, Slot] = field(default_factory=dict)
    groups: list[Slot] = field(default_factory=list)
    sources: list[Mapping[str, str]] = field(default_factory=list)
    eval_sources: list[Mapping[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Tape:
    """A compiled run: rows for a training step and for evaluations, and the layout of memory.

    Attributes:
        networks: the planned networks by name; a run with a single one calls it "".
        arrays: shape of one row of each array of a batch, by name.
        made: names of those that rows make, and no data set holds.
        stages: what each objective has become, in the order in which a step runs them.
        train: data, forward, loss, backward and update rows of one step.
        fused: the same step as the compiled loop walks it: with neighbours joined where that saves time.
        kept_in: by the name of a slot that `fused` leaves out, the slot in which its numbers are, and where in it.
        parameters: trained and frozen parameters by name, with slots.
        planned: the declaration of each parameter (shape, scheme) and the suggested scheme.
        averages: the averaged weights of trained parameters by the parameter's name, where they are kept.
        buffers: start value of each running statistic, by name.
        named: the slots of all stages by what they are for, with the stage's name in front ("critic.loss", or "loss"
            alone), and those of the whole run: last_good, l1, l2, clip_norm, clip_value.
        size: numbers in memory.
    """

    layout: Layout
    networks: Mapping[str, NetworkPlan]
    arrays: Mapping[str, Shape]
    made: frozenset[str] = frozenset()
    stages: list[Stage] = field(default_factory=list)
    train: list[Row] = field(default_factory=list)
    fused: list[Row] = field(default_factory=list)
    kept_in: dict[str, tuple[Slot, Place]] = field(default_factory=dict)
    parameters: dict[str, Slot] = field(default_factory=dict)
    planned: dict[str, tuple[Parameter, str]] = field(default_factory=dict)
    averages: dict[str, Slot] = field(default_factory=dict)
    buffers: dict[str, float] = field(default_factory=dict)
    named: dict[str, Slot] = field(default_factory=dict)
    size: int = 0

    @property
    def evaluation(self) -> list[Row]:
        """Data, forward and loss rows of one evaluation batch of the first stage."""
        return self.stages[0].evaluation

    @property
    def layers(self) -> dict[str, PlannedLayer]:
        """The layers of all networks, by path."""
        return {
            full_name(name, planned.path): planned for name, plan in self.networks.items() for planned in plan.layers
        }

    def parameters_of(self, network: str) -> list[str]:
        """Names of the parameters of one network, in the order in which they lie in memory."""
        paths = {full_name(network, planned.path) for planned in self.networks[network].layers}
        return [name for name in self.parameters if name.rpartition(".")[0] in paths]

    @property
    def rows(self) -> list[Row]:
        """Every row of every table."""
        return self.train + self.fused + [row for stage in self.stages for row in stage.evaluation]

    @property
    def width(self) -> int:
        """Integers in an encoded row; the same in all tables, since one loop walks them."""
        widest = max(len(row.operands) for row in self.rows)
        return abi.ROW_OPERANDS + widest * abi.OPERAND_WIDTH

    def kernels(self) -> list[Kernel]:
        """Every kernel that the rows call, once each."""
        return list({row.operation.kernel.name: row.operation.kernel for row in self.rows}.values())


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
            line[begin : begin + abi.OPERAND_WIDTH] = encode_operand(slot, n, adds)
    return table


def encode_operand(slot: Slot, n: int, adds: bool) -> list[int]:
    """The integers of an operand for a batch of n rows."""
    shape = slot.at(n)
    return [slot.offset, slot.size(n), *lengths(shape), int(adds), shape[-1] if shape else 1]


def lengths(shape: Shape) -> tuple[int, ...]:
    """The lengths of an operand's axes as a kernel sees them: of more than it has room for, the second is joined.

    A volume (N, D, H, W, C) is (N, D·H, W, C): its slices lie one below the other, as they do in memory.
    """
    joined = len(shape) - abi.MAX_RANK
    if joined > 0:
        shape = (shape[0], prod(shape[1 : joined + 2]), *shape[joined + 2 :])
    return (*shape, *(1,) * (abi.MAX_RANK - len(shape)))
