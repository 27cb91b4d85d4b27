"""What a training step costs on a graphics card at the least, by the table that it walks: arithmetic, not measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nnplay.kernels import abi
from nnplay.kernels.cuda.steps import GOES_ON
from nnplay.records.cuda_rows import PictureRow
from nnplay.tape.machines.cuda_table import Encoded, encode, ends_of, kernels_of
from nnplay.tape.machines.machine import Table
from nnplay.tape.tape import Tape

#: Kernels that are products of two matrices, and files with convolutions.
_PRODUCTS: Final = "nnplay.kernels.cuda.linear:"
_FILES: Final = ("nnplay.kernels.cuda.convolution", "nnplay.kernels.cuda.volumes")


@dataclass(frozen=True, slots=True)
class Peak:
    """What a card can do at the most, by its data sheet, and a meeting's time, which is assumed.

    Attributes:
        bandwidth, multiply_adds: bytes and multiply-adds of 32 bits a second.
        meeting: seconds that a meeting of all blocks takes.
        clock: of a thread, in Hz: it reads or writes no more than a number a turn.
    """

    bandwidth: float
    multiply_adds: float
    meeting: float
    clock: float


#: 4.8 TB/s, 67 TFLOPS without tensor cores, 1.98 GHz.
H200: Final = Peak(4.8e12, 33.5e12, 1e-6, 1.98e9)


@dataclass(frozen=True, slots=True)
class StepCost:
    """What one step comes to.

    Attributes:
        rows, meetings: of the card's table; threads go on without a meeting where no row needs another one's numbers.
        nbytes: read and written, each operand of a row once.
        multiply_adds: of products and convolutions, and one for each number that other rows write.
        alone: numbers of one picture that a single thread reads or writes, in rows that have a thread a picture.
    """

    rows: int
    meetings: int
    nbytes: int
    multiply_adds: int
    alone: int = 0

    def floor(self, peak: Peak) -> float:
        """Seconds below which no step can be on all of a card."""
        work = max(self.nbytes / peak.bandwidth, self.multiply_adds / peak.multiply_adds)
        return work + self.meetings * peak.meeting + self.alone / peak.clock


def cost_of_step(tape: Tape, table: Table, threads: int) -> StepCost:
    """The cost of a step of a full batch, whose rows so many threads share."""
    kernels = kernels_of(tape)
    codes = {kernel.name: number for number, kernel in enumerate(kernels)}
    made = encode(table, table, codes, tape.size, threads, ends_of(tape))
    names = [kernel.name for kernel in kernels]
    nbytes = work = alone = 0
    for number, row in enumerate(table.rows):
        for line in made.cells[made.starts[number] : made.starts[number + 1]]:
            sizes = _sizes(line, len(row.operands))
            turns = _turns(made, number, line)
            nbytes += 4 * sum(sizes) // turns
            if isinstance(row.operation.cuda[0], PictureRow):
                alone += sum(sizes) // int(line[abi.ROW_OPERANDS + abi.OPERAND_SHAPE])
            work += _multiply_adds(names[int(line[abi.ROW_ADDRESS]) % GOES_ON], sizes, line) // turns
    meets = int((made.cells[:, abi.ROW_ADDRESS] < GOES_ON).sum())
    return StepCost(len(made.cells), meets, nbytes, work, alone)


def _turns(made: Encoded, number: int, line: Sequence[int]) -> int:
    """How many of a row's lines have this line's kernel: a time step's numbers are a share of the operands'."""
    own = made.cells[made.starts[number] : made.starts[number + 1], abi.ROW_ADDRESS] % GOES_ON
    return int((own == int(line[abi.ROW_ADDRESS]) % GOES_ON).sum())


def _sizes(line: Sequence[int], operands: int) -> list[int]:
    first = abi.ROW_OPERANDS + abi.OPERAND_SIZE
    return [int(line[first + k * abi.OPERAND_WIDTH]) for k in range(operands)]


def _multiply_adds(kernel: str, sizes: Sequence[int], line: Sequence[int]) -> int:
    module, _, name = kernel.partition(":")
    if kernel.startswith(_PRODUCTS) and name != "backward_bias":
        if int(line[abi.ROW_ROOM_COUNT]) and not name.endswith("shares"):
            return sizes[-1]  # the shares have been multiplied before
        return math.isqrt(sizes[0] * sizes[1] * sizes[-1])  # √(N·I · I·O · N·O)
    if module in _FILES and name.startswith("forward"):
        return sizes[-1] * sizes[1] // int(line[_last_of(len(sizes) - 1)])  # each output meets the weights of a channel
    if module in _FILES and name == "weight_partial":
        weights = sizes[2] // int(line[_last_of(2) - abi.OPERAND_LAST + abi.OPERAND_SHAPE])
        return sizes[1] * weights // int(line[_last_of(1)])
    if module in _FILES and name.startswith("input_gradient"):
        return sizes[0] * sizes[1] // int(line[_last_of(0)])
    return sizes[-1]


def _last_of(k: int) -> int:
    return abi.ROW_OPERANDS + k * abi.OPERAND_WIDTH + abi.OPERAND_LAST
