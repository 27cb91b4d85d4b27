"""Files and services that runs can be exported to, as data: one record in one file each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nnplay.export.exported_run import ExportedRun
from nnplay.records.registry import find_records


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One format.

    Attributes:
        name, title, about: for people.
        write: puts runs into a folder, or a file where there is an `ending`; nothing is there yet.
        ending: of the file; empty for a folder.
    """

    name: str
    title: str
    about: str
    write: Callable[[Sequence[ExportedRun], Path], object]
    ending: str = ""


@cache
def export_formats() -> dict[str, ExportFormat]:
    """Every format by its name."""
    return {record.name: record for record in find_records("nnplay.export.formats", ExportFormat)}
