"""Data sets from arrays: types and shapes are settled once, and what cannot be learned from is refused."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from nnplay.data.dataset import Dataset
from nnplay.errors import InputError

X = np.arange(8.0).reshape(4, 2)


def test_whole_numbers_are_classes_and_others_are_quantities() -> None:
    """Integer targets make a classification set of int64 labels, floats a regression set of float32 (N, T)."""
    classes = Dataset(X, [0, 1, 2, 1])
    assert (classes.task, classes.outputs, classes.y.dtype, classes.y.shape) == ("classification", 3, np.int64, (4,))
    assert classes.class_names == ("0", "1", "2")
    values = Dataset(X, np.array([0.5, 1, 2, 1]))
    assert (values.task, values.outputs, values.y.dtype, values.y.shape) == ("regression", 1, np.float32, (4, 1))
    assert (values.feature_names, values.target_names) == (("x1", "x2"), ("y1",))
    assert Dataset(X, [0, 1, 2, 1], task="regression").y.shape == (4, 1)
    assert Dataset(X, np.array([0.0, 1, 0, 1]), task="classification").outputs == 2


def test_words_become_sorted_classes() -> None:
    """Targets given as words are labels by alphabetical order."""
    data = Dataset(X, np.array(["b", "a", "c", "a"]))
    assert data.class_names == ("a", "b", "c")
    assert data.y.tolist() == [1, 0, 2, 0]


def test_labels_per_pixel_keep_their_shape() -> None:
    """Integer targets of rank 3 stay labels per pixel, and split without stratification."""
    data = Dataset(np.zeros((6, 4, 4, 1)) + np.arange(6)[:, None, None, None], np.ones((6, 4, 4), dtype=np.uint8))
    assert (data.y.shape, data.y.dtype, data.outputs, data.feature_shape) == ((6, 4, 4), np.int64, 2, (4, 4, 1))
    assert len(data.split(0.5, 0.0, 0.5).train) == 3


def test_inputs_are_contiguous_float32_of_the_wanted_shape() -> None:
    """Inputs of any number type and memory order become contiguous float32, reshaped when asked."""
    data = Dataset(np.asfortranarray(np.arange(32).reshape(2, 16)), [0, 1], feature_shape=(4, 4, 1))
    assert (data.x.shape, data.x.dtype, data.x.flags.c_contiguous) == ((2, 4, 4, 1), np.float32, True)
    assert Dataset(np.arange(3), [0, 1, 0]).x.shape == (3, 1)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (X, [0, 1, 2], "x has 4 rows, y has 3"),
        (np.zeros((0, 2)), [], "no rows"),
        (np.zeros((2, 0)), [0, 1], "no inputs"),
        ([[1.0, 2.0], [np.nan, 1.0]], [0, 1], "x row 1, column 0: nan is not finite"),
        ([[1.0, 2.0], [3.0, 1e300]], [0, 1], "x row 1, column 1: 1e+300 is too large"),
        ([[1.0], [2.0]], [0.5, np.inf], "y row 1"),
        (X, [0, 1, -1, 1], "y row 2: -1 is not a class label"),
        (X, [0, 1, 2**40, 1], "y row 2: 1099511627776 is not a class label"),
        ([["a"], ["b"]], [0, 1], "not numbers"),
        ([[1, 2], [3]], [0, 1], "ragged"),
    ],
)
def test_bad_arrays_are_refused(x: object, y: object, words: str) -> None:
    """The first row at fault is named."""
    with pytest.raises(InputError) as caught:
        Dataset(x, y)  # type: ignore[arg-type]
    assert words in caught.value.message


def test_bad_descriptions_are_refused() -> None:
    """Names and shapes that do not fit the arrays, and labels beyond the class names, are refused."""
    with pytest.raises(InputError, match="3 feature names for 2 features"):
        Dataset(X, [0, 1, 0, 1], feature_names=["a", "b", "c"])
    with pytest.raises(InputError, match="cannot be reshaped"):
        Dataset(X, [0, 1, 0, 1], feature_shape=(3, 1))
    with pytest.raises(InputError, match="y row 1: 2 is not a class label from 0 to 1"):
        Dataset(X, [0, 2, 0, 1], class_names=["a", "b"])
    with pytest.raises(InputError, match="class 'z'"):
        Dataset(X, np.array(["a", "b", "a", "z"]), class_names=["a", "b"])


def test_numbers_are_read_while_another_thread_imports_masked_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module of masked arrays may be there with nothing in it yet; then there are none."""
    monkeypatch.setitem(sys.modules, "numpy.ma", ModuleType("numpy.ma"))
    assert Dataset(X.tolist(), [0, 1, 2, 1]).x.tolist() == X.tolist()
