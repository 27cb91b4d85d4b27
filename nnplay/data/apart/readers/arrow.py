"""Arrow files, Arrow streams and Feather files, read by pyarrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import numpy as np

from nnplay.data.apart.wire import send, send_column
from nnplay.data.columns.named_columns import MAX_COLUMNS
from nnplay.data.reading.gathering import GatheredColumn, Unreadable, gather, join, nothing, text_column
from nnplay.errors import InputError

_NO_ROWS: Final = "no data rows"


def read_rows(order: Mapping[str, Any], out: BinaryIO) -> None:
    """Sends the columns of `path`, without those that `skip` names."""
    import pyarrow

    try:
        with pyarrow.OSFile(str(order["path"])) as file:
            _send_table(_table(file), order, out)
    except pyarrow.ArrowMemoryError:
        raise MemoryError from None
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"is damaged, or not an Arrow file: {str(error).splitlines()[0][:200]}") from None


def _table(file: Any) -> Any:
    from pyarrow import feather, ipc

    head = file.read(6)
    file.seek(0)
    if head.startswith(b"FEA1"):
        return feather.read_table(file, memory_map=False)
    return (ipc.open_file(file) if head == b"ARROW1" else ipc.open_stream(file)).read_all()


def _send_table(table: Any, order: Mapping[str, Any], out: BinaryIO) -> None:
    names = [str(name) for name in table.column_names]
    if len(names) > MAX_COLUMNS:
        raise InputError(f"{len(names):,} columns; at most {MAX_COLUMNS:,} are supported")
    if not table.num_rows:
        raise InputError(_NO_ROWS)
    table.validate(full=True)  # what a file says of its own lengths and places need not be true
    for place, name in enumerate(names):
        if name in order["skip"]:
            column = nothing(table.num_rows)
        else:
            column = join(
                [_part(name, chunk, str(order["hint"])) for chunk in table.column(place).chunks if len(chunk)]
            )
        send_column(out, name, column)
        send(out, {"say": [place + 1, len(names), "columns"]})
    send(out, {"end": table.num_rows})


def _part(name: str, chunk: Any, hint: str) -> GatheredColumn:
    """A part of a column, of whatever type Arrow has for it."""
    import pyarrow
    from pyarrow import types

    kind = chunk.type
    if types.is_dictionary(kind):
        return gather(name, chunk.to_pylist())
    rows, missing = len(chunk), None
    if chunk.null_count:
        missing = np.asarray(chunk.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
    if types.is_boolean(kind):
        return GatheredColumn("truth", rows, _filled(chunk, False), missing)
    if types.is_signed_integer(kind) or (types.is_unsigned_integer(kind) and kind.bit_width < 64):
        return GatheredColumn("whole", rows, _filled(chunk.cast(pyarrow.int64()), 0), missing)
    if types.is_floating(kind) or types.is_decimal(kind) or types.is_unsigned_integer(kind):
        return GatheredColumn("number", rows, _filled(chunk.cast(pyarrow.float64(), safe=False), 0.0), missing)
    if types.is_duration(kind):
        lengths = _microseconds(name, chunk, pyarrow.duration("us"), hint)
        return GatheredColumn("number", rows, _filled(lengths, 0) / 86_400_000_000, missing)
    if types.is_timestamp(kind) or types.is_date(kind):
        moments = _microseconds(name, chunk, pyarrow.timestamp("us", getattr(kind, "tz", None)), hint)
        return GatheredColumn("time", rows, _filled(moments, 0).astype("M8[us]"), missing)
    if types.is_null(kind):
        return nothing(rows)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) or types.is_time(kind):
        return text_column([None if cell is None else str(cell) for cell in chunk.to_pylist()])
    held = "bytes" if "binary" in str(kind) else "lists or records"
    raise Unreadable(name, f"holds {held} ({str(kind)[:40]}), and a cell is one number or word", hint)


def _microseconds(name: str, chunk: Any, kind: Any, hint: str) -> Any:
    """Times as whole numbers; those of longer units may be too many of them, of shorter ones lose their rest."""
    import pyarrow

    shorter = getattr(chunk.type, "unit", "") == "ns"
    try:
        return chunk.cast(kind, safe=not shorter).cast(pyarrow.int64())
    except pyarrow.ArrowInvalid:
        raise Unreadable(name, "holds times beyond the year 294,246", hint) from None


def _filled(chunk: Any, value: Any) -> Any:
    return (chunk.fill_null(value) if chunk.null_count else chunk).to_numpy(zero_copy_only=False)
