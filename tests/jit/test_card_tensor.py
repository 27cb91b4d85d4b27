"""Products by the tensor cores of a graphics card, on a processor: what threads read for each other, and every row."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.kernels.cuda import tensor_tile
from nnplay.operations import tensor_forms
from nnplay.records.layer import LayerRecord
from nnplay.records.registry import layer_records
from nnplay.tape.machines.cuda_lines import cards_of
from tests.jit.test_card_forms import CardBench, CardRows, check
from tests.records import cases_of, trials

Array = NDArray[Any]
#: Layers with rows that have such a form.
LAYERS = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose2d", "conv_transpose3d", "rnn", "lstm", "gru")


def rounded(x: Any) -> Array:
    """To 11 significant bits, of which one is not stored: the nearest number, of two the larger one."""
    part, exponent = np.frexp(np.asarray(x, np.float64))
    scaled = np.ldexp(part, 11)
    return np.ldexp(np.copysign(np.floor(np.abs(scaled) + 0.5), scaled), exponent - 11).astype(np.float32)


class Place:
    """A pointer."""

    def __init__(self, numbers: Array, first: int = 0) -> None:
        self.numbers, self.first = numbers, first

    def __getitem__(self, at: int) -> Any:
        assert 0 <= self.first + at < self.numbers.size, "read outside of the matrix"
        return self.numbers[self.first + at]

    def moved(self, count: int) -> Place:
        return Place(self.numbers, self.first + count)


class Warp:
    """32 threads that multiply together, as `mma.m16n8k8` of PTX says."""

    def __init__(self) -> None:
        self.meeting = threading.Barrier(tensor_tile.WARP, timeout=20)
        self.lane = threading.local()
        self.given: list[Any] = [None] * tensor_tile.WARP

    def multiply_tile(self, sums: Any, a: Any, b: Any) -> Any:
        self.given[self.lane.number] = a, b
        self.meeting.wait()
        left, right = np.zeros((16, 8)), np.zeros((8, 8))
        for lane, (own, other) in enumerate(self.given):
            g, t = divmod(lane, 4)
            left[[g, g + 8, g, g + 8], [t, t, t + 4, t + 4]] = own
            right[[t, t + 4], g] = other
        self.meeting.wait()
        g, t = divmod(self.lane.number, 4)
        found = left @ right
        return tuple(np.add(sums, found[[g, g, g + 8, g + 8], [2 * t, 2 * t + 1, 2 * t, 2 * t + 1]]))


@pytest.mark.parametrize("inner", [8, 13, 3])
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
        warp.lane.number = lane
        near, far = (lane // 4 * strides[0], (lane // 4 + 8) * strides[0])
        return add(
            tensor_tile.zeros(),
            a,
            near,
            far,
            True,
            lane // 4 != 5,
            strides[1],
            b,
            *strides[2:],
            0,
            columns,
            inner,
            lane,
        )

    with ThreadPoolExecutor(tensor_tile.WARP) as threads:
        found = list(threads.map(lambda lane: sums_of(lane, tensor_tile.add_by_warp), range(tensor_tile.WARP)))
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


class TensorRows(CardRows):
    """Rows in TF32. What they multiply has further digits here, which are to be rounded away."""

    tf32 = True
    used = 0

    def _run_on_threads(self, row: Any, line: Any, n: int) -> None:
        if cards_of(row, n, tf32=True) is row.operation.cuda:
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
        monkeypatch.setattr(tensor_forms, name, 1)
    monkeypatch.setattr(tensor_forms.products, "_TERMS", 4)
    used = 0
    for case in cases_of(record):
        for trial in trials(record, case, range(2, 7, 2)):
            bench = TensorBench(trial, "float32", seed=trial.n)
            tested = bench.plan.layers[-1].path
            check(bench, record, lambda row, path=tested: row.path == path)
            used += bench.machine.used
    assert used
