"""CSV: a row for each point of each curve."""

from __future__ import annotations

from nnplay.export.export_format import ExportFormat
from nnplay.export.formats._table import write_table

CSV = ExportFormat(
    "csv",
    "CSV",
    "A table with a row for each point of each curve: run, curve, step, value.",
    write_table,
    ".csv",
)
