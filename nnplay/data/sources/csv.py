"""CSV files: any delimited text with a row for each example, one column of which is learned from the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from nnplay.data.csv.csv_file import read_csv
from nnplay.data.dataset import Dataset
from nnplay.data.record import SourceRecord
from nnplay.errors import InputError
from nnplay.fields import choice, flag, text
from nnplay.text import written

#: The choices of `nnplay.read_csv`.
FIELDS: Final = (
    text(
        "target",
        "",
        "column to be learned, or several as a,b; else one called target, label, class or y, else the last one",
    ),
    text("delimiter", "auto", "one character, tab, or auto"),
    choice("decimal", "auto", "decimal mark", ("auto", ".", ",")),
    choice("missing", "refuse", "what to do about empty cells", ("refuse", "drop", "mean", "category")),
    choice("encode", "one_hot", "text columns as 0/1 inputs or as codes", ("one_hot", "ordinal")),
    flag("skip_bad_rows", False, "leave out rows that cannot be read, and say so"),
    text("encoding", "auto", "text encoding, or auto"),
    choice("header", "auto", "whether row 1 holds names", ("auto", "yes", "no")),
    choice("task", "auto", "whether the target is a class or a quantity", ("auto", "classification", "regression")),
    text("member", "", "which table of a zip archive, where it holds several"),
    text("kinds", "", "some columns' kinds: age=number, zip=category, id=skip"),
)
_KIND: Final = re.compile(r"\s*(?P<column>[^=]+?|[^,]+?)=(?P<kind>number|category|skip)\s*(?:,|$)", re.DOTALL)
_ANY_KIND: Final = re.compile(r"\s*(?P<column>[^,]*)=(?P<kind>[^,=]*)(?:,|$)")


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """The table in a file; an empty value is as good as none."""
    given = {name: value for name, value in values.items() if not (isinstance(value, str) and not value)}
    return read_csv(path, **given)


def read_kinds(given: Any) -> dict[str, str]:
    """The kinds of some columns by name, from a table or from text such as `age=number, id=skip`.

    A name may hold commas, as in `price, net=skip`, as it ends at the last `=` before a kind that there is.

    Raises:
        InputError: a part of the text is not of that form.
    """
    if isinstance(given, Mapping):
        return {written(column): written(kind) for column, kind in given.items()}
    text_given = written(given)
    kinds: dict[str, str] = {}
    place = 0
    while place < len(text_given):
        match = _KIND.match(text_given, place) or _ANY_KIND.match(text_given, place)
        if match is None:
            part = text_given[place:].strip()
            raise InputError(f"'{part}' is not of the form column=kind", hint="as in age=number, id=skip")
        kinds[match["column"]] = match["kind"]
        place = match.end()
    return kinds


CSV = SourceRecord(
    name="csv",
    title="a CSV file",
    about="Delimited text in columns of numbers, words and dates; one or several are learned from the others.",
    endings=(".csv", ".tsv", ".txt", ".gz", ".zip"),
    fields=FIELDS,
    read=read,
    takes_any=True,
    tables={"kinds": read_kinds},
)
