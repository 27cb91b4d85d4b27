"""Feature columns as network inputs: numbers as they are, categories one-hot or as codes, with notes on each."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.cells import number_hint, parse_number
from nnplay.data.cells.column_types import TypedColumn
from nnplay.data.columns.calendar_parts import calendar_parts
from nnplay.data.columns.columns import Column, ColumnKind
from nnplay.data.columns.encoded import Encoded
from nnplay.data.columns.heavy_tails import LOGARITHM, logarithm
from nnplay.data.columns.passing_numbers import PassingNumbers, round_numbers
from nnplay.data.csv.advice import advice
from nnplay.data.precision import find_type
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget
from nnplay.text import clean

MAX_CATEGORIES = 10_000
MAX_ONE_HOT = 1000
KEPT_CATEGORIES = 100
MISSING_WORD = "(missing)"
OTHER_WORD = "(other)"
_LARGEST = float(np.finfo(np.float32).max)
_EXACT = 1 << 24


def encode_column(
    column: TypedColumn,
    lines: NDArray[np.int64],
    *,
    encode: str,
    indicate_missing: bool,
    parts: bool = False,
    where: str,
) -> Encoded:
    """The inputs made of one feature column; a missing number becomes NaN, a missing word a category of its own.

    Args:
        encode: one_hot or ordinal, for categories.
        indicate_missing: give a number column with missing values a second input that is 1 where they are.
        parts: give dates inputs for the time of year, week and day, and numbers with a long tail one for their
            logarithm, where these may say something.

    Raises:
        InputError: a number too large for 32 bits, or too many categories.
    """
    if column.kind == "empty":
        return _leave_out(column, "empty")
    if column.kind == "identifier":
        return replace(_leave_out(column, column.note), notes=_hint_notes(column))
    if column.kind == "number":
        return _encode_number(column, lines, indicate_missing, parts, where)
    return _encode_category(column, encode, where)


def _leave_out(column: TypedColumn, why: str) -> Encoded:
    described = Column(column.name, "left_out", missing=int(column.missing.sum()), note=why)
    return Encoded(described, left_out=why)


def _encode_number(
    column: TypedColumn, lines: NDArray[np.int64], indicate_missing: bool, parts: bool, where: str
) -> Encoded:
    refuse_overflow(column, lines, where)
    count = int(np.count_nonzero(column.unknown))
    low, high = column.bounds
    constant = len(lines) > 1 and not low < high
    if constant and not (indicate_missing and count):
        return _leave_out(column, "constant")
    names, inputs = [column.name], [column.values]
    kept = find_type(np.array([max(-low, high)]), np.array([high - low]))
    circles = calendar_parts(column.values) if parts and column.dates else []
    for name, values in (one for circle in circles for one in circle.inputs(column.name)):
        names.append(name)
        inputs.append(values)
    logarithms = logarithm(column.values, low) if parts and not column.dates and not constant else None
    if logarithms is not None:
        names.append(f"{column.name}: {LOGARITHM}")
        inputs.append(logarithms)
    if indicate_missing and count:
        names.append(f"{column.name} missing")
        inputs.append(column.unknown.astype(np.float64))
    if constant:
        names, inputs = names[-1:], inputs[-1:]
    kind: ColumnKind = "indicator" if constant else "number"
    described = Column(column.name, kind, tuple(names), missing=count, note=column.note)
    notes = (f"column {column.name}: {column.note}",) if column.note else large_integer_notes(column)
    if circles:
        shown = " and ".join(circle.name for circle in circles)
        without = advice("kinds", {column.name: "number"})
        notes = (f"{notes[0]}, and its {shown} as sine and cosine ({without} for the days alone)",)
    if logarithms is not None:
        alone = advice("kinds", {column.name: "number"})
        what = f"column {column.name}: a few numbers are far larger than the others, so its logarithm is an input too"
        notes = (*notes, f"{what} ({alone} for the numbers alone)")
    made = [round_numbers(values, kept) for values in inputs]
    passing = tuple(part for part in made if isinstance(part, PassingNumbers))
    held = tuple(part.numbers if isinstance(part, PassingNumbers) else part for part in made)
    return Encoded(described, held, notes=notes, passing=passing)


def refuse_overflow(column: TypedColumn, lines: NDArray[np.int64], where: str) -> None:
    """Refuse numbers that a 32-bit number cannot hold; the first one is named."""
    low, high = column.bounds
    if max(-low, high) > _LARGEST:
        row = int((np.abs(column.values) > _LARGEST).argmax())
        what = f"{clean(column.cells[row], limit=40)} is too large for a 32-bit number (at most 3.4e38)"
        place = f"{where}, row {lines[row]}, column '{column.name}'"
        raise InputError(what, where=place, hint="use a smaller unit, or its logarithm")


def large_integer_notes(column: TypedColumn) -> tuple[str, ...]:
    """A warning when whole numbers are too large to be told apart in 32 bits: they are ids more often than measures."""
    low, high = column.bounds
    if not max(-low, high) > _EXACT or find_type(np.array([max(-low, high)]), np.array([high - low])) == np.float64:
        return ()
    values = column.values[~column.unknown]
    if (values != np.floor(values)).any():
        return ()
    what = f"column '{column.name}' has whole numbers above 16,777,216, which lose precision"
    return (f"{what} (ids? use {advice('kinds', {column.name: 'category'})} or skip)",)


def _encode_category(column: TypedColumn, encode: str, where: str) -> Encoded:
    words, coded = _words_with_gaps(column)
    words, rare = _keep_commonest(words, np.bincount(coded, minlength=len(words)), encode)
    categories = sorted_words(set(words))
    if len(categories) == 1 and len(coded) > 1:
        return _leave_out(column, "constant")
    code = {word: index for index, word in enumerate(categories)}
    codes = np.array([code[word] for word in words], dtype=np.min_scalar_type(len(categories)))[coded]
    shown = tuple(clean(word) for word in categories)
    count = int(column.missing.sum())
    notes = (*_rare_notes(column, rare), *_code_notes(column), *_hint_notes(column))
    if encode == "ordinal":
        described = Column(column.name, "ordinal", (column.name,), shown, count, column.note)
        return Encoded(described, (codes.astype(np.float32),), notes=(_category_note(described), *notes))
    if len(categories) <= 2:
        described = Column(column.name, "binary", (f"{column.name}={shown[-1]}",), shown, count, column.note)
        last = codes == len(categories) - 1
        return Encoded(described, (last.astype(np.float32),), notes=(_category_note(described), *notes))
    names = tuple(f"{column.name}={word}" for word in shown)
    described = Column(column.name, "one_hot", names, shown, count, column.note)
    return Encoded(described, codes=codes, notes=(_category_note(described), *notes))


def sorted_words(words: set[str]) -> list[str]:
    """Categories in alphabetical order, the others and the missing one last."""
    return sorted(words, key=lambda word: (word == MISSING_WORD, word == OTHER_WORD, word))


def _words_with_gaps(column: TypedColumn) -> tuple[list[str], NDArray[np.integer]]:
    """The different words, missing ones under one name, and for each cell (N,) which of them it is."""
    words, codes = column.cells.coded()
    gone = np.zeros(len(words), dtype=np.bool_)
    gone[codes] = column.missing
    return [MISSING_WORD if lost else word for word, lost in zip(words, gone.tolist(), strict=True)], codes


def _keep_commonest(words: list[str], times: NDArray[np.int64], encode: str) -> tuple[list[str], int]:
    """The words with the rare ones as one category of others where there are too many; and how many words these are.

    Args:
        times: how often each comes (words,).
    """
    counts: Counter[str] = Counter()
    for word, count in zip(words, times.tolist(), strict=True):
        counts[word] += count
    limit = MAX_ONE_HOT if encode == "one_hot" else MAX_CATEGORIES
    # The parts of a split are copies of the inputs.
    fits = encode == "ordinal" or 8 * len(counts) * int(times.sum()) <= memory_budget()
    if len(counts) <= limit and fits:
        return words, 0
    kept = KEPT_CATEGORIES if encode == "one_hot" else MAX_CATEGORIES - 2
    commonest = sorted(counts, key=lambda word: (word != MISSING_WORD, -counts[word], word))[:kept]
    known = set(commonest)
    return [word if word in known else OTHER_WORD for word in words], len(counts) - len(known)


def _rare_notes(column: TypedColumn, rare: int) -> tuple[str, ...]:
    if not rare:
        return ()
    what = (
        f"column '{column.name}' has too many different words: the most common are kept, {rare:,} others share "
        "one category"
    )
    return (f"{what} ({advice('kinds', {column.name: 'skip'})} leaves it out)",)


def _code_notes(column: TypedColumn) -> tuple[str, ...]:
    if not column.note:
        return ()
    return (f"column '{column.name}': {column.note} ({advice('kinds', {column.name: 'number'})} for a number)",)


def _category_note(column: Column) -> str:
    return f"column {column.text}"


def _hint_notes(column: TypedColumn) -> tuple[str, ...]:
    """Text that looks like numbers is not guessed at, but the user is told."""
    if column.numbers:
        return (_mixed_note(column),)
    example = _number_like(column)
    if not example:
        return ()
    return (
        f"column '{column.name}' is text, but '{clean(example, limit=40)}' looks like a number: {number_hint(example)}",
    )


def _mixed_note(column: TypedColumn) -> str:
    """Why a column with numbers in it is one of words, and what makes it one of numbers."""
    words, codes = column.cells.coded()
    times = np.bincount(codes[~column.missing], minlength=len(words)).tolist()
    counts = {
        word: count
        for word, count in zip(words, times, strict=True)
        if count and parse_number(word) is None and parse_number(word, ",") is None
    }
    example = f" ('{clean(max(counts, key=lambda word: counts[word]), limit=40)}')" if counts else ""
    ways = f"{advice('kinds', {column.name: 'number'})} with {advice('skip_bad_rows', True)} leaves those rows out"
    return (
        f"column '{column.name}' is text, as only {column.numbers:,} of its {len(column.cells):,} cells are numbers"
        f"{example}: leave cells without a value empty, or {ways}"
    )


def _number_like(column: TypedColumn) -> str:
    """A cell that looks like a number, of the first thousand, or nothing."""
    return next((cell for cell in dict.fromkeys(column.cells[:1000]) if number_hint(cell)), "")
