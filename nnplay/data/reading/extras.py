"""Libraries that not everybody needs: imported when they are first used, and named where they are missing."""

from __future__ import annotations

import importlib.util
from typing import Final

from nnplay.errors import InputError

#: The extra that brings a library along.
EXTRAS: Final = {
    "duckdb": "data",
    "pyarrow": "arrow",
    "openpyxl": "excel",
    "psycopg": "sql",
    "PIL": "pictures",
    "soundfile": "sound",
    "av": "video",
    "umap": "umap",
}
#: Libraries that are known by another name than the one they are imported by.
_TITLES: Final = {"PIL": "Pillow", "av": "PyAV", "umap": "umap-learn"}


def need(library: str, what: str, where: str, how: str = "read") -> None:
    """Sees that a library is there, without importing it.

    Args:
        what: is done by it, as in "Parquet files are".
        how: what it does with that, as in "read", "drawn".

    Raises:
        InputError: it is not installed; with the command that installs it.
    """
    if importlib.util.find_spec(library) is None:
        hint = f'pip install "nnplay[{EXTRAS[library]}]"'
        name = _TITLES.get(library, library)
        raise InputError(f"{what} {how} by {name}, which is not installed", where=where, hint=hint)
