"""Bounded training curves."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.training.curves.history import CAPACITY, Curve, History

ARRAYS = ("first_steps", "steps", "minimum", "maximum", "last", "nonfinite")


def same(one: Curve, other: Curve) -> bool:
    scalars = (one.stride, one._room, len(one), one.capacity) == (other.stride, other._room, len(other), other.capacity)
    return scalars and all(np.array_equal(getattr(one, n), getattr(other, n), equal_nan=n[0] in "ml") for n in ARRAYS)


def test_a_million_epochs_of_four_metrics_take_at_most_one_mebibyte() -> None:
    """1,000,000 epochs × 4 metrics stay within 1 MiB, in memory and as saved arrays."""
    history = History()
    steps = np.arange(1_000_000)
    for name in ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy"):
        history.extend(name, steps, np.random.default_rng(1).random(1_000_000))
    assert history.nbytes <= 2**20
    assert sum(array.nbytes for array in history.to_arrays().values()) <= 2**20


def test_extremes_survive_every_merge_exactly() -> None:
    """A single spike in 300,000 values is found at its step with its exact float32 value."""
    values = np.random.default_rng(2).standard_normal(300_000).astype(np.float32)
    values[123_457], values[7] = 99.5, -77.25
    curve = Curve()
    curve.extend(np.arange(300_000), values)
    assert curve.maximum.max() == np.float32(99.5)
    assert curve.minimum.min() == np.float32(-77.25)
    spike = curve.at(123_457)
    assert spike is not None
    assert spike.step - curve.stride < 123_457 <= spike.step
    assert spike.maximum == 99.5


@pytest.mark.parametrize("seed", range(20))
def test_blocks_of_any_size_equal_single_values(seed: int) -> None:
    """However a run is cut into blocks, the buckets are those of adding value by value."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(int(rng.integers(1, 900))).astype(np.float32)
    values[rng.random(len(values)) < 0.02] = np.nan
    values[rng.random(len(values)) < 0.02] = np.inf
    steps = np.cumsum(rng.integers(1, 5, len(values)))
    single, blocks = Curve(16), Curve(16)
    for step, value in zip(steps, values, strict=True):
        single.add(int(step), float(value))
    start = 0
    while start < len(values):
        stop = start + int(rng.integers(1, 200))
        blocks.extend(steps[start:stop], values[start:stop])
        start = stop
    assert same(single, blocks)


def test_buckets_are_the_plain_minimum_maximum_and_last_of_their_values() -> None:
    """Every bucket equals a direct reduction over the steps that it claims to hold."""
    values = np.random.default_rng(3).standard_normal(1000).astype(np.float32)
    curve = Curve(64)
    curve.extend(np.arange(1000), values)
    for index in range(len(curve)):
        bucket = curve[index]
        held = values[curve.first_steps[index] : bucket.step + 1]
        assert (bucket.minimum, bucket.maximum, bucket.last) == (held.min(), held.max(), held[-1])
    assert curve.stride == 16
    assert curve.first_steps[0] == 0
    assert curve.steps[-1] == 999


def test_a_bad_value_is_never_merged_away() -> None:
    """A NaN marks its bucket through all merges and does not swallow the finite extremes beside it."""
    values = np.linspace(1, 0, 10_000).astype(np.float32)
    values[5000] = np.nan
    curve = Curve(16)
    curve.extend(np.arange(10_000), values)
    marked = curve.at(5000)
    assert marked is not None
    assert marked.nonfinite
    assert np.isfinite([marked.minimum, marked.maximum]).all()
    assert curve.nonfinite.sum() == 1
    curve.add(10_000, 1e300)
    assert curve.last[-1] == np.inf


def test_nan_alone_shows_as_nan() -> None:
    """A bucket of nothing but NaN has NaN as every figure."""
    curve = Curve(2)
    curve.add(0, float("nan"))
    assert np.isnan([curve.minimum[0], curve.maximum[0], curve.last[0]]).all()


def test_at_finds_the_bucket_that_holds_a_step_or_the_nearest() -> None:
    """Between two values the nearer one is given; before and after the run, its ends."""
    curve = Curve()
    assert curve.at(3) is None
    curve.extend([10, 20, 30], [1.0, 2.0, 3.0])
    found = [curve.at(step) for step in (0, 12, 19, 24, 26, 99)]
    assert [bucket.last for bucket in found if bucket] == [1, 1, 2, 2, 3, 3]


def test_going_back_forgets_everything_later() -> None:
    """After truncate(step) no later step is left, and new values may start there."""
    history = History(capacity=16)
    history.extend("loss", np.arange(1000), np.arange(1000))
    history.extend("train_loss", [0, 500, 999], [3, 2, 1])
    history.truncate(500)
    assert history["loss"].steps[-1] <= 500
    assert history["loss"].maximum.max() <= 500
    assert list(history["train_loss"].steps) == [0, 500]
    history.add("loss", 501, 7.0)
    assert history["loss"].last[-1] == 7
    history.truncate(-1)
    assert history.names() == ()


def test_steps_may_not_go_back_unnoticed() -> None:
    """A step before the newest one, or unequal lengths, are refused."""
    curve = Curve()
    curve.add(5, 1.0)
    with pytest.raises(InputError, match="back in time"):
        curve.add(4, 1.0)
    with pytest.raises(InputError, match="one length"):
        curve.extend([6, 7], [1.0])


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 1000])
def test_saved_and_loaded_curves_go_on_identically(count: int) -> None:
    """to_arrays → from_arrays is exact: the copy equals the original now and after 100 more values."""
    history = History(capacity=16)
    history.extend("loss", np.arange(count), np.random.default_rng(4).random(count))
    history.add("lr", 0, float("nan"))
    twin = History.from_arrays({**history.to_arrays(), "layer0.weight": np.zeros(3, np.float32)}, capacity=16)
    assert twin.names() == history.names()
    for each in (history, twin, copy := history.copy()):
        each.extend("loss", np.arange(count, count + 100), np.arange(100))
    assert same(history["loss"], twin["loss"])
    assert same(history["loss"], copy["loss"])


def test_reading_a_metric_does_not_name_it() -> None:
    """Looking at a curve that has no values does not make it appear in the list of metrics."""
    history = History()
    assert len(history["validation_loss"]) == 0
    assert history.names() == ()
    assert "validation_loss" not in history


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("shape", np.array([3, 1, 0])),
        ("shape", np.array([2**40, 1, 0])),
        ("shape", np.array([16, 1, 5])),
        ("shape", np.array([16.0, 1.0, 0.0])),
        ("steps", np.array([3, 2, 1])),
        ("steps", np.arange(CAPACITY)),
        ("minimum", np.zeros(3)),
        ("last", np.zeros((3, 1), np.float32)),
        ("nonfinite", None),
    ],
)
def test_arrays_that_describe_no_curve_are_refused(name: str, array: np.ndarray | None) -> None:
    """A curve from a damaged or hostile file is refused by name, before anything large is allocated."""
    history = History(capacity=16)
    history.extend("loss", [0, 1, 2], [1, 2, 3])
    arrays = history.to_arrays()
    if array is None:
        del arrays[f"history.loss.{name}"]
    else:
        arrays[f"history.loss.{name}"] = array
    with pytest.raises(InputError, match=r"history\.loss"):
        History.from_arrays(arrays)


def test_capacity_must_be_even() -> None:
    """Buckets merge in pairs, so an odd capacity is refused."""
    with pytest.raises(InputError, match="even"):
        Curve(7)


def test_too_many_metrics_are_refused() -> None:
    """A file cannot make the program allocate curves without end."""
    arrays = {f"history.m{number}.shape": np.array([16, 1, 0]) for number in range(257)}
    with pytest.raises(InputError, match="257 metrics"):
        History.from_arrays(arrays)
