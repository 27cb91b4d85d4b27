"""The rows of the run behind the screen, read once for all questions about them."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from nnplay.config import DataChoice, RunConfig
from nnplay.data.addresses import files_of, is_address
from nnplay.data.dataset import Dataset
from nnplay.data.split import Split
from nnplay.errors import NnplayError

#: Name, time and size of each file that data are read from.
Stamp = tuple[tuple[str, int, int], ...]

#: Files in a folder whose time is looked at.
_MOST_FILES = 20_000


def split_of(config: RunConfig) -> Split:
    """The rows of a run, dealt into its parts."""
    return config.split.apply(data_of(config), config.seed)


_recent_data: list[tuple[tuple[DataChoice, Stamp], Dataset]] = []


def data_of(config: RunConfig) -> Dataset:
    """The data set, kept for the next question about the same one."""
    key = (config.data, _stamp(config.data.file))
    for known, data in _recent_data:
        if known == key:
            return data
    data = config.data.load()
    _recent_data[:] = [(key, data), *_recent_data[:3]]
    return data


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
            for each in [str(path), *_below(path)]:
                stat = os.stat(each)
                found.append((each, stat.st_mtime_ns, stat.st_size))
    except (NnplayError, OSError, ValueError, RuntimeError):
        found.append(("", 0, 0))  # whoever reads it says what is wrong with it
    return tuple(found)


def _below(path: Path) -> list[str]:
    """The files in a folder and the folders in it; of very many the first ones."""
    if not path.is_dir():
        return []
    files = (os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
    return list(itertools.islice(files, _MOST_FILES))
