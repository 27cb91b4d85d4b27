"""The records of the data room: a data set that comes with nnplay, and a kind of file that data are read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nnplay.data.csv.named_columns import NamedColumns
from nnplay.data.dataset import Dataset, Task
from nnplay.fields import Field


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """One data set of the catalogue.

    Attributes:
        name: what the user types.
        title: what the screen shows.
        task: classification or regression.
        fields: what the user may set.
        make: the data set out of the values of all `fields`, by name.
        about: one or two sentences: what it is and what it shows.
        when: one line for people who choose: what to use it for.
        source: where it comes from.
        licence: under which terms it may be used.
    """

    name: str
    title: str
    task: Task
    fields: tuple[Field, ...]
    make: Callable[..., Dataset]
    about: str
    when: str
    source: str = "made by nnplay"
    licence: str = "MIT"


def _recognise_nothing(head: bytes) -> bool:
    return False


def _claim_nothing(path: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One kind of file that data are read from; a run names the file, and the record is found by its path.

    Attributes:
        name: of the kind, in lists.
        title: with its article, as sentences say it: "a CSV file".
        label: the same in a word or two, for lists of all kinds: "CSV"; the title unless given.
        about: one or two sentences: what is in such a file.
        endings: of names of such files, in small letters with the dot; no two sources share one.
        shared_endings: endings that other kinds of files have too: of those, the first bytes decide.
        fields: how a file is read, as far as the user may say.
        read: `(path, values) -> data set`; values by the names of `fields`, only those that were given. It says how far
            it is by `nnplay.data.progress.report`, and refuses what it cannot use by an InputError.
        recognise: whether a file whose name says nothing is one of these, by its first bytes.
        claims: whether it reads what lies at a path, whatever its name says: a folder of pictures, a table that names
            some; asked before names are looked at, so it reads no more than the beginning.
        takes_any: reads the files that no source recognises; of exactly one source.
        tables: fields that may also be given as a table (`kinds = {age = "number"}`), and how each is read.
        columns: `(path, values) -> named columns`, where it is a table, so that several files can be one table.
        read_columns: `(named columns, path, values) -> data set`, where the table in a file of another kind can be
            read as one of these too.
        schemes: words before `://` of addresses that it reads, as in `sqlite:///shop.db`.
    """

    name: str
    title: str
    about: str
    endings: tuple[str, ...]
    fields: tuple[Field, ...]
    read: Callable[[str, Mapping[str, Any]], Dataset]
    recognise: Callable[[bytes], bool] = _recognise_nothing
    claims: Callable[[str], bool] = _claim_nothing
    takes_any: bool = False
    tables: Mapping[str, Callable[[Any], Mapping[str, str]]] = field(default_factory=dict)
    label: str = ""
    shared_endings: tuple[str, ...] = ()
    read_columns: Callable[[NamedColumns, str, Mapping[str, Any]], Dataset] | None = None
    columns: Callable[[str, Mapping[str, Any]], NamedColumns] | None = None
    schemes: tuple[str, ...] = ()
