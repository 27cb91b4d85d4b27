"""Libraries that not everybody needs: imported when they are first used, and named where they are missing."""

from __future__ import annotations

import importlib.util
from typing import Final

from nnplay.errors import InputError

#: The extra of nnplay that brings a library along; the others are installed by their own names.
EXTRAS: Final = {
    "duckdb": "data",
    "pyarrow": "arrow",
    "openpyxl": "excel",
    "psycopg": "sql",
    "PIL": "pictures",
    "soundfile": "sound",
    "av": "video",
    "umap": "umap",
    "optuna": "sweep",
    "distributed": "cluster",
}
#: Libraries that are known by another name than the one they are imported by.
_TITLES: Final = {
    "PIL": "Pillow",
    "av": "PyAV",
    "umap": "umap-learn",
    "optuna": "Optuna",
    "distributed": "Dask",
    "mlflow": "MLflow",
}


def need(library: str, what: str, where: str, how: str = "read", instead: str = "") -> None:
    """Sees that a library is there, without importing it.

    Args:
        what: is done by it, as in "Parquet files are".
        how: what it does with that, as in "read", "drawn".
        instead: what can be done without it, for the hint.

    Raises:
        InputError: it is not installed; with the command that installs it.
    """
    if importlib.util.find_spec(library) is None:
        package = f'"nnplay[{EXTRAS[library]}]"' if library in EXTRAS else library
        hint = f"pip install {package}" + (f", or {instead}" if instead else "")
        name = _TITLES.get(library, library)
        raise InputError(f"{what} {how} by {name}, which is not installed", where=where, hint=hint)
