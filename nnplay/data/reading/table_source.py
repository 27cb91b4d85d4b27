"""Sources that are tables: what all of them let the user say, and the one way from their columns to a data set."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from functools import partial
from typing import Any, Final

from nnplay.arguments import words
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.columns.table import columns_dataset
from nnplay.data.csv.options import CsvOptions
from nnplay.data.dataset import Dataset
from nnplay.data.reading.addresses import is_pattern, place_of, table_name
from nnplay.data.record import SourceRecord
from nnplay.errors import InputError
from nnplay.fields import Field, choice, flag, text
from nnplay.text import clean, written

#: What can be said of every table.
TABLE_FIELDS: Final = (
    text(
        "target",
        "",
        "column to predict, or several as a,b; by default one called target, label, class or y, else the last",
    ),
    choice("missing", "refuse", "how to handle missing values", ("refuse", "drop", "mean", "category")),
    choice("decimal", "auto", "decimal mark of numbers in text", ("auto", ".", ",")),
    choice("encode", "one_hot", "text columns as 0/1 inputs or as codes", ("one_hot", "ordinal")),
    flag("skip_bad_rows", False, "skip rows that cannot be read, and report them"),
    choice("task", "auto", "whether the target is a class or a number", ("auto", "classification", "regression")),
    text("kinds", "", "override column kinds: age=number, zip=category, id=skip, count=weight"),
)
#: What can be said of text.
ENCODING: Final = text("encoding", "auto", "text encoding, or auto")
HEADER: Final = choice("header", "auto", "whether row 1 is a header", ("auto", "yes", "no"))
_KIND: Final = re.compile(r"\s*(?P<column>[^=]+?|[^,]+?)=(?P<kind>number|category|skip|weight)\s*(?:,|$)", re.DOTALL)
_ANY_KIND: Final = re.compile(r"\s*(?P<column>[^,]*)=(?P<kind>[^,=]*)(?:,|$)")
_OPTIONS: Final = frozenset(option.name for option in fields_of(CsvOptions))

#: Fields that say how columns become numbers, once they are read.
_ENCODING: Final = frozenset({"target", "missing", "encode", "task", "kinds"})

Columns = Callable[[str, Mapping[str, Any]], NamedColumns]


def table_source(
    name: str,
    *,
    title: str,
    about: str,
    columns: Columns,
    endings: tuple[str, ...] = (),
    fields: tuple[Field, ...] = (),
    **more: Any,
) -> SourceRecord:
    """The record of a source that is a table.

    Args:
        columns: `(path, values) -> named columns`.
        fields: what can be said of such a source besides what can be said of every table.
        more: other attributes of the record.
    """
    return SourceRecord(
        name=name,
        title=title,
        about=about,
        endings=endings,
        fields=(TABLE_FIELDS[0], *fields, *TABLE_FIELDS[1:]),  # the target, then what only such files have
        read=partial(_read, columns, delimited=any(field.name == "delimiter" for field in fields)),
        columns=columns,
        tables={"kinds": read_kinds},
        **more,
    )


def _read(columns: Columns, path: str, values: Mapping[str, Any], *, delimited: bool) -> Dataset:
    """The table; an empty value is as good as none."""
    options, where = table_options(path, values), place_of(path)
    table = columns(path, values)
    if len(table.names) == 1 and not delimited:
        what = f"only one column, '{clean(table.names[0])}'"
        raise InputError(what, where=where, hint="a table needs a target and at least one other column")
    if options.decimal != "auto":
        table = replace(table, decimal=options.decimal)
    return columns_dataset(table, options, name=table_name(path), where=where)


def encode_again(data: Dataset, path: str, before: Mapping[str, Any], values: Mapping[str, Any]) -> Dataset | None:
    """The data set with its columns encoded as `values` say; None where its table has to be read again for that.

    Columns of which the same is made as before are taken from the data set.
    Several files are always read again, as messages name the one in which a row is.

    Args:
        before: of the fields of the source, with which `data` were read.
    """
    if data.table is None or is_pattern(path) or _reading(before) != _reading(values):
        return None
    if not set(skipped_columns(before)) <= set(skipped_columns(values)):
        return None
    options, where = table_options(path, values), place_of(path)
    return columns_dataset(data.table.columns, options, name=data.name, where=where, before=data)


def _reading(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that say how a table is read, not how its columns become numbers."""
    return {name: value for name, value in values.items() if name not in _ENCODING}


def table_options(path: str, values: Mapping[str, Any]) -> CsvOptions:
    """How columns become numbers.

    Raises:
        InputError: an option has no such choice.
    """
    given = {name: value for name, value in values.items() if name in _OPTIONS and not _is_blank(value)}
    if "target" in given and not isinstance(given["target"], str):
        given["target"] = ",".join(words(given["target"], f"{place_of(path)}, target"))
    if not isinstance(given.get("kinds", {}), Mapping):
        given["kinds"] = read_kinds(given["kinds"])
    return CsvOptions(**given).validate(place_of(path))


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value


def skipped_columns(values: Mapping[str, Any]) -> list[str]:
    """The columns that are not even to be read."""
    return [column for column, kind in read_kinds(values.get("kinds") or "").items() if kind == "skip"]


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
            raise InputError(f"'{part}' is not of the form column=kind", hint="write it as in age=number, id=skip")
        kinds[match["column"]] = match["kind"]
        place = match.end()
    return kinds
