"""What may be asked of a trained network, and what is refused: in one sentence, with the row and the column."""

from __future__ import annotations

import datetime
import decimal
import fractions
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.training.trainer import Trainer
from tests.small_trainer import spiral, trainer


class FromPandas:
    """A table of another library, which makes an array of itself when it is asked."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self.values, dtype)


class Broken:
    """An array of another library that cannot be read from here, as one on a graphics card."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("it is on the device")


class Unshown:
    """An object that cannot even be written into a message."""

    def __repr__(self) -> str:
        raise RuntimeError("not even this")


def nested(depth: int, inner: Any = 0.5) -> Any:
    """Lists in lists."""
    for _ in range(depth):
        inner = [inner]
    return inner


def around() -> list[Any]:
    """A list that holds itself."""
    ring: list[Any] = []
    ring.append(ring)
    return ring


REFUSED: dict[str, tuple[Any, str]] = {
    "text": ("abc", "x holds text, not numbers; give an array of numbers"),
    "bytes": (b"abc", "x holds bytes, not numbers"),
    "text in rows": ([["0.1", "0.2"]], "x holds text, not numbers"),
    "a word among numbers": (np.array([[1.0, 2.0], [3.0, "abc"]], object), r"x row 1, column 1: 'abc' is not a number"),
    "nothing among numbers": ([[1, 2], [None, 1]], "predict, x row 1, column 0: None is not a number"),
    "nothing": (None, "None is not a number"),
    "a table": ({}, "no columns"),
    "objects": ([[object(), 1]], "x row 0, column 0: <object> is not a number"),
    "ragged": ([[1, 2], [3]], "x is ragged: its rows differ in length"),
    "ragged within": ([[[1], [2, 3]], [[1], [2]]], "x is ragged"),
    "nested deep": (nested(2000), "x is nested too deep"),
    "a ring": (around(), "x is (nested too deep|ragged)"),
    "no rows": ([], r"there are no rows; give an array \(N, 2\), or one row \(2,\)"),
    "no columns": ([[]], r"rows of shape \(0,\) where the network takes \(2,\); give an array \(N, 2\)"),
    "one number": (5, "there are no rows"),
    "too many columns": (np.zeros((3, 5)), r"rows of shape \(5,\) where the network takes \(2,\)"),
    "too few columns": (np.zeros((3, 1)), r"rows of shape \(1,\)"),
    "too many axes": (np.zeros((3, 4, 4)), r"rows of shape \(4, 4\)"),
    "complex": ([[1 + 2j, 1]], "x holds complex numbers"),
    "dates": (np.array([["2020-01-01", "2021-01-01"]], "datetime64[D]"), "x holds dates"),
    "times": (np.array([[1, 2]], "timedelta64[s]"), "x holds times"),
    "dates of Python": ([[datetime.date(2020, 1, 1), 1]], "x row 0, column 0: datetime.date.* is not a number"),
    "records": (np.zeros(2, [("a", "f4"), ("b", "f4")]), "x holds records"),
    "NaN": (
        [[0.0, 1.0], [2.0, np.nan]],
        "predict, x row 1, column 1: nan is not finite; replace it, or leave out such rows",
    ),
    "infinity": ([[0.0, 1.0], [-np.inf, 0.0]], "x row 1, column 0: -inf is not finite"),
    "NaN in one row": ([np.nan, 1.0], "x row 0, column 0: nan is not finite"),
    "beyond float32": ([[1e300, 1]], r"x row 0, column 0: 1e\+300 is too large for a 32-bit number"),
    "beyond float64": ([[1, 10**400]], "x row 0, column 1: 1000.* is too large"),
    "an integer of 5,000 digits": ([[10**5000, 1]], "x row 0, column 0: <int> is too large"),
    "masked": (np.ma.masked_array([[1.0, 2.0]], [[False, True]]), r"x row 0, column 1: a value is masked; fill it"),
    "another library": (Broken(), "x cannot be read as an array: RuntimeError: it is on the device"),
    "objects that cannot be shown": (np.array([[Unshown(), 1]], object), "row 0, column 0: <Unshown.* is not a number"),
}

TAKEN: dict[str, Any] = {
    "lists": [[0.0, 1.0], [1.0, 0.0]],
    "integers": [[0, 1], [1, 0]],
    "flags": [[False, True], [True, False]],
    "float16": np.array([[0, 1], [1, 0]], np.float16),
    "small integers": np.array([[0, 1], [1, 0]], np.uint8),
    "big-endian": np.array([[0, 1], [1, 0]], ">f8"),
    "another order in memory": np.asfortranarray([[0.0, 1.0], [1.0, 0.0]]),
    "every other row": np.array([[0, 1], [9, 9], [1, 0], [9, 9]])[::2],
    "read-only": np.broadcast_to(np.array([[0.0, 1.0], [1.0, 0.0]]), (2, 2)),
    "objects that are numbers": np.array([[0, fractions.Fraction(1)], [True, 0.0]], object),
    "numbers of the standard library": [[decimal.Decimal(0), decimal.Decimal(1)], [1, 0]],
    "another library": FromPandas([[0.0, 1.0], [1.0, 0.0]]),
    "objects of another library": FromPandas(np.array([[0, 1.0], [1, 0]], object)),
    "nothing masked": np.ma.masked_array([[0.0, 1.0], [1.0, 0.0]], False),
    "one more axis": [[[0.0], [1.0]], [[1.0], [0.0]]],
    "a tuple of arrays": (np.array([0.0, 1.0]), np.array([1.0, 0.0])),
}


@pytest.fixture(scope="module")
def trained() -> Trainer:
    """A small trainer after a few steps."""
    made = trainer()
    made.run(steps=10)
    return made


@pytest.mark.parametrize("case", REFUSED)
def test_inputs_that_are_no_rows_of_numbers_are_refused(case: str, trained: Trainer) -> None:
    """The sentence says what is wrong, and where."""
    given, message = REFUSED[case]
    with pytest.raises(nn.InputError, match=message) as caught:
        trained.predict(given)
    assert caught.value.where.startswith("predict")


@pytest.mark.parametrize("case", REFUSED)
def test_raw_inputs_refuse_the_same(case: str) -> None:
    """What a network refuses cannot be scaled for it either."""
    given, message = REFUSED[case]
    with pytest.raises(nn.InputError, match=message.replace("predict", "inputs")):
        spiral().inputs(given)


#: What no data set can be made of, neither as inputs nor as targets.
NO_DATA = (
    "nothing among numbers", "ragged", "ragged within", "nested deep", "a ring", "complex", "dates", "times", "objects",
    "dates of Python", "records", "NaN", "infinity", "beyond float64", "an integer of 5,000 digits", "masked",
    "another library", "objects that cannot be shown", "nothing", "a table", "no rows",
)  # fmt: skip


@pytest.mark.parametrize("case", NO_DATA)
def test_data_refuse_the_same(case: str) -> None:
    """Neither inputs nor targets can be made of what holds no numbers."""
    given = REFUSED[case][0]
    rows = 2 if isinstance(given, Broken) else max(1, len(given or ())) if isinstance(given, (list, dict)) else 1
    rows = len(given) if isinstance(given, np.ndarray) else rows
    with pytest.raises(nn.InputError):
        nn.Dataset(given, [0] * rows)
    with pytest.raises(nn.InputError):
        nn.Dataset([[0.0]] * rows, given)


@pytest.mark.parametrize("case", TAKEN)
def test_whatever_holds_numbers_is_answered(case: str, trained: Trainer) -> None:
    """The answers are those for a plain array of float32."""
    wanted = trained.predict(np.array([[0, 1], [1, 0]], np.float32))
    assert np.array_equal(trained.predict(TAKEN[case]), wanted)


def test_no_rows_of_the_right_shape_have_no_answers(trained: Trainer) -> None:
    """As in NumPy, an array of no rows gives one of no answers."""
    assert trained.predict(np.zeros((0, 2))).shape == (0, 2)


def test_a_token_that_is_none_is_told() -> None:
    """An embedding gives NaN for a number outside its vocabulary; the answer says which row that was."""
    data = nn.Dataset([[0, 1], [1, 2], [2, 0]] * 5, [0, 1, 0] * 5, task="classification")
    made = nn.Trainer(nn.Network("embedding 3 4, flatten, linear 2"), data, batch_size="all")
    assert np.isfinite(made.predict([[0, 1], [2, 2]])).all()
    with pytest.raises(nn.InputError, match=r"the output for row 1 is not finite; .* are not tokens"):
        made.predict([[0, 1], [7, 0]])


def test_an_answer_beyond_all_numbers_is_told() -> None:
    """Inputs that are finite can still be too large for the weights."""
    made = trainer(layers="linear 2")
    made.parameters()["0.weight"][:] = 10.0
    with pytest.raises(nn.InputError, match="the output for row 1 is not finite; its inputs are too large"):
        made.predict([[1.0, 1.0], [3e38, 3e38]])


def test_gaps_are_taken_where_the_data_fill_them() -> None:
    """Raw inputs may hold NaN where the split puts a mean, and only there."""
    data = nn.Dataset([[1.0, np.nan], [3.0, 4.0], [5.0, 8.0]] * 4, [0.0, 1.0, 2.0] * 4, fill="mean")
    assert np.isfinite(data.split().inputs([[np.nan, 1.0]])).all()
    with pytest.raises(nn.InputError, match="inputs, x row 0, column 0: nan is not finite"):
        spiral().inputs([[np.nan, 1.0]])


@pytest.mark.parametrize("part", [None, "abc", "", ["test"], {}, 3, nested(2000), b"test", float("nan")])
def test_parts_that_are_none_are_refused(part: Any, trained: Trainer) -> None:
    """The sentence lists the parts that there are."""
    for ask in (trained.evaluate, trained.evaluate_targets):
        with pytest.raises(nn.InputError, match=r"the split has no .* part; it has train, validation, test"):
            ask(part)


@pytest.mark.parametrize("names", [None, "abc", ["0.weight"], ["eval.loss"], [["eval.0.output"]], 3, [nested(2000)]])
def test_slots_that_hold_no_answers_are_refused(names: Any, trained: Trainer) -> None:
    """Only what an evaluation computes for each row can be asked for."""
    with pytest.raises(nn.InputError, match="forward: unknown slot"):
        trained.forward([[0.0, 1.0]], names)


def test_one_slot_may_be_named_alone(trained: Trainer) -> None:
    """A name is as good as a list of one."""
    one, several = (trained.forward([[0.0, 1.0]], names) for names in ("eval.0.output", ["eval.0.output"]))
    assert np.array_equal(one["eval.0.output"], several["eval.0.output"])


def test_rows_of_another_shape_never_reach_the_memory(trained: Trainer) -> None:
    """Where numbers are not looked at, shapes still are; what is not finite comes out as it is."""
    with pytest.raises(nn.InputError, match=r"rows of shape \(5,\)"):
        trained.answers(np.zeros((3, 5)))
    assert np.isnan(trained.answers(np.array([[np.nan, 1.0]]))).all()
