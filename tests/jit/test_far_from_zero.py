"""Numbers whose mean is far from 0 are normalised as exactly as others: no digit is lost with the mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.network.notation import parse_layers
from tests.records import Bench, Trial

pytestmark = pytest.mark.usefixtures("kernels")
Array = NDArray[Any]

#: A layer, the shape of a row, rows, and the axes of (rows, places, groups, channels) that are normalised as one.
LAYERS: list[tuple[str, tuple[int, ...], int, int, tuple[int, ...]]] = [
    ("batch_norm", (5,), 300, 5, (0, 1)),
    ("batch_norm", (2, 130), 700, 130, (0, 1)),
    ("layer_norm", (5,), 10, 1, (3,)),
    ("layer_norm", (2, 1000), 3, 1, (3,)),
    ("group_norm", (8, 8, 6), 4, 2, (1, 3)),
    ("instance_norm", (16, 16, 3), 4, 3, (1, 3)),
]


def normalised(x: Array, groups: int, axes: tuple[int, ...]) -> Array:
    """x in float64 with mean 0 and deviation 1 along the axes."""
    parts = x.astype(np.float64).reshape(len(x), -1, groups, x.shape[-1] // groups)
    variance = parts.var(axis=axes, keepdims=True)
    return np.asarray((parts - parts.mean(axis=axes, keepdims=True)) / np.sqrt(variance + 1e-5)).reshape(x.shape)


@pytest.mark.parametrize(("layer", "shape", "n", "groups", "axes"), LAYERS)
@pytest.mark.parametrize("mean", [1e5, -3e6])
def test_numbers_far_from_zero_are_normalised_exactly(
    layer: str, shape: tuple[int, ...], n: int, groups: int, axes: tuple[int, ...], mean: float
) -> None:
    """With a mean of 100,000 deviations and more, float32 is right to 1e-5, in the outputs and in the way back."""
    bench = Bench(Trial(parse_layers(f"linear {shape[-1]} name=front, {layer}"), shape, n), "float32", seed=1)
    view, find = bench.machine.view, bench.tape.layout.find
    front = bench.count("data") + sum(row.path == "front" for row in bench.tape.train if row.phase == "forward")
    bench.run(front)
    x = (mean + np.random.default_rng(0).standard_normal((n, *shape))).astype(np.float32)
    view(find("front.output"), n)[...] = x
    bench.run(bench.count("data", "forward", "loss", "backward"), front)
    weight, bias = (view(bench.tape.parameters[f"1.{name}"]) for name in ("weight", "bias"))
    hat = normalised(x, groups, axes)
    np.testing.assert_allclose(view(find("1.output"), n), hat * weight + bias, atol=1e-5)
    dy = view(find("d1.output"), n).astype(np.float64)
    rows = tuple(range(len(shape)))
    wanted = (dy * hat).sum(axis=rows)
    np.testing.assert_allclose(view(find("d1.weight")), wanted, atol=1e-5 * np.abs(dy).sum(axis=rows).max())


def test_running_statistics_of_momentum_1_are_those_of_the_batch() -> None:
    """With momentum 1 nothing is left of earlier batches, not even rounding."""
    bench = Bench(Trial(parse_layers("batch_norm momentum=1"), (3,), 8), "float32", seed=1)
    view, find = bench.machine.view, bench.tape.layout.find
    running, mean = view(find("0.running_mean")), view(find("0.mean"))
    running[...] = (-1e9, 3.0, 1e9)
    bench.run(bench.count("data", "forward"))
    assert running.tobytes() == mean.tobytes()
