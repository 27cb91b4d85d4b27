"""Excel workbooks: one sheet, with the values that formulas had when it was saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.reading.file_apart import read_file_apart
from nnplay.data.reading.table_source import HEADER, table_source
from nnplay.fields import text


def columns(path: str, values: Mapping[str, Any]) -> NamedColumns:
    """The columns of a sheet."""
    order = {"sheet": str(values.get("sheet") or ""), "header": str(values.get("header") or "auto")}
    return read_file_apart(
        "excel", path, values, library="openpyxl", what="Excel workbooks are", signs=(b"PK\3\4",), order=order
    )


def recognise(head: bytes) -> bool:
    """A zip archive whose first files are those of a workbook."""
    return head.startswith(b"PK\3\4") and (b"[Content_Types].xml" in head or b"xl/" in head) and b"word/" not in head


EXCEL = table_source(
    "excel",
    title="an Excel workbook",
    label="Excel",
    about="One sheet of a workbook: numbers, words, dates, and the values that formulas had when it was saved.",
    endings=(".xlsx", ".xlsm"),
    fields=(text("sheet", "", "name of the sheet; else the first one"), HEADER),
    columns=columns,
    recognise=recognise,
)
