"""Numbers with a large offset keep their differences, from a file or an array to the scores."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest

from nnplay.data.csv.csv_file import read_csv
from nnplay.data.dataset import Dataset
from nnplay.data.precision import keep_differences

TABLES: Final = Path(__file__).parent / "tables"


@pytest.mark.parametrize(("name", "fraction"), [("offset_target", 0.0), ("offset_target_frac", 0.5)])
def test_unix_seconds_as_a_target_are_scaled_as_their_differences(name: str, fraction: float) -> None:
    """Targets less their offset give the same rows to the network, and come back from it with every second."""
    level = read_csv(TABLES / "shifted.csv", "finish", task="regression").split()
    shifted = read_csv(TABLES / f"{name}.csv", "finish").split()
    assert shifted.train.y.dtype == np.float32
    assert np.allclose(shifted.train.y, level.train.y, rtol=0, atol=1e-5)
    assert shifted.scaler.target_type is np.float64
    back = shifted.scaler.inverse_target(shifted.train.y) - 1_700_000_000 - fraction
    assert np.allclose(back, level.scaler.inverse_target(level.train.y), rtol=0, atol=1e-3)


def test_offsets_of_inputs_are_taken_off_in_64_bits() -> None:
    """Julian dates as inputs: scaled, given again as raw rows, and back in units."""
    days = np.arange(100) / 24.0
    level = Dataset(days, days, default_scale="standard").split()
    shifted = Dataset(days + 2_451_545.0, days, default_scale="standard").split()
    assert np.allclose(shifted.train.x, level.train.x, rtol=0, atol=1e-6)
    raw = (days + 2_451_545.0)[:, None]
    assert np.allclose(shifted.inputs(raw), level.inputs(days[:, None]), rtol=0, atol=1e-6)
    assert np.allclose(shifted.scaler.inverse(shifted.inputs(raw)), raw, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1999.0], [2020.0]]),
        np.array([[1.1], [1.1]]),
        np.array([[0.0], [1e-30]]),
        np.array([[np.nan], [3.5]]),
        np.zeros((0, 2)),
    ],
)
def test_other_numbers_stay_32_bits(array: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    """Years, constants, tiny and missing numbers: nothing that shows is lost."""
    assert keep_differences(array) is np.float32


def test_large_whole_numbers_that_are_kept_are_not_said_to_lose_precision() -> None:
    """The warning about ids is for what is really cut."""
    assert not [note for note in read_csv(TABLES / "offset_target.csv", "finish").notes if "precision" in note]


def test_targets_that_are_not_scaled_keep_their_differences() -> None:
    """Unscaled unix seconds stay 64 bits wide, and so do unscaled inputs: nothing is cut before a score is taken."""
    days = np.arange(100) / 24.0
    data = Dataset(days + 2_451_545.0, days * 86_400 + 1_700_000_000.5)
    split = data.split(scale="none", scale_target="none")
    assert np.array_equal(split.train.y, data.y[split.indices.train])
    assert np.array_equal(split.train.x, data.x[split.indices.train])
    assert np.array_equal(split.scaler.target_in_units(split.train.y), data.y[split.indices.train])
