"""Iris: three species of flowers from four lengths."""

from __future__ import annotations

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.tables._shipped import load_table


def make() -> Dataset:
    """150 rows, 4 inputs, 3 classes."""
    return load_table("iris", "species", "classification")


RECORD = DatasetRecord(
    name="iris",
    title="Iris",
    task="classification",
    fields=(),
    make=make,
    about="Three species of iris told apart by the length and width of sepals and petals; two of them overlap.",
    when="As a first table, with three classes.",
    source="R. A. Fisher (1936); UCI Machine Learning Repository, doi 10.24432/C56C76; from scikit-learn",
    licence="CC BY 4.0",
)
