"""The data sets that come with nnplay and the kinds of files that are read, found by scanning folders of records."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import pkgutil
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePath
from types import MappingProxyType, ModuleType
from typing import Any, Final, TypeVar

from nnplay.arguments import kind_of, same_word
from nnplay.data import fetched, generated, sources, synthetic, tables
from nnplay.data.csv.text.other_formats import HEAD, member_names
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.dataset import Dataset
from nnplay.data.progress import Report, report_to
from nnplay.data.reading.addresses import (
    ending_of,
    files_of,
    is_address,
    is_pattern,
    place_of,
    refuse_password,
    scheme_of,
)
from nnplay.data.reading.several_files import read_several
from nnplay.data.reading.standard_input import STANDARD_INPUT, find_kept, fleeting, kept_input
from nnplay.data.record import DatasetRecord, SourceRecord
from nnplay.errors import InputError, unknown
from nnplay.fields import Field, choice, fill, text
from nnplay.system.paths import expanded
from nnplay.text import written

Record = TypeVar("Record")

#: The setting by which a file is read as another kind than the one that it seems to be.
READ_AS: Final = "read_as"
#: How it is asked for, whatever the file.
READ_AS_FIELD: Final = text(READ_AS, "auto", "the kind of file, where its name or content says something else")


@functools.cache
def dataset_records() -> MappingProxyType[str, DatasetRecord]:
    """All records by name: synthetic sets, tables, then generated ones, each in the order of their names."""
    found = (record for folder in (synthetic, tables, generated) for record in _scan(folder, DatasetRecord))
    return MappingProxyType({record.name: record for record in found})


@functools.cache
def fetched_records() -> MappingProxyType[str, DatasetRecord]:
    """All data sets that are downloaded before they can be made, by name."""
    return MappingProxyType({record.name: record for record in _scan(fetched, DatasetRecord)})


@functools.cache
def named_datasets() -> MappingProxyType[str, DatasetRecord]:
    """All data sets that have a name: built-in ones, then those that are downloaded."""
    return MappingProxyType({**dataset_records(), **fetched_records()})


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
    records = named_datasets()
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
    path = find_kept(path)
    if progress is not None:  # else whoever listens already goes on to be told
        with report_to(progress):
            return load_file(path, values)
    found = find_source(path)
    source = find_source(path, wanted) if (wanted := read_as_of(values)) else found
    values = {name: value for name, value in values.items() if name != READ_AS}
    if is_pattern(path):
        return read_several(path, source, values)
    if source.read_columns is not None and found.columns is not None and _find_by_name(path) is not None:
        return source.read_columns(found.columns(path, {}), path, values)
    data = source.read(path, values)
    data.notes = (*data.notes, *fleeting(path))
    return data


def read_file(path: str | os.PathLike[str], *, progress: Report | None = None, **options: Any) -> Dataset:
    """The data in a file of any kind that is read, unscaled: tables of any form, databases, NumPy archives.

    Args:
        path: the file; its kind is found by its name, or by its first bytes. Also a pattern of several files that are
            one table ("parts/*.csv"), the address of a database ("sqlite:///shop.db"), or "-" for standard input.
        options: how its kind is read, by name: target="species" or missing="mean" for tables, inputs="x" for archives,
            sql="SELECT …" for databases, unit="words" for texts; read_as="text" where the kind is not the one wanted.
        progress: called with `(done, total, what)` while it is read; what it raises ends that.

    Raises:
        InputError: an unknown option, or the file cannot be used as it is.
    """
    kind_of(path, (str, os.PathLike), "path", "read_file", "give the name of a file")
    name = kept_input() if str(path) == STANDARD_INPUT else str(path)
    record = find_source(name, read_as_of(options))
    known = [field.name for field in file_fields(name, options)]
    for option in options:
        if option not in known:
            raise unknown("option", option, known, where=record.title)
    values = {key: record.tables[key](value) if key in record.tables else value for key, value in options.items()}
    return load_file(name, values, progress=progress)


def find_source(path: str, read_as: str = "") -> SourceRecord:
    """The kind of a file: by the ending of its name; where that says nothing, by its first bytes.

    Of a folder, or a table that only names files, it is the one that claims it.

    Of a database it is the one that reads addresses of that form; of a pattern that of the first file.

    Args:
        read_as: the name of the kind that it is to be read as, if it can; empty, or auto, to find it out.

    Raises:
        InputError: no source reads such addresses, or it cannot be read as that kind.
    """
    if read_as and read_as != "auto":
        kinds = {record.name: record for record in ways_to_read(path)}
        if not same_word(read_as, kinds):
            raise unknown("kind of file", read_as, kinds, where=f"{place_of(path)}, {READ_AS}")
        return kinds[read_as]
    records = source_records().values()
    if is_address(path):
        return _find_reader(path)
    if is_pattern(path) and (files := files_of(path)):
        path = files[0]
    if claimed := _find_claimant(path):
        return claimed
    if named := _find_by_name(path):
        return named
    head = _read_head(path)
    return next((record for record in records if record.recognise(head)), _takes_any())


def _find_claimant(path: str) -> SourceRecord | None:
    """The source that reads what lies at a path, whatever its name says."""
    try:
        return next((record for record in source_records().values() if record.claims(path)), None)
    except (OSError, ValueError):  # no path at all, or one that may not be looked at: who opens it says so
        return None


def _find_by_name(path: str) -> SourceRecord | None:
    """The only kind of file whose names end like that."""
    records = source_records().values()
    for ending in (ending_of(path), PurePath(path).suffix.lower()):
        if any(ending in record.shared_endings for record in records):
            return None
        if named := next((record for record in records if ending in record.endings), None):
            return named
    return None


def ways_to_read(path: str) -> tuple[SourceRecord, ...]:
    """The kinds that a file can be read as, the one that it seems to be first.

    Raises:
        InputError: no source reads such addresses.
    """
    found = find_source(path)
    if is_address(path) or is_pattern(path) or os.path.isdir(expanded(path)):
        return (found,)
    others = [record for record in source_records().values() if record is not found]
    if _find_by_name(path) is None:
        return (found, *(record for record in others if record.shared_endings))
    return (found, *(record for record in others if record.read_columns is not None and found.columns is not None))


def file_fields(path: str, values: Mapping[str, Any]) -> tuple[Field, ...]:
    """How a file may be read, given `values` of these fields; also as what, where there are several ways.

    Raises:
        InputError: no source reads such addresses, or it cannot be read as the kind that is named.
    """
    ways = [record.name for record in ways_to_read(path)]
    fields = find_source(path, read_as_of(values)).fields
    return (*fields, choice(READ_AS, "auto", READ_AS_FIELD.help, ("auto", *ways))) if len(ways) > 1 else fields


def read_as_of(values: Mapping[str, Any]) -> str:
    """The kind that a file is to be read as; empty unless one is named."""
    return written(values.get(READ_AS, "")).strip().lower()


def _takes_any() -> SourceRecord:
    return next(record for record in source_records().values() if record.takes_any)


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
    for given in ("path", "sql"):
        if given in options:
            raise InputError(
                f"'{given}' cannot be given here", where="read_sql", hint="give the address, then the query"
            )
    return read_file(address, progress=progress, sql=query, **options)


def file_endings() -> tuple[str, ...]:
    """The endings of all files that are read."""
    records = source_records().values()
    return tuple(dict.fromkeys(end for record in records for end in (*record.endings, *record.shared_endings)))


def names_data(source: str) -> bool:
    """Whether a word names a data set, an address of a database, or a file with the ending of one that is read.

    A zip archive may be a session as well, and counts as none of these.
    """
    if is_address(source):
        return True
    named = source in dataset_records() and not Path(source).exists()
    return named or (ending_of(source) in set(file_endings()) - {".zip"} and not Path(source).is_dir())


def name_sources() -> str:
    """All kinds of files in words, for a sentence: "a file, folder or database (CSV, NumPy)"."""
    kinds = ", ".join(record.label or record.title for record in source_records().values())
    return f"a file, folder or database ({kinds})"


def first_member(path: str | os.PathLike[str]) -> str:
    """The name of the first file in a zip archive, as its beginning has it; nothing where it is none."""
    return next(iter(member_names(_read_head(str(path)))), "")


def _read_head(path: str) -> bytes:
    """The first bytes of a file, or of the text in one such as `.txt.gz`.

    Nothing where it cannot be read, which whoever reads it will say.
    """
    try:
        with open_regular(path, limit=sys.maxsize) as file:
            head = file.read(HEAD)
    except InputError:
        return b""
    if ending_of(path).endswith(".gz") and head.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            return zlib.decompressobj(wbits=31).decompress(head, HEAD)
    return head


def _as_text(value: Any) -> Any:
    """A list of words as a text field takes it."""
    return ", ".join(written(part) for part in value) if isinstance(value, (list, tuple)) else value


def _scan(folder: ModuleType, kind: type[Record]) -> list[Record]:
    names = sorted(item.name for item in pkgutil.iter_modules(folder.__path__) if not item.name.startswith("_"))
    modules = [importlib.import_module(f"{folder.__name__}.{name}") for name in names]
    return [item for module in modules for item in vars(module).values() if isinstance(item, kind)]
