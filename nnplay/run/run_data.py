"""The rows of the run behind the screen, read once for all questions about them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from nnplay.config import DataChoice, RunConfig
from nnplay.data.dataset import Dataset
from nnplay.data.reading.addresses import files_of, is_address
from nnplay.data.reading.table_source import encode_again
from nnplay.data.split import Split
from nnplay.errors import NnplayError

#: Name, time and size of each file that data are read from.
Stamp = tuple[tuple[str, int, int], ...]

#: Files of a folder that are looked at before its rows are taken for the same.
_MOST_STAMPED: Final = 20_000


def split_of(config: RunConfig) -> Split:
    """The rows of a run, dealt into its parts."""
    return config.deal(data_of(config))


_recent_data: list[tuple[tuple[DataChoice, Stamp], Dataset]] = []


def data_of(config: RunConfig) -> Dataset:
    """The data set, kept for the next question about the same one.

    A table that is only to be encoded otherwise is not read again: its cells are still there.
    """
    key = (config.data, _stamp(config.data.file))
    for known, data in _recent_data:
        if known == key:
            return data
    data = _encode_recent(*key) or config.data.load()
    _recent_data[:] = [(key, data), *_recent_data[:3]]
    return data


def _encode_recent(wanted: DataChoice, stamp: Stamp) -> Dataset | None:
    """The wanted encoding of a table that was read before and has not changed since; None where there is none."""
    for (choice, seen), data in _recent_data:
        if wanted.file and choice.file == wanted.file and seen == stamp:
            again = encode_again(data, wanted.file, choice.values, wanted.values)
            if again is not None:
                return again
    return None


def forget_rows(config: RunConfig) -> None:
    """Has rows on a server read again when they are asked for next: they change without anybody being told."""
    if is_address(config.data.file) and not files_of(config.data.file):
        _recent_data[:] = [(key, data) for key, data in _recent_data if key[0] != config.data]


def _stamp(source: str) -> Stamp:
    """Changes when a file does that the data are read from."""
    found: list[tuple[str, int, int]] = []
    try:
        for file in files_of(source) if source else []:
            path = Path(file).expanduser()
            for place in (path, *_within(path)):
                stat = os.stat(place)
                found.append((str(place), stat.st_mtime_ns, stat.st_size))
    except (NnplayError, OSError, ValueError, RuntimeError):
        found.append(("", 0, 0))  # whoever reads it says what is wrong with it
    return tuple(found)


def _within(path: Path) -> list[Path]:
    """The first files of a folder, and all folders on the way to them: adding and removing files changes those."""
    places: list[Path] = []
    for folder, folders, files in os.walk(path) if path.is_dir() else ():
        if len(places) > _MOST_STAMPED:
            break
        places += [Path(folder, name) for name in (*sorted(folders), *sorted(files))]
    return places
