"""The `data` section: a data set of the catalogue with its fields, or a CSV file with the way to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from nnplay.config.reading import Reading
from nnplay.data.catalogue import dataset_records, load_dataset
from nnplay.data.csv.csv_file import read_csv
from nnplay.data.dataset import Dataset
from nnplay.errors import InputError, unknown
from nnplay.fields import Field, choice, flag, text
from nnplay.system.paths import expanded
from nnplay.text import written

#: The choices of `nnplay.read_csv` as typed fields, for forms, the command line and files.
CSV_FIELDS: Final = (
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
    text("kinds", "", "some columns' kinds: age=number, zip=category, id=skip"),
)


@dataclass(frozen=True, slots=True)
class DataChoice:
    """Which data a run learns from.

    Attributes:
        name: of a data set of the catalogue; empty for a file.
        file: path of a CSV file; empty for a data set.
        values: of the data set's fields or of `CSV_FIELDS`; only those that were given.
    """

    name: str = ""
    file: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[Field, ...]:
        """What can be set besides the name."""
        return CSV_FIELDS if self.file else dataset_records()[self.name].fields

    def load(self) -> Dataset:
        """The data set.

        Raises:
            InputError: the file cannot be read, or a value is refused.
        """
        if not self.file:
            return load_dataset(self.name, **self.values)
        options = {key: value for key, value in self.values.items() if value != ""}
        return read_csv(self.file, **options)

    def table(self) -> dict[str, Any]:
        """As `read_data` reads it."""
        values = {key: dict(value) if isinstance(value, Mapping) else value for key, value in self.values.items()}
        return {"file": self.file, **values} if self.file else {"name": self.name, **values}


def read_data(reading: Reading, given: Any, folder: Path | None) -> DataChoice:
    """The `data` section; a file's path is relative to `folder`."""
    table = reading.table("data", given)
    name, file = (written(table.pop(key, "")).strip() for key in ("name", "file"))
    if bool(name) == bool(file):
        reading.refuse("data", "needs either 'name' (of a data set) or 'file' (a path)")
        return DataChoice()
    if file:
        kinds = table.pop("kinds", None)
        values = reading.values("data", CSV_FIELDS, table)
        if kinds is not None:
            nothing: dict[str, str] = {}
            values["kinds"] = reading.attempt("data.kinds", lambda: _kinds(kinds), nothing)
        place = reading.attempt("data.file", lambda: str(folder / expanded(file)) if folder else file, file)
        return DataChoice("", place, values)
    records = dataset_records()
    if name not in records:
        problem = unknown("data set", name, records)
        reading.refuse("data.name" if isinstance(given, Mapping) else "data", problem.what, problem.hint)
        return DataChoice()
    table = {key: ", ".join(map(written, value)) if isinstance(value, list) else value for key, value in table.items()}
    return DataChoice(name, "", reading.values("data", records[name].fields, table))


def _kinds(given: Any) -> dict[str, str]:
    if isinstance(given, Mapping):
        return {written(key): written(value) for key, value in given.items()}
    kinds: dict[str, str] = {}
    for part in written(given).split(","):
        column, equals, kind = part.strip().rpartition("=")
        if not equals:
            raise InputError(f"'{part.strip()}' is not of the form column=kind", hint="as in age=number, id=skip")
        kinds[column] = kind
    return kinds
