"""Columns with names, before any value is understood: what every reader of tables hands over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nnplay.data.cells.typed_values import Values
from nnplay.data.csv.text.header import column_names
from nnplay.errors import InputError
from nnplay.text import counted

MAX_COLUMNS = 10_000


@dataclass(slots=True)
class Skipped:
    """Rows that were left out because they are broken, with the reason of the first few."""

    reasons: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, reason: str) -> None:
        """Note that the row at `line` is left out."""
        self.count += 1
        if len(self.reasons) < 5:
            self.reasons.append(f"row {line} ({reason})")

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence, or nothing when no row was left out."""
        if not self.count:
            return ()
        more = ", …" if self.count > len(self.reasons) else ""
        return (f"{counted(self.count, 'bad row')} left out: {', '.join(self.reasons)}{more}",)


@dataclass(frozen=True, slots=True)
class NamedColumns:
    """What a table says, before any value is understood.

    Attributes:
        names: one for each column.
        columns: the values of each: packed text that was trimmed, an array (N,), or a list of Python's values; None,
            NaN, NaT and masked values say nothing.
        lines: by what number messages name each row, such as its line in the file; counted from 1 unless given.
        decimal: the decimal mark of columns of text, `.` or `,`.
        skipped: rows that were left out.
        notes: what was found out about the source, a sentence each.
        unnamed: names that were made up for columns without one.
        delimited: whether a delimiter, which may have been taken for another, is between the columns.
    """

    names: tuple[str, ...]
    columns: Sequence[Values]
    lines: Sequence[int] | None = None
    decimal: str = "."
    skipped: Skipped = field(default_factory=Skipped)
    notes: tuple[str, ...] = ()
    unnamed: frozenset[str] = frozenset()
    delimited: bool = False

    def checked(self, where: str) -> NamedColumns:
        """The same with names that are clean and differ, and with lines.

        Raises:
            InputError: no columns or rows, too many columns, or columns that differ in length.
        """
        if len(self.names) > MAX_COLUMNS:
            raise InputError(
                f"{counted(len(self.names), 'column')}; at most {MAX_COLUMNS:,} are supported", where=where
            )
        if not self.names or not len(self.columns[0]):
            raise InputError("no data rows" if self.names else "no columns", where=where)
        rows = len(self.columns[0])
        for name, column in zip(self.names, self.columns, strict=True):
            if len(column) != rows:
                what = f"{len(column):,} values where column '{self.names[0]}' has {rows:,}"
                raise InputError(what, where=f"{where}, column '{name}'", hint="give one value for each row")
        names, notes = column_names(self.names, reported=True)
        unnamed = self.unnamed | {new for new, old in zip(names, self.names, strict=True) if not old}
        lines = range(1, rows + 1) if self.lines is None else self.lines
        return replace(self, names=names, lines=lines, notes=(*self.notes, *notes), unnamed=unnamed)
