"""Splits: every row in one part, seeded, stratified, scaled by the training rows alone; bad fractions refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnplay.data.catalogue import load_dataset
from nnplay.data.csv.advice import advise_for
from nnplay.data.dataset import Dataset
from nnplay.data.partition import apportion
from nnplay.errors import InputError

FRACTIONS = st.sampled_from([(0.7, 0.15, 0.15), (0.8, 0.2, 0.0), (0.5, 0.0, 0.5), (0.6, 0.1, 0.3), (1.0, 0.0, 0.0)])


def labelled(rows: int, classes: int, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, max(rows - classes, 0))])[:rows]
    return Dataset(np.arange(rows, dtype=np.float32)[:, None], y, class_names=[f"c{i}" for i in range(classes)])


@given(rows=st.integers(20, 300), classes=st.integers(2, 6), fractions=FRACTIONS, seed=st.integers(0, 2**32 - 1))
def test_parts_are_disjoint_and_cover_everything(
    rows: int, classes: int, fractions: tuple[float, float, float], seed: int
) -> None:
    """Each row is in exactly one part, and the parts hold the very rows that the indices name."""
    data = labelled(rows, classes)
    split = data.split(*fractions, seed=seed)
    parts = (split.indices.train, split.indices.validation, split.indices.test)
    assert sorted(np.concatenate(parts).tolist()) == list(range(rows))
    for part, indices in zip((split.train, split.validation, split.test), parts, strict=True):
        assert (part is None) == (len(indices) == 0)
        if part is not None:
            assert part.x[:, 0].tolist() == indices.tolist()
            assert part.y.tolist() == data.y[indices].tolist()


@given(rows=st.integers(20, 300), seed=st.integers(0, 2**32 - 1), stratify=st.booleans())
def test_the_same_seed_gives_the_same_split(rows: int, seed: int, stratify: bool) -> None:
    """A split depends on nothing but data, fractions and seed."""
    first = labelled(rows, 3).split(seed=seed, stratify=stratify)
    again = labelled(rows, 3).split(seed=seed, stratify=stratify)
    assert first.indices.train.tolist() == again.indices.train.tolist()
    assert first.indices.test.tolist() == again.indices.test.tolist()


@given(
    sizes=st.lists(st.integers(10, 120), min_size=2, max_size=6),
    fractions=st.sampled_from([(0.7, 0.15, 0.15), (0.6, 0.1, 0.3), (0.8, 0.0, 0.2)]),
    seed=st.integers(0, 1000),
)
def test_stratified_parts_keep_the_shares(sizes: list[int], fractions: tuple[float, float, float], seed: int) -> None:
    """No class is more than one row away from its share of the validation and the test rows."""
    y = np.repeat(np.arange(len(sizes)), sizes)
    split = Dataset(np.zeros((len(y), 1)) + y[:, None], y).split(*fractions, seed=seed)
    for part in (split.validation, split.test):
        if part is None:
            continue
        counts = np.bincount(part.y, minlength=len(sizes))
        shares = np.array(sizes) * (len(part) / len(y))
        assert np.abs(counts - shares).max() <= 1.0 + 1e-9


@given(rows=st.integers(10, 60), classes=st.integers(2, 12), seed=st.integers(0, 1000))
def test_every_class_is_trained_on(rows: int, classes: int, seed: int) -> None:
    """A class with a single row goes to the training part as long as that has a row for each class."""
    data = labelled(rows, classes, seed)
    split = data.split(0.6, 0.2, 0.2, seed=seed)
    if len(split.train) >= len(np.unique(data.y)):
        assert set(split.train.y.tolist()) == set(data.y.tolist())


@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    share=st.floats(0, 1),
)
def test_apportion_hands_out_every_seat_within_capacity(counts: list[int], share: float) -> None:
    """All seats are given, none beyond the capacity."""
    sizes = np.array(counts)
    total = int(share * (sizes - 1).sum())
    seats = apportion(sizes, total, sizes - 1)
    assert seats.sum() == total
    assert (seats >= 0).all()
    assert (seats <= sizes - 1).all()


@given(seed=st.integers(0, 100), scale=st.sampled_from(["standard", "minmax"]))
def test_scaling_is_fitted_on_the_training_rows_only(seed: int, scale: str) -> None:
    """Training inputs are scaled exactly; changing a test row changes no training value; scaling inverts."""
    rng = np.random.default_rng(seed)
    x = rng.normal(5, 3, (50, 3))
    y = rng.integers(0, 2, 50)
    split = Dataset(x, y).split(seed=seed, scale=scale)  # type: ignore[arg-type]
    if scale == "standard":
        assert np.abs(split.train.x.mean(axis=0)).max() < 1e-5
        assert np.abs(split.train.x.std(axis=0) - 1).max() < 1e-5
    else:
        assert split.train.x.min(axis=0).tolist() == [0, 0, 0]
        assert split.train.x.max(axis=0).tolist() == [1, 1, 1]
    moved = x.copy()
    moved[split.indices.test] += 1000
    assert np.array_equal(Dataset(moved, y).split(seed=seed, scale=scale).train.x, split.train.x)  # type: ignore[arg-type]
    back = split.scaler.inverse(split.train.x)
    assert np.abs(back - x[split.indices.train]).max() < 1e-4


def test_regression_targets_scale_and_return() -> None:
    """A table's target is standardised on the training rows and predictions come back in its own units."""
    data = load_dataset("diabetes")
    split = data.split()
    assert abs(float(split.train.y.mean())) < 1e-5
    back = split.scaler.inverse_target(split.train.y)
    assert np.abs(back - data.y[split.indices.train]).max() < 1e-3
    assert np.array_equal(data.split(scale_target="none").train.y, data.y[split.indices.train])


def test_constant_inputs_are_left_alone() -> None:
    """An input that is constant in the training rows is shifted to zero, never divided by zero, and noted."""
    x = np.stack([np.arange(10.0), np.full(10, 7.0)], axis=1)
    for scale in ("standard", "minmax"):
        split = Dataset(x, np.arange(10) % 2, feature_names=["a", "still"]).split(0.8, 0, 0.2, scale=scale)  # type: ignore[arg-type]
        assert split.train.x[:, 1].tolist() == [0] * 8
        assert any("still" in note for note in split.notes)


def test_one_hot_inputs_stay_zero_and_one(tmp_path: object) -> None:
    """Scaling changes numbers, not the 0/1 inputs of categories."""
    from pathlib import Path

    from nnplay.data.csv.csv_file import read_csv

    path = Path(str(tmp_path)) / "my.csv"
    path.write_text("a,b,c\n" + "".join(f"{i},{'uvw'[i % 3]},{i % 2}\n" for i in range(30)), encoding="utf-8")
    split = read_csv(path, target="c").split()
    assert set(split.train.x[:, 1:].ravel().tolist()) == {0.0, 1.0}
    assert abs(float(split.train.x[:, 0].mean())) < 1e-6


def test_unscaled_inputs_pass_as_they_are() -> None:
    """Without scaling, offset and scale change nothing, of a constant input neither."""
    x = np.stack([np.arange(40.0), np.full(40, 7.0)], axis=1)
    scaler = Dataset(x, np.arange(40) % 2).split(scale="none").scaler
    assert (scaler.offset.tolist(), scaler.scale.tolist(), scaler.notes) == ([0, 0], [1, 1], ())
    assert np.array_equal(scaler.transform(x), x)


def test_repeated_rows_across_parts_are_noted() -> None:
    """Test rows that repeat a training row are counted, because they make the score look better."""
    x = np.repeat(np.arange(10.0), 4)[:, None]
    split = Dataset(x, np.arange(40) % 2).split(0.5, 0.0, 0.5, seed=1)
    assert any("of 20 test rows repeat" in note for note in split.notes)
    assert load_dataset("spiral").split().notes == ()


def test_summary_counts_batches_and_the_last_one() -> None:
    """The summary states rows, batches per epoch and an incomplete last batch."""
    split = Dataset(np.arange(8000.0)[:, None], np.arange(8000) % 2).split(0.8, 0.1, 0.1)
    assert split.summary(64) == (
        "6,400 training rows in batches of 64 = 100 batches per epoch; 800 validation rows, 800 test rows"
    )
    assert "= 65 batches per epoch (the last one has 64)" not in split.summary(100)
    assert "in batches of 99 = 65 batches per epoch (the last one has 64)" in split.summary(99)
    assert "= 1 batch per epoch" in split.summary("all")
    with pytest.raises(InputError, match=r"7,000 rows cannot be drawn from 6,400"):
        split.summary(7000)


@pytest.mark.parametrize(
    ("fractions", "words"),
    [
        ((0.7, 0.2, 0.2), "= 1.1, not 1"),
        ((0.7, -0.1, 0.4), "validation fraction -0.1"),
        ((0.0, 0.5, 0.5), "training"),
        ((0.0, 0.0, 1.0), "training"),
        ((float("nan"), 0.5, 0.5), "not a number"),
        ((0.98, 0.01, 0.01), "no row is left for validation"),
        ((0.01, 0.495, 0.495), "no row is left for training"),
    ],
)
def test_bad_fractions_are_refused(fractions: tuple[float, float, float], words: str) -> None:
    """Fractions that are negative, do not add up to 1, or leave a part empty are refused (row 29 of the catalogue)."""
    with pytest.raises(InputError) as caught:
        labelled(20, 2).split(*fractions)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("option", "value"), [("scale", "robust"), ("scale_target", "log"), ("seed", -1), ("seed", 1.5)]
)
def test_bad_options_are_refused(option: str, value: object) -> None:
    """An unknown scale or a seed that is no whole number is refused by name."""
    with pytest.raises(InputError, match=str(value)):
        labelled(20, 2).split(**{option: value})  # type: ignore[arg-type]


def test_a_part_without_a_row_is_refused_with_a_split_that_fits() -> None:
    """Written as the front end takes it; one that is followed works."""
    data = labelled(4, 2)
    with pytest.raises(
        InputError,
        match=r"no row is left for validation: 0.1 of 4 rows is less than one; use train=0.75, validation=0, test=0.25",
    ):
        data.split(0.65, 0.1, 0.25)
    assert len(data.split(0.75, 0, 0.25).test) == 1
    with advise_for("command"), pytest.raises(InputError, match="use --split 75/0/25, or larger parts"):
        data.split(0.65, 0.1, 0.25)
    with pytest.raises(InputError, match="use train=1, validation=0, test=0"):
        labelled(2, 2).split(0.7, 0.15, 0.15)
    with pytest.raises(InputError, match=r"use train=0.9333, validation=0, test=0.0667,"):
        labelled(20, 2).split(1 - 1 / 15 - 0.01, 0.01, 1 / 15)
    assert len(labelled(20, 2).split(0.9333, 0, 0.0667).test) == 1
