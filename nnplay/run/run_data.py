"""The rows of the run behind the screen, read once for all questions about them."""

from __future__ import annotations

import os
from pathlib import Path

from nnplay.config import DataChoice, RunConfig
from nnplay.data.dataset import Dataset
from nnplay.data.split import Split


def split_of(config: RunConfig) -> Split:
    """The rows of a run, dealt into its parts."""
    return config.split.apply(data_of(config), config.seed)


_recent_data: list[tuple[tuple[DataChoice, tuple[int, int]], Dataset]] = []


def data_of(config: RunConfig) -> Dataset:
    """The data set, kept for the next question about the same one."""
    key = (config.data, _file_stamp(config.data.file))
    for known, data in _recent_data:
        if known == key:
            return data
    data = config.data.load()
    _recent_data[:] = [(key, data), *_recent_data[:3]]
    return data


def _file_stamp(file: str) -> tuple[int, int]:
    """Changes when a file does."""
    try:
        found = os.stat(Path(file).expanduser()) if file else None
    except (OSError, ValueError, RuntimeError):  # whoever reads the file says what is wrong with it
        found = None
    return (found.st_mtime_ns, found.st_size) if found else (0, 0)
