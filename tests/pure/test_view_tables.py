"""Numbers of views as CSV."""

from __future__ import annotations

import csv
import io
import math

import numpy as np

from nnplay.views.choosing import view_records
from nnplay.views.kinds.confusion import Confusion
from nnplay.views.kinds.slices import Slices, SliceScore
from nnplay.views.table import Table, to_csv
from nnplay.views.view import Output


def _read(name: str, shown: Output) -> list[list[str]]:
    view = next(view for view in view_records() if view.name == name)
    assert view.table is not None
    return list(csv.reader(io.StringIO(to_csv(view.table(shown)))))


def test_texts_and_numbers_come_back() -> None:
    """Commas, quotes and line ends in names, 32 bits of a number, and what is missing."""
    third = float(np.float32(1 / 3))
    text = to_csv(Table(('a,"b"', "n"), [("x\ny", third), ("", math.nan), ("z", 10**12)]))
    names, first, *rest = csv.reader(io.StringIO(text))
    assert names == ['a,"b"', "n"]
    assert first[0] == "x\ny"
    assert np.float32(first[1]) == np.float32(third)
    assert rest == [["", ""], ["z", "1000000000000"]]


def test_a_confusion_matrix_has_a_row_for_each_true_class() -> None:
    """Its columns are the predicted ones."""
    shown = Confusion(np.array([[3, 1], [0, 2]]), ("no", "yes"), ())
    assert _read("confusion matrix", shown) == [["true", "no", "yes"], ["no", "3", "1"], ["yes", "0", "2"]]


def test_slices_stand_below_all_rows() -> None:
    """With the ends of their intervals, which may be missing."""
    whole, one = SliceScore("all rows", 4, 0.5, None), SliceScore("red", 2, 1.0, (0.25, 1.0))
    rows = _read("slices", Slices("colour", "accuracy", "", whole, (one,), "4 rows"))
    assert rows[0] == ["colour", "rows", "accuracy", "low", "high"]
    assert rows[1:] == [["all rows", "4", "0.5", "", ""], ["red", "2", "1", "0.25", "1"]]
