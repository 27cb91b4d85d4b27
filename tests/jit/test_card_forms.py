"""Every row of a graphics card against its definition: all cases of all records, with threads in any order and number.

The threads run one after the other on the processor; between two meetings they are shuffled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.kernels import abi
from nnplay.kernels.compile.jit import KERNELS
from nnplay.operations.search import report
from nnplay.records.layer import LayerRecord
from nnplay.records.loss import LossRecord
from nnplay.records.optimizer import OptimizerRecord
from nnplay.records.registry import loss_records, optimizer_records
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.cuda_lines import Launch, cards_of
from nnplay.tape.machines.cuda_table import encode, ends_of, kernels_of, lacking, turns_of
from nnplay.tape.machines.machine import Table
from tests.card_threads import LAUNCHES, functions_of, walk
from tests.jit.test_losses import benches
from tests.jit.test_optimizers import NETWORK
from tests.jit.test_whole_optimizers import curve, hold_rows, trainer_of
from tests.records import Bench, Trial, cases_of, layers_with_rows, same_bits, trials

Array = NDArray[Any]
pytestmark = [pytest.mark.usefixtures("card_kernels"), pytest.mark.slow]


class CardRows(CpuMachine):
    """A machine whose single rows are those of a card, where there are any; they give the same bits for all threads."""

    lacking: tuple[str, ...] = ()
    tf32 = False

    def run_table(self, table: Table, last: int, first: int = 0) -> None:
        """Runs rows `first` … `last - 1`."""
        for number in range(first, last):
            row = table.rows[number]
            if row.operation.cuda:
                self._run_on_threads(row, table.cells[number], table.n)
            else:
                self.lacking += (row.operation.name,)
                super().run_table(table, number + 1, number)

    def _run_on_threads(self, row: Any, line: Any, n: int) -> None:
        table = Table(np.array([line]), [row], n)
        kernels = sorted({item.kernel.name for item in cards_of(row, n, self.tf32)})
        codes = {name: k for k, name in enumerate(kernels)}
        clock = self.cells.copy()
        clock[abi.CLOCK_ORDER] = self.order.ctypes.data
        functions = functions_of([KERNELS[name] for name in kernels], self.dtype.name)
        launches: tuple[Launch, ...] = LAUNCHES
        if row.operation.writes[-1] == "finite_flags":  # the loop clears them
            self.view(row.writes[-1])[...] = 0.0
            if row.operation.kernel in [item.kernel for item in row.operation.cuda]:  # each part has its own flag there
                launches = (Launch(1), Launch(row.writes[-1].size(1)))
        found = []
        for seed, launch in enumerate(launches):
            launch = replace(launch, tf32=self.tf32)
            made = encode(self.tape, table, codes, launch, self.memory.size, turns=turns_of(self.tape, self.memory))
            memory = np.concatenate([self.memory, np.full(made.size, np.nan, np.float32)])
            walk(made, functions, clock, memory, launch, seed)
            found.append(memory[: self.memory.size])
        assert all(same_bits(found[0], other).all() for other in found[1:]), f"{row.operation.name}: other bits"
        self.memory[:] = found[0]


class CardBench(Bench):
    """A bench whose machine runs a card's rows: these put the sums of all chunks into the first one."""

    def __init__(self, *given: Any, machine: Any = CardRows, **more: Any) -> None:
        super().__init__(*given, machine=machine, **more)

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
    if not kind.endswith("partial_sums") and kind not in ("sums", "partial", "moments"):
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
    assert bench.machine.lacking == (), record.name


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
        for bench in benches(record, case, ("float32", "float32"), (7, 17), CardBench):
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
        assert bench.machine.lacking == ()


@pytest.mark.parametrize(
    ("optimizer", "data", "layers"),
    [
        ("lbfgs", curve(41, 2), "linear 40, tanh, linear 2"),  # sums of several shares
        ("lbfgs line_search_fn=none history_size=3", curve(41, 2), "linear 3, tanh, linear 2"),
        ("conjugate_gradient", curve(41, 2), "linear 40, tanh, linear 2"),
        ("levenberg_marquardt", curve(41, 2), "linear 3, tanh, linear 2"),
        ("levenberg_marquardt", curve(9, 2), "linear 12, tanh, linear 2"),  # fewer residuals than weights
        ("gauss_newton", curve(41, 2), "linear 2"),
        ("newton", curve(41, 2), "linear 2"),  # four weights: the tenth evaluation is a step
    ],
)
def test_optimizers_that_try_points(optimizer: str, data: Dataset, layers: str) -> None:
    trainer = trainer_of(optimizer, data, layers, machine=CardRows)
    functions_of(kernels_of(trainer.machine.tape), "float64")  # all at once
    hold_rows(trainer, 12)
    assert trainer.machine.lacking == ()


def test_damping_is_raised_on_a_card_until_there_is_an_answer() -> None:
    """One of two inputs is always 0: without damping the system has no factor."""
    x = np.linspace(-1, 1, 21)[:, None] * [1, 0]
    trainer = trainer_of("gauss_newton", Dataset(x, x[:, 0], task="regression"), "linear 1", machine=CardRows)
    machine = trainer.machine
    hold_rows(trainer, 3)
    assert machine.view(machine.tape.named["search"])[report.DAMPING] > 0


@pytest.mark.parametrize("record", layers_with_rows(), ids=lambda record: record.name)
def test_layers_in_groups_of_samples(record: LayerRecord) -> None:
    """What blocks make of their own samples is what all make of the batch: no layer is trusted to keep them apart."""
    for case in cases_of(record):
        for trial in trials(record, case, ()):
            bench = Bench(trial, "float32", seed=trial.n)
            if not lacking(bench.tape):
                hold_groups_to_the_whole(bench)


def hold_groups_to_the_whole(bench: Bench) -> None:
    tape, kernels = bench.tape, kernels_of(bench.tape)
    codes, functions = {kernel.name: k for k, kernel in enumerate(kernels)}, functions_of(kernels)
    found = []
    for launch in (Launch(4, 2), Launch(4, 2, groups=3)):
        made = encode(tape, bench.table, codes, launch, tape.size, ends=ends_of(tape))
        clock = bench.machine.cells.copy()
        clock[abi.CLOCK_ORDER] = bench.machine.order.ctypes.data
        memory = np.concatenate([bench.machine.memory, np.zeros(made.size, np.float32)])
        walk(made, functions, clock, memory, launch, seed=0)
        found.append(memory)
    for slot in (slot for region in ("activations", "deltas", "gradients") for slot in tape.layout.slots[region]):
        wanted, groups = (memory[slot.offset : slot.offset + slot.size(bench.n)] for memory in found)
        # What lies in front of a normalisation has gradients that cancel out: those are held to the largest of all.
        largest, overall = np.abs(wanted).max(), np.abs(found[0][slice(*tape.layout.bounds["gradients"])]).max()
        cancels = slot.name.startswith("dfront.") and largest < 1e-3 * overall
        atol = 1e-5 * (overall if cancels else largest)
        np.testing.assert_allclose(groups, wanted, rtol=1e-5, atol=atol, err_msg=slot.name)
