"""The `data` section: a data set of the catalogue with its fields, or a file with the way to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from nnplay.config.reading import Reading
from nnplay.data.catalogue import file_fields, find_source, load_dataset, load_file, named_datasets, read_as_of
from nnplay.data.dataset import Dataset
from nnplay.data.reading.addresses import whole_source
from nnplay.data.record import SourceRecord
from nnplay.errors import unknown
from nnplay.fields import Field
from nnplay.text import written


@dataclass(frozen=True, slots=True)
class DataChoice:
    """Which data a run learns from.

    Attributes:
        name: of a data set of the catalogue; empty for a file.
        file: path of a file; empty for a data set.
        values: of the fields of the data set, or of the source that the file is of; only those that were given.
    """

    name: str = ""
    file: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """What the data are called: the name of a data set, or the path of a file."""
        return self.file or self.name

    @property
    def fields(self) -> tuple[Field, ...]:
        """What can be set besides the name."""
        return file_fields(self.file, self.values) if self.file else named_datasets()[self.name].fields

    def load(self) -> Dataset:
        """The data set.

        Raises:
            InputError: the file cannot be read, or a value is refused.
        """
        return load_file(self.file, self.values) if self.file else load_dataset(self.name, **self.values)

    def table(self) -> dict[str, Any]:
        """As `read_data` reads it."""
        values = {key: dict(value) if isinstance(value, Mapping) else value for key, value in self.values.items()}
        return {"file": self.file, **values} if self.file else {"name": self.name, **values}


def read_data(reading: Reading, given: Any, folder: Path | None) -> DataChoice:
    """The `data` section; a file's path is relative to `folder`."""
    table = reading.table("data", given)
    name, file = (written(table.pop(key, "")).strip() for key in ("name", "file"))
    if bool(name) == bool(file):
        reading.refuse("data", "give either 'name' (a data set) or 'file' (a path), not both")
        return DataChoice()
    if file:
        path = reading.attempt("data.file", lambda: whole_source(file, folder) if folder else file, "")
        source = reading.attempt("data.file", lambda: find_source(path, read_as_of(table)), None) if path else None
        if source is None:
            return DataChoice()
        return DataChoice("", path, _read_values(reading, source, file_fields(path, table), table))
    records = named_datasets()
    if name not in records:
        problem = unknown("data set", name, records)
        reading.refuse("data.name" if isinstance(given, Mapping) else "data", problem.what, problem.hint)
        return DataChoice()
    table = {key: ", ".join(map(written, value)) if isinstance(value, list) else value for key, value in table.items()}
    return DataChoice(name, "", reading.values("data", records[name].fields, table))


def _read_values(
    reading: Reading, source: SourceRecord, fields: Sequence[Field], table: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of the fields of a file; those that may be tables are read by its source."""
    nothing: Mapping[str, str] = {}
    values = reading.values("data", fields, {key: table[key] for key in table if key not in source.tables})
    for name in source.tables.keys() & table.keys():
        read = partial(source.tables[name], table[name])
        values[name] = reading.attempt(f"data.{name}", read, nothing)
    return values
