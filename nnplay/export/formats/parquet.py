"""Parquet: a row for each point of each curve, written by DuckDB."""

from __future__ import annotations

import errno
import os
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
        OSError: the disk refused.
    """
    need("duckdb", "Parquet files are", "--as parquet", "written")
    import duckdb

    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        rows = Path(folder) / "rows.csv"
        write_table(runs, rows)
        types = "{'run': 'VARCHAR', 'curve': 'VARCHAR', 'step': 'BIGINT', 'value': 'DOUBLE'}"
        source = f"read_csv('{_quoted(rows)}', header = true, columns = {types})"
        try:
            database.execute(f"COPY (SELECT * FROM {source}) TO '{_quoted(path)}' (FORMAT parquet)")
        except duckdb.IOException as error:
            known = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES)
            number = next((number for number in known if os.strerror(number) in str(error)), errno.EIO)
            raise OSError(number, os.strerror(number)) from None


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
