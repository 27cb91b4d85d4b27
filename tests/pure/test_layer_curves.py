"""The table of every layer's numbers over a run: bounded, cut back with the run, saved and read as it was."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.training.curves.history import History
from nnplay.training.curves.layer_curves import CAPACITY, LayerCurves

NAMES = ("gradient:0.weight", "update:0.weight")


def filled(count: int, capacity: int = CAPACITY) -> LayerCurves:
    """Rows 1 … count, of which row 7 has a spike."""
    table = LayerCurves(capacity)
    for step in range(1, count + 1):
        table.add(step, NAMES, [100.0 if step == 7 else step / 1000, np.nan])
    return table


def test_a_full_table_keeps_its_extremes_and_its_newest_step() -> None:
    """100,000 rows are at most the capacity, in order; the largest number of all is still there."""
    table = filled(1000, capacity=16)
    assert 8 <= len(table) <= 16
    assert table.steps[-1] == 1000
    assert np.all(np.diff(table.steps) > 0)
    assert table.column(NAMES[0]).max() == 100.0
    assert np.isnan(table.of("update")["0.weight"]).all()


def test_going_back_forgets_later_rows_and_refuses_earlier_steps() -> None:
    """After a truncation the table ends there; a step that is known cannot come again."""
    history = History()
    history.by_layer = filled(20)
    history.truncate(12)
    assert history.by_layer.steps.tolist() == list(range(1, 13))
    with pytest.raises(InputError, match="back in time"):
        history.by_layer.add(12, NAMES, [0.0, 0.0])


def test_other_columns_keep_the_numbers_of_those_that_stay() -> None:
    """Where a layer comes, its column is empty until then; one that goes is gone."""
    table = filled(3)
    table.add(4, (NAMES[0], "gradient:2.weight"), [0.5, 0.25])
    assert table.column(NAMES[0]).tolist() == pytest.approx([0.001, 0.002, 0.003, 0.5])
    assert np.isnan(table.column("gradient:2.weight")).tolist() == [True, True, True, False]
    assert list(table.of("update")) == []


def test_a_saved_table_goes_on_as_the_original() -> None:
    """Arrays and back is exact, names included; a copy and its original do not touch each other."""
    history = History()
    history.add("loss", 1, 0.5)
    history.by_layer = filled(20)
    twin = History.from_arrays(history.to_arrays())
    for each in (history, twin):
        each.by_layer.add(21, NAMES, [1.0, 2.0])
    copied = twin.copy()
    twin.by_layer.add(22, NAMES, [1.0, 2.0])
    assert twin.names() == ("loss",)
    for name, array in history.to_arrays().items():
        assert array.tobytes() == copied.to_arrays()[name].tobytes()


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("names", np.array([300, 2], np.int64)),
        ("names", np.frombuffer(b"a\na", np.uint8).astype(np.int64)),
        ("steps", np.array([2, 1, 3], np.int64)),
        ("values", np.zeros((3, 3), np.float32)),
        ("values", np.zeros((3, 2), np.float64)),
        ("more", np.zeros(3, np.int64)),
    ],
)
def test_arrays_that_describe_no_table_are_refused(name: str, array: np.ndarray) -> None:
    """Bytes that are no names, names that come twice, steps out of order, shapes that do not fit, parts too many."""
    history = History()
    history.by_layer = filled(3)
    arrays = {**history.to_arrays(), f"history.by_layer.{name}": array}
    with pytest.raises(InputError, match="by_layer"):
        History.from_arrays(arrays)
