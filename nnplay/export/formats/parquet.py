"""Parquet: a row for each point of each curve, written by DuckDB."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from nnplay.export.export_format import ExportFormat
from nnplay.export.exported_run import ExportedRun
from nnplay.export.formats._table import write_table
from nnplay.system.extras import need

PARQUET = ExportFormat(
    "parquet",
    "Parquet",
    "A table with a row for each point of each curve, for pandas, Polars and DuckDB; needs the extra data.",
    lambda runs, path: write(runs, path),
    ".parquet",
)


def write(runs: Sequence[ExportedRun], path: Path) -> None:
    """Writes the table.

    Raises:
        InputError: DuckDB is not installed.
    """
    need("duckdb", "Parquet files are", "--as parquet", "written")
    import duckdb

    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        rows = Path(folder) / "rows.csv"
        write_table(runs, rows)
        types = "{'run': 'VARCHAR', 'curve': 'VARCHAR', 'step': 'BIGINT', 'value': 'DOUBLE'}"
        source = f"read_csv('{_quoted(rows)}', header = true, columns = {types})"
        database.execute(f"COPY (SELECT * FROM {source}) TO '{_quoted(path)}' (FORMAT parquet)")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
