"""Libraries that not everybody needs: imported when they are first used, and named where they are missing."""

from __future__ import annotations

import importlib.util
from typing import Final

from nnplay.errors import InputError

#: The extra that brings a library along.
EXTRAS: Final = {"duckdb": "data", "pyarrow": "arrow", "openpyxl": "excel", "psycopg": "sql"}


def need(library: str, what: str, where: str) -> None:
    """Sees that a library is there, without importing it.

    Args:
        what: is read by it, as in "Parquet files are".

    Raises:
        InputError: it is not installed; with the command that installs it.
    """
    if importlib.util.find_spec(library) is None:
        hint = f'pip install "nnplay[{EXTRAS[library]}]"'
        raise InputError(f"{what} read by {library}, which is not installed", where=where, hint=hint)
