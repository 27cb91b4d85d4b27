"""Small files of tables that tests read: those that are kept, and new ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from nnplay.data.csv.csv_file import read_csv
from nnplay.data.dataset import Dataset

#: Tables as people write them.
TABLES: Final = Path(__file__).parent / "pure" / "tables"
#: One table in every form.
SOURCES: Final = Path(__file__).parent / "pure" / "sources"
#: What reads them besides the standard library, by the ending.
LIBRARIES: Final = {"parquet": "duckdb", "feather": "pyarrow", "arrow": "pyarrow", "xlsx": "openpyxl"}


def need(ending: str) -> None:
    """Skips where the library for such files is not installed."""
    if ending in LIBRARIES:
        pytest.importorskip(LIBRARIES[ending])


def write_source(tmp_path: Path, name: str, content: str | bytes) -> str:
    """A file of any kind."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def read(name: str, **options: Any) -> Dataset:
    """One of the tables as people write them."""
    return read_csv(TABLES / name, **options)


def noted(data: Dataset, *words: str) -> bool:
    """Whether one note has all the words."""
    return any(all(word in note for word in words) for note in data.notes)


def written(folder: Path, content: str, name: str = "table.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path
