"""Tables of other libraries as named columns, told by what they can do: none of those libraries is ever imported.

pandas and polars frames, Arrow tables and record batches, mappings of columns, lists of mappings, named tuples or data
classes, structured arrays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.typed_values import Values
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.text import clean

_MANY: Final = 8
"""Bytes of a number of a matrix that is filled up."""


def is_frame(given: Any) -> bool:
    """Whether it is a table with named columns."""
    if isinstance(given, np.ndarray):
        return given.dtype.names is not None
    if isinstance(given, Mapping):
        return not _is_sparse(given)
    if isinstance(given, (list, tuple)):
        return bool(given) and _is_record(given[0])
    return _is_arrow(given) or _is_pandas(given) or _is_polars(given)


def _is_record(row: Any) -> bool:
    """Whether a row has names for what is in it: a mapping, a named tuple, a data class."""
    return isinstance(row, Mapping) or _can(row, "_asdict") or (is_dataclass(row) and not isinstance(row, type))


def _is_sparse(given: Any) -> bool:
    return _can(given, "toarray") and hasattr(given, "nnz")


def _is_arrow(given: Any) -> bool:
    return _can(given, "schema", "num_rows", "column")


def _is_pandas(given: Any) -> bool:
    return _can(given, "columns", "dtypes", "iloc")


def _is_polars(given: Any) -> bool:
    return _can(given, "get_columns", "schema")


def is_lazy(given: Any) -> bool:
    """Whether it is the plan of a frame, as polars makes them."""
    return _can(given, "collect", "lazy")


def _can(given: Any, *names: str) -> bool:
    """Whether its type has all that; asked of the value itself, some properties would be computed."""
    return all(hasattr(type(given), name) for name in names)


def read_frame(given: Any, where: str) -> tuple[NamedColumns, dict[str, str]]:
    """The columns of a table, and the kinds of those whose type says one: categories of pandas, polars and Arrow.

    Raises:
        InputError: it is none, or a list of mappings some of which are none.
    """
    if is_lazy(given):
        raise InputError("is not computed yet", where=where, hint="give frame.collect()")
    if isinstance(given, np.ndarray) and given.dtype.names is not None:
        return _named({name: given[name] for name in given.dtype.names}), {}
    if isinstance(given, Mapping):
        return _named({str(name): _as_values(values) for name, values in given.items()}), {}
    if isinstance(given, (list, tuple)) and is_frame(given):
        return _named(_from_records(given, where)), {}
    if _is_arrow(given):
        names = [str(name) for name in given.schema.names]
        columns = [given.column(place) for place in range(len(names))]
        kinds = {name: "category" for name, one in zip(names, columns, strict=True) if "dictionary" in str(one.type)}
        return NamedColumns(tuple(names), [_from_arrow(one) for one in columns], range(given.num_rows)), kinds
    if _is_pandas(given):
        return _from_pandas(given)
    if _is_polars(given):
        found = {str(one.name): one for one in given.get_columns()}
        kinds = {name: "category" for name, one in found.items() if str(one.dtype) in ("Categorical", "Enum")}
        return _named({name: _from_polars(one) for name, one in found.items()}), kinds
    hint = "give a frame, a table, a list of dicts, or a dict of columns"
    raise InputError(f"{type(given).__name__} is not a table with named columns", where=where, hint=hint)


def _named(columns: Mapping[str, Values]) -> NamedColumns:
    rows = len(next(iter(columns.values()))) if columns else 0
    return NamedColumns(tuple(columns), list(columns.values()), range(rows))


def _as_values(values: Any) -> Values:
    made = plain_array(values, "table")
    if isinstance(made, np.ndarray):
        return made
    return list(made) if hasattr(made, "__iter__") and hasattr(made, "__len__") else [made]


def _from_records(given: Sequence[Any], where: str) -> dict[str, Values]:
    """A column for each key, in the order in which they first come; a row without a key says nothing there."""
    names: dict[Any, None] = {}
    rows: list[Mapping[Any, Any]] = []
    for place, row in enumerate(given):
        if not _is_record(row):
            raise InputError(f"{type(row).__name__} among mappings", where=f"{where}, row {place}")
        rows.append(_as_mapping(row))
        names.update(dict.fromkeys(rows[-1]))
    return {str(name): [row.get(name) for row in rows] for name in names}


def _as_mapping(row: Any) -> Mapping[Any, Any]:
    if isinstance(row, Mapping):
        return row
    if hasattr(row, "_asdict"):
        named: dict[str, Any] = row._asdict()
        return named
    return {field.name: getattr(row, field.name) for field in fields(row)}


def _from_polars(series: Any) -> Values:
    """As an array; as Python's values what no array holds, such as whole numbers of 128 bits."""
    try:
        return np.asarray(series.to_numpy())
    except Exception:  # of polars' own, which is not imported here
        values: list[Any] = series.to_list()
        return values


def _from_arrow(column: Any) -> Values:
    """Numbers without a detour through Python; all else as Python's values."""
    plain = str(column.type).startswith(("int", "uint", "float", "double"))
    if plain and not column.null_count:
        return np.asarray(column)
    values: list[Any] = column.to_pylist()
    return values


def _from_pandas(frame: Any) -> tuple[NamedColumns, dict[str, str]]:
    """The columns by their places, as names may come twice; levels of names are joined."""
    names = tuple("_".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns)
    columns = [frame.iloc[:, place] for place in range(len(names))]
    types = [str(one.dtype) for one in columns]
    kinds = {name: "category" for name, kind in zip(names, types, strict=True) if kind == "category"}
    index = type(frame.index).__name__
    left = () if index == "RangeIndex" else ("the index of the frame is left out (reset_index() makes it a column)",)
    values = [_from_series(one, kind) for one, kind in zip(columns, types, strict=True)]
    return NamedColumns(names, values, range(len(frame)), notes=left), kinds


def _from_series(series: Any, kind: str) -> Values:
    if kind.startswith("datetime64"):
        return np.asarray(series.to_numpy(dtype="datetime64[ns]"))  # of times with a zone, those of Greenwich
    made = series.to_numpy() if isinstance(series.dtype, np.dtype) else series.to_numpy(dtype=object)
    return np.asarray(made)


def plain_array(values: Any, where: str) -> Any:
    """What another library holds a matrix or a column in, as an array; anything else as it is.

    Tensors leave their device and their gradient behind, sparse matrices are filled up.

    Raises:
        InputError: a sparse matrix that would not fit into memory, or what holds no numbers yet.
    """
    if is_lazy(values):
        raise InputError("is not computed yet", where=where, hint="give frame.collect()")
    if isinstance(values, (np.ndarray, list, tuple, str, Mapping)) and not _is_sparse(values):
        return values
    if all(hasattr(values, name) for name in ("detach", "cpu", "numpy")):
        return _from_tensor(values, where)
    if _is_sparse(values):
        size = _MANY * math.prod(values.shape)
        if 2 * size > memory_budget():
            what = f"a sparse matrix {values.shape} takes {size_text(size)} where it is filled up"
            raise InputError(what, where=where, hint="give fewer columns, as of sklearn.decomposition.TruncatedSVD")
        return values.toarray()
    if hasattr(values, "to_numpy") and hasattr(values, "dtype") and not hasattr(values, "columns"):
        return _from_series(values, str(values.dtype)) if hasattr(values, "iloc") else values.to_numpy()
    return values


def _from_tensor(tensor: Any, where: str) -> NDArray[Any]:
    """A tensor of any layout as an array; numbers of 8 and 16 bits that NumPy does not have become 32."""
    try:
        tensor = tensor.detach().cpu()
        if "sparse" in str(getattr(tensor, "layout", "")):
            tensor = tensor.to_dense()
        if getattr(tensor, "is_quantized", False):
            tensor = tensor.dequantize()
        if hasattr(tensor, "resolve_neg"):
            tensor = tensor.resolve_conj().resolve_neg()
        short = any(name in str(getattr(tensor, "dtype", "")) for name in ("bfloat16", "float8"))
        return np.asarray(tensor.float().numpy() if short else tensor.numpy())
    except Exception as error:  # whatever the code of another library raises
        hint = "give an array, or a list of rows"
        raise InputError(f"cannot be read as an array: {clean(str(error), 100)}", where=where, hint=hint) from error


def number_matrix(frame: Any, letter: str, where: str) -> NDArray[Any]:
    """A frame of numbers as an array (rows, columns); one of a single column, of whatever it holds, as (rows,).

    Raises:
        InputError: a column holds something else than numbers; it is named.
    """
    columns, _ = read_frame(frame, f"{where}, {letter}")
    columns = columns.checked(f"{where}, {letter}")
    if len(columns.names) == 1 and letter == "y":
        return np.asarray(columns.columns[0])
    return np.stack(
        [
            _numbers(values, f"{where}, {letter}, column '{name}'")
            for name, values in zip(columns.names, columns.columns, strict=True)
        ],
        axis=1,
    )


def _numbers(values: Values, place: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        return array
    try:
        return np.array([np.nan if _is_nothing(value) else float(value) for value in array.tolist()])
    except (TypeError, ValueError):
        example = next(value for value in array.tolist() if not isinstance(value, (int, float)))
        what = f"'{clean(example, limit=40)}' is not a number"
        raise InputError(what, where=place, hint="nnplay.read_table makes numbers of words and dates") from None


def _is_nothing(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def frame_names(frame: Any, where: str) -> tuple[str, ...]:
    """The names of a frame's columns, which differ."""
    columns, _ = read_frame(frame, where)
    return columns.checked(where).names
