"""Every row of a graphics card against its definition: all cases of all records, with threads in any order and number.

The threads run one after the other on the processor; between two meetings they are shuffled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.kernels.compile import library
from nnplay.kernels.compile.jit import KERNELS
from nnplay.kernels.cuda.steps import GOES_ON
from nnplay.records.layer import LayerRecord
from nnplay.records.loss import LossRecord
from nnplay.records.optimizer import OptimizerRecord
from nnplay.records.registry import loss_records, optimizer_records
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.cuda_table import encode, room_of
from nnplay.tape.machines.machine import Table
from tests.card_threads import ALL, ROW, groups_of
from tests.jit.test_losses import benches
from tests.jit.test_optimizers import NETWORK
from tests.records import Bench, Trial, cases_of, layers_with_rows, same_bits, trials

Array = NDArray[Any]
pytestmark = [pytest.mark.usefixtures("kernels"), pytest.mark.slow]
#: Rows that no card has, by layer, loss and optimizer; docs/gpu.md says why.
WITHOUT = {
    "muon": {"momentum (muon)", "orthogonalise (muon)", "update (muon)", "update (muon, others)"},
}


class CardRows(CpuMachine):
    """A machine whose single rows are those of a card, where there are any; they give the same bits for all threads."""

    lacking: tuple[str, ...] = ()

    def run_table(self, table: Table, last: int, first: int = 0) -> None:
        """Runs rows `first` … `last - 1`."""
        for number in range(first, last):
            row = table.rows[number]
            if row.operation.cuda:
                self._run_on_threads(row, table.cells[number])
            else:
                self.lacking += (row.operation.name,)
                super().run_table(table, number + 1, number)

    def _run_on_threads(self, row: Any, line: Any) -> None:
        alone: Any = SimpleNamespace(rows=[row], cells=[line])
        kernels = sorted({item.kernel.name for item in row.operation.cuda})
        made = encode(alone, alone, {name: k for k, name in enumerate(kernels)}, self.memory.size, ALL)
        clock = self.cells.copy()
        clock[abi.CLOCK_ORDER] = self.order.ctypes.data
        addresses = library.addresses([KERNELS[name] for name in kernels], self.dtype.name)
        functions = [ROW(addresses[name]) for name in kernels]
        most = 128
        if row.operation.writes[-1] == "finite_flags":  # the loop clears them; on a processor, each part has its own
            self.view(row.writes[-1])[...] = 0.0
            most = row.writes[-1].size(1)
        found = []
        for threads in (1, min(32, most), most):
            memory = np.concatenate([self.memory, np.full(room_of([made]), np.nan, np.float32)])
            for group in groups_of(made.cells, threads):
                for part in np.random.default_rng(threads).permutation(int(group[:, abi.ROW_PARTS].max())):
                    for one in group[group[:, abi.ROW_PARTS] > part]:
                        held = np.ascontiguousarray(one)
                        function = functions[held[abi.ROW_ADDRESS] % GOES_ON]
                        function(held.ctypes.data, clock.ctypes.data, memory.ctypes.data, int(part))
            found.append(memory[: self.memory.size])
        assert all(same_bits(found[0], other).all() for other in found[1:]), f"{row.operation.name}: other bits"
        self.memory[:] = found[0]


class CardBench(Bench):
    """A bench whose machine runs a card's rows: these put the sums of all chunks into the first one."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, machine=CardRows, **more)

    def hold(self, table: Table, number: int) -> None:
        self.joined = len(table.rows[number].operation.cuda) > 1
        super().hold(table, number)

    def _compare(self, row: Any, expected: tuple[Array, ...], *more: Any) -> None:
        if self.joined:
            expected = tuple(
                in_first_chunk(slot.name, wanted) for slot, wanted in zip(row.writes, expected, strict=True)
            )
        super()._compare(row, expected, *more)


def in_first_chunk(name: str, chunks: Array) -> Array:
    """What chunks of sums come to, or of moments (P, 4, C), in the first of them; other arrays as they are."""
    kind = name.rpartition(".")[2]
    if kind not in ("partial_sums", "sums", "partial", "moments"):
        return chunks
    found = np.zeros(np.shape(chunks))
    found[0] = np.sum(chunks, axis=0)
    if kind == "moments":
        counts, means = chunks[:, 0], chunks[:, 1] + chunks[:, 2]
        mean = (counts * means).sum(axis=0) / counts.sum(axis=0)
        spread = (chunks[:, 3] + counts * (means - mean) ** 2).sum(axis=0)
        found[0] = [counts.sum(axis=0), mean, 0 * mean, spread]
    return found


def check(bench: Bench, record: Any, chosen: Any) -> None:
    assert bench.hold_to_definitions(chosen) >= 1
    assert set(bench.machine.lacking) <= WITHOUT.get(record.name, set()), record.name


@pytest.mark.parametrize("record", layers_with_rows(), ids=lambda record: record.name)
def test_layers(record: LayerRecord) -> None:
    for case in cases_of(record):
        for trial in trials(record, case, range(2, 7, 2)):
            bench = CardBench(trial, "float32", seed=trial.n)
            tested = bench.plan.layers[-1].path
            check(bench, record, lambda row, path=tested: row.path == path)


@pytest.mark.parametrize("record", loss_records().values(), ids=lambda record: record.name)
def test_losses(record: LossRecord) -> None:
    for case in cases_of(record):
        for bench in benches(record, case, "float32", (7, 17), CardBench):
            check(bench, record, lambda row: row.phase == "loss" or (row.phase == "backward" and not row.path))


@pytest.mark.parametrize(
    "record", [item for item in optimizer_records().values() if item.whole is None], ids=lambda record: record.name
)
def test_optimizers(record: OptimizerRecord) -> None:
    for values in cases_of(record):
        bench = CardBench(Trial(NETWORK, (5,), 4), "float32", optimizer=record(**values))
        for step in (0, 1, 1000):
            bench.fill()
            assert bench.hold_to_definitions(lambda row: row.phase == "update", step) >= 3
        assert set(bench.machine.lacking) <= WITHOUT.get(record.name, set())
