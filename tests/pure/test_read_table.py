"""Tables in memory: whatever library holds one, it becomes what a file of it becomes, and the library is not needed."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import InputError

COLUMNS: dict[str, list[Any]] = {
    "age": [23, 35, None, 51, 44, 38, 29, 60],
    "sex": ["f", "m", "f", None, "m", "f", "m", "f"],
    "seen": [date(2020, 1, 1 + day) for day in range(8)],
    "paid": ["$4,145", "$900", "$20", "$1", "$7", "$80", "$3", "$12"],
    "well": [True, False, True, True, False, False, True, False],
}
ROWS = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]


class Tensor:
    """What a tensor of PyTorch can do."""

    is_sparse = False

    def __init__(self, values: Any, dtype: str = "torch.float32") -> None:
        self.values, self.dtype = np.asarray(values, np.float32), dtype

    def detach(self) -> Tensor:
        """Without its gradient."""
        return self

    def cpu(self) -> Tensor:
        """In the memory of the processor."""
        return self

    def float(self) -> Tensor:
        """In 32 bits."""
        return Tensor(self.values)

    def numpy(self) -> Any:
        """An array; as PyTorch, none of bfloat16."""
        if "bfloat16" in self.dtype:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.values

    def __array__(self, *arguments: Any, **keywords: Any) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


class Broken(Tensor):
    """A tensor without numbers, as those of PyTorch's device meta are."""

    def cpu(self) -> Tensor:
        """There is nothing to fetch."""
        raise NotImplementedError("no data")


class Keys(dict[tuple[int, int], float]):
    """A sparse matrix that is a dict besides, as SciPy's dok_matrix is."""

    shape, nnz = (2, 2), 1

    def toarray(self) -> Any:
        """Filled up."""
        return np.eye(2)


class Point(NamedTuple):
    """A row with names."""

    a: int
    y: str


@dataclass
class Spot:
    """Another one."""

    a: int
    y: str


class Sparse:
    """What a sparse matrix of SciPy can do."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape, self.nnz = shape, 1

    def toarray(self) -> Any:
        """Filled up."""
        return np.eye(*self.shape)


def frames() -> list[Any]:
    """The same table as each kind of table, of the libraries that are installed."""

    def polars() -> Any:
        return pytest.importorskip("polars").DataFrame(COLUMNS)

    def pandas() -> Any:
        return pytest.importorskip("pandas").DataFrame(COLUMNS)

    def arrow() -> Any:
        return pytest.importorskip("pyarrow").table(COLUMNS)

    def batch() -> Any:
        return pytest.importorskip("pyarrow").RecordBatch.from_pydict(COLUMNS)

    return [pytest.param(make, id=make.__name__) for make in (polars, pandas, arrow, batch)]


@pytest.mark.parametrize(
    "make", [*frames(), pytest.param(lambda: ROWS, id="rows"), pytest.param(lambda: COLUMNS, id="dict")]
)
def test_a_table_of_any_library_is_read_as_a_file_is(make: Callable[[], Any], tmp_path: Any) -> None:
    """Names, kinds, encodings, missing values and scaling: all as of the CSV file of the same table."""
    lines = [",".join(COLUMNS)] + [",".join("" if v is None else f'"{v}"' for v in row.values()) for row in ROWS]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    options: Any = {"target": "well", "missing": "category"}
    wanted, found = nn.read_csv(path, **options), nn.read_table(make(), **options)
    assert (found.feature_names, found.class_names) == (wanted.feature_names, wanted.class_names)
    assert [column.kind for column in found.columns] == [column.kind for column in wanted.columns]
    np.testing.assert_allclose(found.x, wanted.x)
    np.testing.assert_array_equal(found.y, wanted.y)
    assert (found.default_scale, found.fill) == (wanted.default_scale, wanted.fill)


def test_the_task_decides_what_the_target_is() -> None:
    """Whole numbers are classes or a quantity, as it is said."""
    table = {"a": [1.5, 2.5, 0.5, 4.5, 3.0], "y": [1, 2, 3, 4, 9]}
    assert nn.read_table(table, "y").task == "regression"
    assert nn.read_table(table, "y", task="classification").class_names == ("1", "2", "3", "4", "9")


def test_a_matrix_gets_names_in_order() -> None:
    """Plain, masked, sparse, a tensor, a structured array: each with columns that can be named."""
    x = np.arange(12.0).reshape(6, 2) ** 1.5
    assert nn.read_table(x, names=("a", "b")).feature_names == ("a",)
    masked = np.ma.masked_array(x, np.eye(6, 2))
    with pytest.raises(InputError, match=r"row 0, column 'column_1': a value is missing"):
        nn.read_table(masked, "column_2")
    assert len(nn.read_table(masked, "column_2", missing="drop")) == 4
    assert nn.read_table(Sparse((6, 3))).feature_names == ("column_1", "column_2")
    assert nn.read_table(Tensor(x)).feature_names == ("column_1",)
    structured = np.array([(1, 2.5), (2, 0.5), (4, 1.0)], [("n", "i4"), ("y", "f8")])
    assert nn.read_table(structured).target_names == ("y",)


def test_a_data_set_takes_what_libraries_hold_numbers_in() -> None:
    """Tensors on another device, half precision, sparse matrices, dicts of columns with their names."""
    assert nn.Dataset(Tensor([[1, 2], [3, 4]]), Tensor([0.5, 1])).x.tolist() == [[1, 2], [3, 4]]
    assert nn.Dataset(Tensor([[1], [3]], "torch.bfloat16"), [0, 1]).task == "classification"
    assert nn.Dataset(Sparse((3, 2)), [0, 1, 0]).x.tolist() == [[1, 0], [0, 1], [0, 0]]
    data = nn.Dataset({"a": [1, 2], "b": [0.5, 4]}, ["no", "yes"])
    assert (data.feature_names, data.class_names) == (("a", "b"), ("no", "yes"))
    assert nn.Dataset({"a": [1, None, 3]}, [1.0, 2.0, 3.0], fill="mean").x.shape == (3, 1)


@pytest.mark.parametrize(
    ("read", "wanted"),
    [
        (
            lambda: nn.Dataset({"a": [1, 2], "sex": ["f", "m"]}, [0, 1]),
            "column 'sex': 'f' is not a number; nnplay.read_table",
        ),
        (lambda: nn.Dataset(Sparse((10**7, 10**6)), [0]), "a sparse matrix .* takes .* where it is filled up"),
        (lambda: nn.read_table(5), "int is not a table with columns; give a frame"),
        (lambda: nn.read_table([1, 2, 3]), "list is not a table with columns"),
        (lambda: nn.read_table([{"a": 1, "y": 2}, 3, {"a": 1}]), "table, row 1: int among mappings"),
        (lambda: nn.read_table([]), "list is not a table with columns"),
        (lambda: nn.read_table({}), "no columns"),
        (lambda: nn.read_table({"a": [1, 2], "y": [1, 2]}, "z"), "unknown column 'z'"),
        (lambda: nn.read_table(np.eye(3), names=("a",)), "1 names for 3 columns"),
        (lambda: nn.read_table({"a": [1, 2], "y": [1, 2]}, kinds={"a": "nubmer"}), "unknown kind 'nubmer'"),
        (lambda: nn.read_table({"a": [1, 2]}), "only one column, 'a'; one column is predicted from the others"),
        (lambda: nn.read_table(row for row in [{"a": 1}]), "generator is not a table with columns; give list"),
        (lambda: nn.Dataset(Broken([1, 2]), [0, 1]), "data, x: cannot be read as an array: no data; give an array"),
        (lambda: nn.read_table({"a": [Decimal("sNaN"), 2], "y": [1, 2]}), "row 0, column 'a': a value is missing"),
        (lambda: nn.read_table({"a": [np.longdouble("1e4000"), 2], "y": [1, 2]}), "is not a finite number"),
    ],
)
def test_a_refusal_is_one_sentence(read: Callable[[], Any], wanted: str) -> None:
    """Of what, where and the way out."""
    with pytest.raises(InputError, match=wanted) as caught:
        read()
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("kind", [Point, Spot])
def test_rows_with_names_of_their_own(kind: type[Point] | type[Spot]) -> None:
    """Named tuples and data classes are records as dicts are."""
    rows = [kind(row % 5, "uv"[row % 2]) for row in range(30)]
    data = nn.read_table(rows, "y")
    assert (data.feature_names, data.class_names, data.x[:3, 0].tolist()) == (("a",), ("u", "v"), [0, 1, 2])


def test_values_that_are_names_or_times_of_day() -> None:
    """Those of uuid are words, times of the day are parts of one, and a column may be called by a number."""
    rows = range(24)
    table = {
        "who": [UUID(int=row % 2) for row in rows],
        "when": [time(row, 30) for row in rows],
        3: [row % 3 for row in rows],
    }
    data = nn.read_table(table, 3, task="regression")
    assert data.feature_names == (f"who={UUID(int=1)}", "when")
    assert data.x[:, 1].tolist() == pytest.approx([(row + 0.5) / 24 for row in rows])
    assert data.target_names == ("3",)
    assert nn.Dataset(Keys({(0, 0): 1.0}), [0, 1]).x.tolist() == [[1, 0], [0, 1]]


def test_times_beyond_the_years_of_python_are_read() -> None:
    """The first year in a zone ahead of Greenwich, and the last one in a zone behind it."""
    ahead = datetime.min.replace(tzinfo=timezone(timedelta(hours=5)))
    behind = datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))
    data = nn.read_table({"a": [ahead, behind], "y": [0.5, 1.5]}, "y")
    assert np.isfinite(data.x).all()


def test_a_long_word_does_not_make_room_for_itself_in_every_row() -> None:
    """Memory grows with the words that there are, not with rows times the longest."""
    words = ["x" * (1 << 20), *(f"w{row % 7}" for row in range(2000))]
    tracemalloc.start()
    nn.read_table({"a": words, "y": np.arange(len(words)) % 2})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 64 << 20


def test_categories_and_the_index_of_pandas() -> None:
    """A column of categories stays one though its words are numbers; an index with names is left out with a note."""
    pandas: Any = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"size": [1, 2, 1, 3] * 5, "n": pandas.array([1, None, 3, 4] * 5, "Int64"), "y": range(20)}
    )
    frame["size"] = frame["size"].astype("category")
    frame.index = [f"row {row}" for row in range(20)]
    data = nn.read_table(frame, missing="mean", task="regression")
    assert data.feature_names == ("size=1", "size=2", "size=3", "n")
    assert any("index of the frame is left out" in note for note in data.notes)
    assert nn.Dataset(frame[["n"]], frame["y"], fill="mean").feature_names == ("n",)


def test_lazy_frames_of_polars_are_to_be_computed_first() -> None:
    """A plan of a table is none yet."""
    polars: Any = pytest.importorskip("polars")
    with pytest.raises(InputError, match=r"give frame.collect\(\)"):
        nn.read_table(polars.LazyFrame({"a": [1]}))


@pytest.mark.torch
def test_tensors_and_sparse_matrices_of_the_libraries() -> None:
    """Those that are installed: gradients are left behind."""
    torch: Any = pytest.importorskip("torch")
    x = torch.arange(6.0).reshape(3, 2).requires_grad_()
    assert nn.Dataset(x, torch.tensor([0, 1, 0])).x.shape == (3, 2)


def test_no_library_is_imported() -> None:
    """Tables of plain Python need nothing else."""
    before = set(sys.modules)
    nn.read_table(COLUMNS, "well", missing="category")
    assert not {"pandas", "polars", "pyarrow", "scipy", "torch"} & (set(sys.modules) - before)
