"""The rows that a query returns, taken block by block: no more than there may be, and each column of one kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Final

from nnplay.data.apart.wire import send, send_column
from nnplay.data.reading.gathering import Gatherer, Unreadable
from nnplay.errors import InputError

#: What to do about a column of which some value is neither number nor word.
LEAVE_OUT: Final = "leave it out of the query, or make a number or word of it"


def send_query_rows(
    names: Sequence[str],
    blocks: Iterable[Sequence[Sequence[Any]]],
    order: Mapping[str, Any],
    out: BinaryIO,
    *,
    notes: Sequence[str] = (),
) -> None:
    """Sends the columns of all blocks of rows.

    Args:
        order: with `max_rows`, and `too_many`, what to do about more.
        notes: what there is to say about the query.

    Raises:
        InputError: too many rows, or none.
        Unreadable: a value is neither number nor word.
    """
    most, gathered = int(order["max_rows"]), Gatherer()
    if not names:
        raise InputError("the query returns no columns")
    for rows in blocks:
        if gathered.rows + len(rows) > most:
            raise InputError(f"returns more than {most:,} rows", hint=str(order["too_many"]))
        try:
            gathered.take_rows(names, rows)
        except Unreadable as error:
            raise Unreadable(error.column, error.what, LEAVE_OUT) from None
        send(out, {"say": [gathered.rows, 0, "rows"]})
    if not gathered.rows:
        raise InputError("the query returns no rows")
    for name, column in zip(names, gathered.columns(), strict=True):
        send_column(out, name, column)
    send(out, {"end": gathered.rows, "notes": list(notes)})
