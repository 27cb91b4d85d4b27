"""The data sets that come with nnplay and the kinds of files that are read, found by scanning folders of records."""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
import sys
from collections.abc import Mapping
from pathlib import Path, PurePath
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

from nnplay.arguments import kind_of, same_word
from nnplay.data import generated, sources, synthetic, tables
from nnplay.data.addresses import (
    ending_of,
    files_of,
    is_address,
    is_pattern,
    place_of,
    refuse_password,
    scheme_of,
)
from nnplay.data.csv.text.other_formats import HEAD, member_names
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.dataset import Dataset
from nnplay.data.progress import Report, report_to
from nnplay.data.record import DatasetRecord, SourceRecord
from nnplay.data.several_files import read_several
from nnplay.data.standard_input import STANDARD_INPUT, kept_input
from nnplay.errors import InputError, unknown
from nnplay.fields import fill
from nnplay.text import written

Record = TypeVar("Record")


@functools.cache
def dataset_records() -> MappingProxyType[str, DatasetRecord]:
    """All records by name: synthetic sets, tables, then generated ones, each in the order of their names."""
    found = (record for folder in (synthetic, tables, generated) for record in _scan(folder, DatasetRecord))
    return MappingProxyType({record.name: record for record in found})


@functools.cache
def source_records() -> MappingProxyType[str, SourceRecord]:
    """All kinds of files by name; the one that takes any file comes first."""
    found = sorted(_scan(sources, SourceRecord), key=lambda record: not record.takes_any)
    return MappingProxyType({record.name: record for record in found})


def load_dataset(name: str, *, progress: Report | None = None, **fields: Any) -> Dataset:
    """The data set called `name`, unscaled; `nnplay datasets` lists them all, `nnplay datasets NAME` the fields of one.

    Args:
        fields: settings of the data set by name, such as samples=1000, noise=0.1, seed=0; defaults for the rest.
        progress: called with `(done, total, what)` while rows are made; what it raises ends that.

    Raises:
        InputError: an unknown name or field, or a value that the field refuses.
    """
    records = dataset_records()
    if not same_word(name, records):
        raise unknown("data set", name, records)
    record = records[name]
    values = fill(record.fields, {key: _as_text(value) for key, value in fields.items()}, name)
    if progress is None:
        return record.make(**values)
    with report_to(progress):
        return record.make(**values)


def load_file(path: str, values: Mapping[str, Any], *, progress: Report | None = None) -> Dataset:
    """The data in a file, unscaled, read as its kind is.

    Args:
        values: of the fields of its source, by name; only those that were given.
        progress: called with `(done, total, what)` while it is read; what it raises ends that.

    Raises:
        InputError: the file cannot be used as it is.
    """
    refuse_password(path)
    source = find_source(path)
    if progress is None:  # whoever listens already goes on to be told
        return read_several(path, source, values) if is_pattern(path) else source.read(path, values)
    with report_to(progress):
        return read_several(path, source, values) if is_pattern(path) else source.read(path, values)


def read_file(path: str | os.PathLike[str], *, progress: Report | None = None, **options: Any) -> Dataset:
    """The data in a file of any kind that is read, unscaled: tables of any form, databases, NumPy archives.

    Args:
        path: the file; its kind is found by its name, or by its first bytes. Also a pattern of several files that are
            one table ("parts/*.csv"), the address of a database ("sqlite:///shop.db"), or "-" for standard input.
        options: how its kind is read, by name: target="species" or missing="mean" for tables, inputs="x" for archives,
            sql="SELECT …" for databases.
        progress: called with `(done, total, what)` while it is read; what it raises ends that.

    Raises:
        InputError: an unknown option, or the file cannot be used as it is.
    """
    kind_of(path, (str, os.PathLike), "path", "read_file", "give the name of a file")
    name = kept_input() if str(path) == STANDARD_INPUT else str(path)
    record = find_source(name)
    known = [field.name for field in record.fields]
    for option in options:
        if option not in known:
            raise unknown("option", option, known, where=record.title)
    values = {key: record.tables[key](value) if key in record.tables else value for key, value in options.items()}
    return load_file(name, values, progress=progress)


def find_source(path: str) -> SourceRecord:
    """The kind of a file: by the ending of its name; where that says nothing, by its first bytes.

    Of a database it is the one that reads addresses of that form; of a pattern that of the first file.

    Raises:
        InputError: no source reads such addresses.
    """
    records = source_records().values()
    if is_address(path):
        return _find_reader(path)
    if is_pattern(path) and (files := files_of(path)):
        path = files[0]
    for ending in (ending_of(path), PurePath(path).suffix.lower()):
        if named := next((record for record in records if ending in record.endings), None):
            return named
    head = _read_head(path)
    anything = next(record for record in records if record.takes_any)
    return next((record for record in records if record.recognise(head)), anything)


def _find_reader(address: str) -> SourceRecord:
    refuse_password(address)
    readers = {scheme: record for record in source_records().values() for scheme in record.schemes}
    scheme = scheme_of(address)
    if scheme not in readers:
        hint = "download the file first" if scheme in ("http", "https", "ftp", "s3") else f"known: {', '.join(readers)}"
        raise InputError(f"addresses that begin with {scheme}:// are not read", where=place_of(address), hint=hint)
    return readers[scheme]


def read_sql(address: str, query: str, *, progress: Report | None = None, **options: Any) -> Dataset:
    """The rows of a query as a data set, unscaled.

    Args:
        address: of a database: "sqlite:///shop.db", "duckdb:///shop.duckdb", "postgresql://user@host/shop", or the path
            of one that is a file.
        query: one SELECT.
        progress, options: as for `read_file`, besides max_seconds=30 and max_rows=1000000, the limits of the query.

    Raises:
        InputError: an unknown option, a refused query, or rows that cannot be used as they are.
    """
    kind_of(query, str, "query", "read_sql", "give one SELECT")
    return read_file(address, progress=progress, sql=query, **options)


def file_endings() -> tuple[str, ...]:
    """The endings of all files that are read."""
    return tuple(ending for record in source_records().values() for ending in record.endings)


def names_data(source: str) -> bool:
    """Whether a word names a data set, an address of a database, or a file with the ending of one that is read.

    A zip archive may be a session as well, and counts as none of these.
    """
    if is_address(source):
        return True
    named = source in dataset_records() and not Path(source).exists()
    return named or (ending_of(source) in set(file_endings()) - {".zip"} and not Path(source).is_dir())


def name_sources() -> str:
    """All kinds of files in words, for a sentence: "a file or database (CSV, NumPy)"."""
    return f"a file or database ({', '.join(record.label or record.title for record in source_records().values())})"


def first_member(path: str | os.PathLike[str]) -> str:
    """The name of the first file in a zip archive, as its beginning has it; nothing where it is none."""
    return next(iter(member_names(_read_head(path))), "")


def _read_head(path: str | os.PathLike[str]) -> bytes:
    """The first bytes of a file; nothing where it cannot be read, which whoever reads it will say."""
    try:
        with open_regular(path, limit=sys.maxsize) as file:
            return file.read(HEAD)
    except InputError:
        return b""


def _as_text(value: Any) -> Any:
    """A list of words as a text field takes it."""
    return ", ".join(written(part) for part in value) if isinstance(value, (list, tuple)) else value


def _scan(folder: ModuleType, kind: type[Record]) -> list[Record]:
    names = sorted(item.name for item in pkgutil.iter_modules(folder.__path__) if not item.name.startswith("_"))
    modules = [importlib.import_module(f"{folder.__name__}.{name}") for name in names]
    return [item for module in modules for item in vars(module).values() if isinstance(item, kind)]
