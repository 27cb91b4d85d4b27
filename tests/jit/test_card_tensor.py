"""Products by the tensor cores of a graphics card, on a processor: what threads read for each other, and every row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_trainer import trainer

from nnplay.kernels.cuda import tensor_tile
from nnplay.kernels.cuda.tiles import WARP
from nnplay.operations import tiled_forms
from nnplay.records.layer import LayerRecord
from nnplay.records.registry import layer_records
from nnplay.tape.machines.cuda_cost import H200, cost_of_step
from nnplay.tape.machines.cuda_lines import Launch, cards_of
from tests.card_pointer import Place
from tests.card_threads import LAUNCHES
from tests.jit.test_card_forms import CardBench, CardRows, check
from tests.jit.test_card_rows import gradients_of, one_step
from tests.records import cases_of, trials

Array = NDArray[Any]
#: Layers with rows that have such a form.
LAYERS = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose2d", "conv_transpose3d", "rnn", "lstm", "gru")


def rounded(x: Any) -> Array:
    """To 11 significant bits, of which one is not stored: the nearest number, of two the larger one."""
    part, exponent = np.frexp(np.asarray(x, np.float64))
    scaled = np.ldexp(part, 11)
    return np.ldexp(np.copysign(np.floor(np.abs(scaled) + 0.5), scaled), exponent - 11).astype(np.float32)


class Warp:
    """32 threads that multiply together, as `mma.m16n8k8` of PTX says; they are run twice, one after the other.

    Attributes:
        lane: the thread that runs.
        given: what each thread has brought to each instruction; at first the sums stay as they are.
    """

    def __init__(self) -> None:
        self.lane, self.at = 0, 0
        self.given: list[list[Any]] = [[] for _ in range(WARP)]
        self.complete = False

    def enter(self, lane: int) -> None:
        self.lane, self.at = lane, 0

    def multiply_tile(self, sums: Any, a: Any, b: Any) -> Any:
        if not self.complete:
            self.given[self.lane].append((a, b))
            return sums
        left, right = np.zeros((16, 8)), np.zeros((8, 8))
        for lane, brought in enumerate(self.given):
            g, t = divmod(lane, 4)
            left[[g, g + 8, g, g + 8], [t, t, t + 4, t + 4]], right[[t, t + 4], g] = brought[self.at]
        self.at += 1
        g, t = divmod(self.lane, 4)
        found = left @ right
        return tuple(np.add(sums, found[[g, g, g + 8, g + 8], [2 * t, 2 * t + 1, 2 * t, 2 * t + 1]]))


@pytest.mark.parametrize("inner", [13, 3])
@pytest.mark.parametrize("turned", [False, True])
def test_threads_of_a_warp_read_for_each_other(inner: int, turned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has the sums that are its own, of all that 32 threads have read; columns beyond the last are never read."""
    warp, random, columns = Warp(), np.random.default_rng(0), 27
    monkeypatch.setattr(tensor_tile, "multiply_tile", warp.multiply_tile)
    monkeypatch.setattr(tensor_tile, "tf32_bits", rounded)
    monkeypatch.setattr(tensor_tile, "tf32", rounded)
    monkeypatch.setattr(tensor_tile, "multiply_add", lambda a, b, c: a * b + c)
    monkeypatch.setattr(tensor_tile, "shifted", Place.moved)
    A, B = random.normal(size=(16, inner)).astype(np.float32), random.normal(size=(inner, columns)).astype(np.float32)
    a, b = (Place(np.ravel(matrix, "F" if turned else "C")) for matrix in (A, B))
    strides = (1, 16, 1, inner) if turned else (inner, 1, columns, 1)

    def sums_of(lane: int, add: Any) -> Any:
        warp.enter(lane)
        near, far = lane // 4 * strides[0], (lane // 4 + 8) * strides[0] if lane // 4 != 5 else -1
        begin = tensor_tile.start(b, (0, 0), 0, False, 0, columns, lane)
        return add(begin, a, (near, far), strides[1], b, *strides[2:], 0, columns, inner, lane, True)

    lanes = range(WARP)
    for lane in lanes:
        sums_of(lane, tensor_tile.add_by_warp)
    warp.complete = True
    assert {len(brought) for brought in warp.given} == {4 * -(-inner // 8)}
    found = [sums_of(lane, tensor_tile.add_by_warp) for lane in lanes]
    wanted = np.zeros((16, 32))
    wanted[:, :columns] = rounded(A).astype(np.float64) @ rounded(B)
    wanted[13] = 0.0
    for lane, own in enumerate(found):
        g, t = divmod(lane, 4)
        alone = sums_of(lane, tensor_tile.add_alone)
        for block in range(4):
            places = [(g, 0), (g, 1), (g + 8, 0), (g + 8, 1)]
            for value, other, (row, odd) in zip(own[block], alone[block], places, strict=True):
                column = 8 * block + 2 * t + odd
                if column < columns:
                    assert value == pytest.approx(wanted[row, column], rel=1e-5, abs=1e-5)
                    assert other == pytest.approx(wanted[row, column], rel=1e-5, abs=1e-5)


def test_the_model_of_cost_knows_tensor_cores() -> None:
    """As many multiply-adds, of which a thread reads fewer numbers; a network whose products are small has none."""
    for layers, used in (("linear 128, tanh, linear 128, tanh, linear 2", True), ("linear 8, tanh, linear 2", False)):
        machine = trainer(layers=layers, batch_size=64).machine
        plain, tensor = (
            cost_of_step(machine.tape, machine.full_table, Launch(512, H200.processors, tf32=tf32)).shared
            for tf32 in (False, True)
        )
        assert plain.tensor == 0
        assert (tensor.tensor > 0) is used
        assert (tensor == plain) is not used
        if used:
            assert tensor.multiply_adds + tensor.tensor == pytest.approx(plain.multiply_adds, rel=0.05)
            assert 2 * tensor.reads < plain.reads


@pytest.mark.slow
@pytest.mark.parametrize("groups", [0, 6])
@pytest.mark.parametrize(
    "layers",
    [
        "linear 96, tanh, linear 40, tanh, linear 2",
        "linear 288, tanh, reshape 6x6x8, conv2d 16 same, tanh, conv2d 20 stride=2 same, tanh, flatten, linear 2",
    ],
)
def test_a_step_in_tf32_does_not_depend_on_threads(layers: str, groups: int) -> None:
    """The same bits for any number and order of threads, and the processor's gradient to three digits."""
    run = trainer(layers=layers, batch_size=64)
    launches = [replace(launch, groups=groups, tf32=True) for launch in LAUNCHES]
    first, *others = (one_step(run, launch, seed) for seed, launch in enumerate(launches))
    for other in others:
        np.testing.assert_array_equal(first.view(np.int32), other.view(np.int32))
    run.run(steps=1)
    found, wanted = first[slice(*run.machine.tape.layout.bounds["gradients"])], gradients_of(run)
    assert 1e-6 < np.abs(found - wanted).max() / np.abs(wanted).max() < 2e-3


class TensorRows(CardRows):
    """Rows in TF32. What they multiply has further digits here, which are to be rounded away."""

    tf32 = True
    used = 0

    def _run_on_threads(self, row: Any, line: Any, n: int) -> None:
        if cards_of(row, n, tf32=True) is cards_of(row, n, tf32=False):
            super()._run_on_threads(row, line, n)
            return
        self.used += 1
        factors = row.reads[: 1 if row.operation.writes == ("partial_sums",) else 2]  # biases are sums of dy as it is
        kept = [self.view(slot).copy() for slot in factors]
        for slot in factors:
            values, further = self.view(slot), np.random.default_rng(0).integers(-4095, 4096, self.view(slot).shape)
            bits = values.view(np.int32)
            bits += np.where(values == 0, 0, further).astype(np.int32)
        super()._run_on_threads(row, line, n)
        for slot, values in zip(factors, kept, strict=True):
            self.view(slot)[...] = values


class TensorBench(CardBench):
    """A bench whose rows multiply in TF32, of numbers in memory that TF32 has."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, machine=TensorRows, **more)

    def hold(self, table: Any, number: int) -> None:
        self.machine.memory[:] = rounded(self.machine.memory)
        super().hold(table, number)


@pytest.mark.slow
@pytest.mark.usefixtures("card_kernels")
@pytest.mark.parametrize("record", [layer_records()[name] for name in LAYERS], ids=lambda record: record.name)
def test_every_row_in_tf32(record: LayerRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Products of any size, though only large ones are worth it: edges of tiles, shares, strides and dilation."""
    for name in ("_LINES", "_INNER", "_ENOUGH", "_LARGE", "_WIDTH"):
        monkeypatch.setattr(tiled_forms, name, 1)
    monkeypatch.setattr(tiled_forms.tensor_tile, "TILE", replace(tiled_forms.tensor_tile.TILE, terms=4))
    used = 0
    for case in cases_of(record):
        for trial in trials(record, case, range(2, 7, 2)):
            bench = TensorBench(trial, "float32", seed=trial.n)
            tested = bench.plan.layers[-1].path
            check(bench, record, lambda row, path=tested: row.path == path)
            used += bench.machine.used
    assert used
