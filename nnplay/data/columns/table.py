"""Named columns as a data set: types found, rows kept or left out, columns encoded.

Whatever a table is read from, a text file, a database or a frame of another library, comes through here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.column_types import TypedColumn
from nnplay.data.cells.typed_values import type_values
from nnplay.data.columns.columns import Column
from nnplay.data.columns.encode import encode_column
from nnplay.data.columns.encoded import Encoded, join_inputs
from nnplay.data.columns.encoded_ahead import EncodedAhead
from nnplay.data.columns.encoded_before import EncodedBefore
from nnplay.data.columns.feature_kinds import WORDS, as_feature
from nnplay.data.columns.leaks import leak_notes
from nnplay.data.columns.left_out import describe_nothing_left, holds_texts, left_out_notes
from nnplay.data.columns.missing import (
    describe_marks,
    find_rows_with_targets,
    find_rows_with_values,
    find_rows_without_stray_text,
)
from nnplay.data.columns.named_columns import MAX_COLUMNS, NamedColumns, Skipped
from nnplay.data.columns.raw_table import RawTable
from nnplay.data.columns.target import Target, find_targets, read_targets
from nnplay.data.csv.advice import advice
from nnplay.data.csv.options import CsvOptions
from nnplay.data.dataset import Dataset
from nnplay.data.progress import report
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.text import counted

MANY_COLUMNS: Final = 512
"""A table of more columns is wide."""
CHOSEN = "by choice"
"""Why a column is left out that was to be."""


@dataclass(frozen=True, slots=True)
class _Table:
    """Typed columns, the line of the file on which each row begins, and which of the rows are kept, if not all."""

    features: tuple[TypedColumn, ...]
    targets: tuple[TypedColumn, ...]
    weights: tuple[TypedColumn, ...]
    lines: NDArray[np.int64]
    rows: NDArray[np.int64] | None = None

    def select(self, keep: NDArray[np.bool_]) -> _Table:
        if keep.all():
            return self
        features = tuple(column.select(keep) for column in self.features)
        targets = tuple(column.select(keep) for column in self.targets)
        weights = tuple(column.select(keep) for column in self.weights)
        rows = np.flatnonzero(keep) if self.rows is None else self.rows[keep]
        return _Table(features, targets, weights, self.lines[keep], rows)


def columns_dataset(
    columns: NamedColumns, options: CsvOptions, *, name: str, where: str, before: Dataset | None = None
) -> Dataset:
    """The data set that `read_csv` describes, of columns from anywhere.

    Args:
        options: which column is learned, and how the others become numbers; those about text files say nothing here.
        name: what the set is called.
        where: what messages call the source, such as the file's name.
        before: what was made of the same columns by other options; what does not change is taken from it.

    Raises:
        InputError: a column or value cannot be used as it is.
    """
    text = columns.checked(where)
    skipped = replace(text.skipped, reasons=[*text.skipped.reasons])
    made = before.table.made if before is not None and before.table is not None else None
    ahead = EncodedAhead()
    table, target_notes = _type_columns(text, options, where, made, ahead)
    typed = {column.name: column for column in table.features if column.let_go or column.kind != "number"}
    table, selection_notes = _select_rows(table, options, skipped, where)
    target = read_targets(table.targets, table.lines, options.task, where)
    ahead = ahead if table.rows is None else EncodedAhead()
    rounded = ahead.first_inputs()
    leaks = [note for column in table.targets for note in leak_notes(table.features, column, ahead.keys, rounded)]
    del rounded

    def taken(column: str) -> Encoded | None:
        again = made.take_encoded(column, options, table.rows, before.x) if made and before is not None else None
        return again or ahead.take(column)

    features, rows = [*table.features], table.rows
    table = replace(table, features=())  # no column is held beside what is made of it
    encoded = _encode(features, table.lines, options, where, taken)
    notes = (
        *text.notes,
        *target_notes,
        *skipped.notes,
        *selection_notes,
        *target.notes,
        *left_out_notes(encoded),
        *(note for item in encoded for note in item.notes),
        *leaks,
    )
    described = _describe(text, table, encoded, options)
    kept = {item.column.name: replace(item, parts=(), codes=None, passing=()) for item in encoded}
    raw = RawTable(text, rows, EncodedBefore(options, typed, kept, rows))
    wanted, weights = [column.name for column in table.targets], _read_weights(table, where)
    return _make_dataset(encoded, target, described, notes, name=name, target_names=wanted, table=raw, weights=weights)


def _select_rows(table: _Table, options: CsvOptions, skipped: Skipped, where: str) -> tuple[_Table, tuple[str, ...]]:
    """The rows that can be learned from, and what is said of the others; those that are broken join `skipped`."""
    every = (*table.features, *table.targets, *table.weights)
    table = table.select(find_rows_without_stray_text(every, table.lines, skipped, options.skip_bad_rows, where))
    keep, unanswered = find_rows_with_targets(table.targets, where)
    table = table.select(keep)
    lacking = [(column.name, describe_marks(column)) for column in table.features if column.unknown.any()]
    keep = find_rows_with_values(table.features, table.lines, options.missing, where)
    return table.select(keep), (*unanswered, *_missing_notes(lacking, options.missing, int((~keep).sum())))


def _describe(text: NamedColumns, table: _Table, encoded: Sequence[Encoded], options: CsvOptions) -> list[Column]:
    """All columns, in the order of the table."""
    wanted = [column.name for column in table.targets]
    described = [item.column for item in encoded]
    described += [Column(column.name, "target", note=column.note) for column in table.targets]
    described += [Column(column.name, "weight", note=column.note) for column in table.weights]
    described += [
        Column(column, "left_out", note=CHOSEN)
        for column in text.names
        if options.kinds.get(column) == "skip" and column not in wanted
    ]
    place = {column: index for index, column in enumerate(text.names)}
    return sorted(described, key=lambda column: place[column.name])


def _type_columns(
    text: NamedColumns, options: CsvOptions, where: str, made: EncodedBefore | None, ahead: EncodedAhead
) -> tuple[_Table, tuple[str, ...]]:
    if len(text.names) == 1:
        what, hint = f"only one column, '{text.names[0]}'", "one column is predicted from the others"
        if text.delimited:
            what, hint = f"{what}: is the delimiter right?", f"use {advice('delimiter', ';')} or similar: {hint}"
        raise InputError(what, where=where, hint=hint)
    options.check_columns(text.names, where)
    wanted, notes = find_targets(text.names, options.target, where)
    lines = np.asarray(text.lines, dtype=np.int64)
    features: list[TypedColumn] = []
    targets: list[TypedColumn] = []
    weights: list[TypedColumn] = []
    for index, name in enumerate(text.names):
        report(index, 2 * len(text.names), "columns")
        kind = options.kinds.get(name, "auto")
        if name in wanted:
            targets.append(type_values(name, text.columns[index], text.decimal, kind, where))
        elif kind == "weight":
            weights.append(type_values(name, text.columns[index], text.decimal, "number", where))
        elif kind != "skip":
            known = made.take_typed(name, options) if made else None
            column = known or _type_feature(text, index, kind, where)
            features.append(light := column.without_values(text.decimal))
            if light.let_go and not column.let_go:
                ahead.add(column, lines, options, where, wide=len(text.names) > MANY_COLUMNS)
    if empty := [column.name for column in targets if column.kind == "empty"]:
        hint = f"use {advice('target', '…')} to name the column to predict"
        raise InputError("the target column is empty", where=f"{where}, column '{empty[0]}'", hint=hint)
    targets.sort(key=lambda column: wanted.index(column.name))
    return _Table(tuple(features), tuple(targets), tuple(weights), lines), notes


def _type_feature(text: NamedColumns, index: int, kind: str, where: str) -> TypedColumn:
    name = text.names[index]
    column = type_values(name, text.columns[index], text.decimal, kind, where)
    return as_feature(column, unnamed=name in text.unnamed) if kind == "auto" else column


def _read_weights(table: _Table, where: str) -> NDArray[np.float64] | None:
    """What each row counts, where a column says so.

    Raises:
        InputError: several columns, or a cell without a weight.
    """
    if not table.weights:
        return None
    if len(table.weights) > 1:
        names = ", ".join(column.name for column in table.weights)
        raise InputError(f"{names} cannot all be weights", where=where, hint="give one column the kind weight")
    column = table.weights[0]
    wrong = column.unknown | ~np.isfinite(column.values) if column.kind == "number" else np.ones(1, np.bool_)
    if wrong.any():
        line = int(table.lines[int(wrong.argmax())])
        what, hint = "a row has no weight", "give each row a number from 0, or the column another kind"
        raise InputError(what, where=f"{where}, row {line}, column '{column.name}'", hint=hint)
    return column.values


def _encode(
    features: list[TypedColumn],
    lines: NDArray[np.int64],
    options: CsvOptions,
    where: str,
    taken: Callable[[str], Encoded | None],
) -> list[Encoded]:
    """What is made of each column; the list is empty afterwards.

    Args:
        taken: gives what was made of a column before, where the same is to be made of it.
    """
    encoded: list[Encoded] = []
    width, rows, budget, texts, count = 0, len(lines), memory_budget(), False, len(features)
    features.reverse()
    while features:
        report(count + len(encoded), 2 * count, "columns")
        column = features.pop()
        item = taken(column.name) or encode_column(
            column.with_values(),
            lines,
            encode=options.encode,
            indicate_missing=options.missing == "category",
            parts=column.name not in options.kinds,
            where=where,
        )
        encoded.append(item)
        width += item.width
        texts = texts or (item.left_out == WORDS and holds_texts(column))
        if width > MAX_COLUMNS or 8 * width * rows > budget:
            what = f"{rows:,} rows of {width:,} inputs or more ({size_text(4.0 * width * rows)}) are too many"
            hint = f"at most {MAX_COLUMNS:,} inputs and {size_text(budget / 2)}"
            hint += f"; try {advice('encode', 'ordinal')} or fewer columns"
            raise InputError(what, where=f"{where}, column '{column.name}'", hint=hint)
    if width == 0:
        raise describe_nothing_left(encoded, where, texts=texts)
    return encoded


def _missing_notes(lacking: Sequence[tuple[str, str]], choice: str, dropped: int) -> tuple[str, ...]:
    if not lacking:
        return ()
    shown = ", ".join(f"{name} {marks}" for name, marks in lacking[:10])
    shown += ", …" if len(lacking) > 10 else ""
    done = {
        "drop": f"{counted(dropped, 'row')} left out",
        "mean": "numbers replaced by the training rows' mean, words by a category of their own",
        "category": "marked by an input or category of their own, numbers replaced by the training rows' mean",
    }[choice]
    return (f"missing values ({shown}): {done}",)


def _make_dataset(
    encoded: list[Encoded],
    target: Target,
    columns: Sequence[Column],
    notes: tuple[str, ...],
    *,
    name: str,
    target_names: Sequence[str],
    table: RawTable,
    weights: NDArray[np.float64] | None,
) -> Dataset:
    gaps = any(item.column.kind == "number" and item.column.missing for item in encoded)
    names = [label for item in encoded for label in item.column.inputs]
    x = join_inputs(encoded, len(target.y))
    regression = target.task == "regression"
    return Dataset(
        x,
        target.y,
        name=name,
        feature_names=names,
        class_names=target.class_names or None,
        target_names=target_names if regression else None,
        task=target.task,
        default_scale="standard",
        default_scale_target="standard" if regression else "none",
        columns=columns,
        table=table,
        fill="mean" if gaps else "none",
        weights=weights,
        notes=notes,
    )
