"""The data sets that come with nnplay, found by scanning the folders of records."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from types import MappingProxyType, ModuleType
from typing import Any

from nnplay.arguments import same_word
from nnplay.data import generated, synthetic, tables
from nnplay.data.dataset import Dataset
from nnplay.data.progress import Report, reported_to
from nnplay.data.record import DatasetRecord
from nnplay.errors import unknown
from nnplay.fields import fill
from nnplay.text import written


@functools.cache
def dataset_records() -> MappingProxyType[str, DatasetRecord]:
    """All records by name: synthetic sets, tables, then generated ones, each in the order of their names."""
    found = (record for folder in (synthetic, tables, generated) for record in _scan(folder))
    return MappingProxyType({record.name: record for record in found})


def load_dataset(name: str, *, progress: Report | None = None, **fields: Any) -> Dataset:
    """The data set called `name`, unscaled; `nnplay datasets` lists them all, `nnplay datasets NAME` the fields of one.

    Args:
        fields: settings of the set by name, such as samples=1000, noise=0.1, seed=0; defaults for the rest.
        progress: called with `(done, total, what)` while rows are made; what it raises ends that.

    Raises:
        InputError: an unknown name or field, or a value that the field refuses.
    """
    records = dataset_records()
    if not same_word(name, records):
        raise unknown("data set", name, records)
    record = records[name]
    values = fill(record.fields, {key: _as_text(value) for key, value in fields.items()}, name)
    with reported_to(progress):
        return record.make(**values)


def _as_text(value: Any) -> Any:
    """A list of words as a text field takes it."""
    return ", ".join(written(part) for part in value) if isinstance(value, (list, tuple)) else value


def _scan(folder: ModuleType) -> list[DatasetRecord]:
    names = sorted(item.name for item in pkgutil.iter_modules(folder.__path__) if not item.name.startswith("_"))
    records: list[DatasetRecord] = [importlib.import_module(f"{folder.__name__}.{name}").RECORD for name in names]
    return records
