"""What a training step costs on a graphics card at the least, by the table that it walks: arithmetic, not measured."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from nnplay.kernels import abi
from nnplay.kernels.cuda import register_tile, tensor_tile
from nnplay.kernels.cuda.steps import GOES_ON, IN_BLOCK, kernel_of
from nnplay.kernels.cuda.tiled_axes import PICTURES, VOLUMES
from nnplay.kernels.cuda.tiles import WARP
from nnplay.records.cuda_rows import PictureRow
from nnplay.records.cuda_work import WorkRow, WorkTurnRow
from nnplay.tape.machines.cuda_lines import EncodedRow, Launch
from nnplay.tape.machines.cuda_table import encode, ends_of, kernels_of
from nnplay.tape.machines.machine import Table
from nnplay.tape.tape import Tape

#: Files with products of two matrices, and with convolutions; and how the names of kernels in tiles begin.
_PRODUCTS: Final = ("nnplay.kernels.cuda.linear", "nnplay.kernels.cuda.tiled_linear")
_CONVOLUTIONS: Final = (
    "nnplay.kernels.cuda.convolution",
    "nnplay.kernels.cuda.volumes",
    "nnplay.kernels.cuda.tiled_convolution",
)
_TILES: Final = (register_tile.TILE.name, tensor_tile.TILE.name)
_AXES: Final = (PICTURES.name, VOLUMES.name)
#: Rows of these files that are no products.
_SUMS: Final = ("backward_bias", "add_shares", "add_shares_bias")


@dataclass(frozen=True, slots=True)
class Peak:
    """What a card can do at the most, by its data sheet, and how long meetings take, which is assumed.

    Attributes:
        processors: that each run a block.
        bandwidth, multiply_adds, tensor: bytes, multiply-adds of 32 bits, and those of tensor cores in TF32 a second.
        meeting, near: seconds that a meeting of all blocks takes, and one of the threads of a block.
        clock: of a thread, in Hz: it reads or writes no more than a number a turn.
        reads: numbers that the threads of a processor read or write a turn, all together.
        latency: turns until a multiply-add is done, so that the next one of a sum can begin.
        tensor_latency: the same of a tensor core, which adds `BLOCK` products of a sum at once; this is assumed, too.
    """

    processors: int
    bandwidth: float
    multiply_adds: float
    tensor: float
    meeting: float
    near: float
    clock: float
    reads: int
    latency: int
    tensor_latency: int


#: 4.8 TB/s, 67 TFLOPS without tensor cores and 494 in TF32, 1.98 GHz, 32 units that load and store.
H200: Final = Peak(132, 4.8e12, 33.5e12, 247e12, 1e-6, 5e-8, 1.98e9, 32, 4, 32)
#: Groups of samples that are tried, and so much less than that of the grid must be what they come to at the least.
GROUPS: Final = (64, 32, 16, 8)
CLEARLY_LESS: Final = 0.5


@dataclass(slots=True)
class Workload:
    """What some rows come to.

    Attributes:
        nbytes: read and written, each operand of a row once.
        multiply_adds: of products and convolutions, and one for each number that other rows write.
        tensor: those of tensor cores.
        reads: numbers that threads read or write, from whatever memory: for each multiply-add both factors.
        chain: multiply-adds that a thread takes one after the other.
        tensor_chain: the same of a tensor core.
    """

    nbytes: int = 0
    multiply_adds: int = 0
    tensor: int = 0
    reads: int = 0
    chain: int = 0
    tensor_chain: int = 0

    def seconds(self, peak: Peak, processors: int) -> float:
        """Seconds that so many processors of a card need at the least."""
        share = processors / peak.processors
        arithmetic = self.multiply_adds / peak.multiply_adds + self.tensor / peak.tensor
        reads = self.reads / (peak.processors * peak.reads * peak.clock)
        work = max(self.nbytes / peak.bandwidth, arithmetic, reads) / share
        turns = self.chain * peak.latency + self.tensor_chain * peak.tensor_latency
        return max(work, turns / peak.clock)


@dataclass(slots=True)
class StepCost:
    """What one step comes to.

    Attributes:
        rows: of the card's table.
        meetings, near: of all blocks, and of the threads of a block alone; threads go on without one where no row needs
            another one's numbers.
        shared: rows that all blocks share.
        group, groups: rows of the largest group of samples, and how many groups there are.
        alone: numbers of one picture that a single thread reads or writes, in rows that have a thread a picture.
    """

    rows: int = 0
    meetings: int = 0
    near: int = 0
    shared: Workload = field(default_factory=Workload)
    group: Workload = field(default_factory=Workload)
    groups: int = 0
    alone: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all rows and groups."""
        return self.shared.nbytes + self.groups * self.group.nbytes

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of all rows and groups, those of tensor cores among them."""
        loads = ((self.shared, 1), (self.group, self.groups))
        return sum(times * (load.multiply_adds + load.tensor) for load, times in loads)

    def floor(self, peak: Peak) -> float:
        """Seconds below which no step can be on all of a card."""
        turns = -(-self.groups // peak.processors)
        work = self.shared.seconds(peak, peak.processors) + turns * self.group.seconds(peak, 1)
        return work + self.meetings * peak.meeting + self.near * peak.near + self.alone / peak.clock


def cost_of_step(tape: Tape, table: Table, launch: Launch) -> StepCost:
    """The cost of a step of a full batch."""
    kernels = kernels_of(tape, launch.tf32)
    codes = {kernel.name: number for number, kernel in enumerate(kernels)}
    made = encode(tape, table, codes, launch, tape.size, ends=ends_of(tape))
    names = [kernel.name for kernel in kernels]
    cost = StepCost(rows=len(made.rows), groups=launch.groups)
    turns = Counter((written.number, _kernel(written)) for written in made.rows)
    for written in made.rows:
        code = int(written.lines[0, abi.ROW_ADDRESS])
        cost.meetings += not code & (GOES_ON | IN_BLOCK)
        cost.near += bool(code & IN_BLOCK)
        name = names[_kernel(written)]
        _count(cost, written, name, turns[written.number, _kernel(written)], launch, table)
    return cost


def choose_schedule(tape: Tape, table: Table, threads: int, tf32: bool = False) -> tuple[str, int]:
    """Which schedule a network has that is too large for one block, and the groups of samples that would be best.

    It follows from shapes alone, by the model of one kind of card, so that bits are the same on all of them. What was
    never measured is chosen only where the model finds it clearly less.
    """
    grid = Launch(threads, H200.processors, tf32=tf32)
    tried = {
        groups: cost_of_step(tape, table, replace(grid, groups=groups)).floor(H200)
        for groups in GROUPS
        if groups <= table.n or groups == GROUPS[-1]
    }
    best = min(tried, key=lambda groups: tried[groups])
    clearly = tried[best] <= CLEARLY_LESS * cost_of_step(tape, table, grid).floor(H200)
    return ("samples" if clearly else "grid"), best


def _kernel(written: EncodedRow) -> int:
    return kernel_of(int(written.lines[0, abi.ROW_ADDRESS]))


def _count(cost: StepCost, written: EncodedRow, kernel: str, turns: int, launch: Launch, table: Table) -> None:
    """Adds what a row comes to."""
    line, row = written.lines[0], table.rows[written.number]
    by_groups = written.section >= 0
    load = cost.group if by_groups else cost.shared
    threads = launch.threads if by_groups else launch.threads * launch.blocks
    if written.number < 0:
        size = int(line[_size_at(1)])
        load.nbytes += 4 * (launch.groups + 1) * size
        load.multiply_adds += launch.groups * size
        load.reads += (launch.groups + 1) * size
        load.chain += launch.groups * -(-size // threads)
        return
    sizes, parts = _sizes(line, len(row.operands)), int(line[abi.ROW_PARTS])
    if by_groups and line[-1] - line[-2] < parts:  # the group's share of the whole batch
        parts = int(line[-1] - line[-2])
        sizes = [size * parts // int(line[abi.ROW_PARTS]) for size in sizes]
    item = written.access.item
    if isinstance(item, WorkRow | WorkTurnRow) and item.work is not None:
        work, numbers = item.work(sizes, row.integers)
    else:
        work, numbers = _multiply_adds(kernel, sizes, line) // turns, sizes[-1] // turns
    load.nbytes += 4 * sum(sizes) // turns
    tile = kernel.partition(":")[2].partition("_")[0]
    if tile in _TILES:
        load.nbytes += 4 * int(line[abi.ROW_ROOM_COUNT])
        add = _count_tensor if tile == tensor_tile.TILE.name else _count_registers
        add(load, work, int(line[abi.ROW_ROOM_COUNT]) or sizes[-1], threads)
        return
    load.multiply_adds += work
    load.reads += max(2 * work, sum(sizes) // turns)
    any_number = parts in (launch.threads, launch.threads * launch.blocks)
    count = max(1, numbers if any_number else parts)
    load.chain += -(-work // count) * -(-count // threads)
    if isinstance(item, PictureRow):
        cost.alone += sum(sizes) // int(line[abi.ROW_OPERANDS + abi.OPERAND_SHAPE])


def _count_tensor(load: Workload, work: int, numbers: int, threads: int) -> None:
    """Adds what a row comes to whose tiles warps take, for so many numbers of a result: each sum is one chain.

    For a block of 8 of the inner sum, a warp reads a tile's rows and columns once.
    """
    rows, columns = tensor_tile.ROWS, tensor_tile.COLUMNS
    load.tensor += work
    load.reads += work * (rows + columns) // (rows * columns) + numbers
    warps, tiles = max(1, threads // WARP), -(-numbers // (rows * columns))
    load.tensor_chain += -(-tiles // warps) * -(-work // (numbers * tensor_tile.BLOCK))


def _count_registers(load: Workload, work: int, numbers: int, threads: int) -> None:
    """The same of tiles of registers: a thread begins a multiply-add or a read a turn, whatever is done by then."""
    side = register_tile.SIDE
    load.multiply_adds += work
    load.reads += 2 * work // side + numbers
    tiles, turns = -(-numbers // side**2), side**2 + 2 * side
    load.chain += -(-tiles // threads) * -(-work // numbers) * -(-turns // H200.latency)


def _size_at(k: int) -> int:
    return abi.ROW_OPERANDS + k * abi.OPERAND_WIDTH + abi.OPERAND_SIZE


def _sizes(line: Sequence[int], operands: int) -> list[int]:
    return [int(line[_size_at(k)]) for k in range(operands)]


def _multiply_adds(kernel: str, sizes: Sequence[int], line: Sequence[int]) -> int:
    module, _, name = kernel.partition(":")
    for begin in (*_TILES, *_AXES):
        name = name.removeprefix(f"{begin}_")
    if module in _PRODUCTS and name not in _SUMS:
        return math.isqrt(sizes[0] * sizes[1] * sizes[-1])  # √(N·I · I·O · N·O)
    if module in _CONVOLUTIONS and name.startswith("forward"):
        return sizes[-1] * sizes[1] // int(line[_last_of(len(sizes) - 1)])  # each output meets the weights of a channel
    if module in _CONVOLUTIONS and name == "weight_partial":
        weights = sizes[2] // int(line[_last_of(2) - abi.OPERAND_LAST + abi.OPERAND_SHAPE])
        return sizes[1] * weights // int(line[_last_of(1)])
    if module in _CONVOLUTIONS and name.startswith("input_gradient"):
        return sizes[0] * sizes[1] // int(line[_last_of(0)])
    return sizes[-1]


def _last_of(k: int) -> int:
    return abi.ROW_OPERANDS + k * abi.OPERAND_WIDTH + abi.OPERAND_LAST
