"""Breast cancer: benign or malignant, from measurements of cell nuclei."""

from __future__ import annotations

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.tables._shipped import load_table


def make() -> Dataset:
    """569 rows, 30 inputs, 2 classes."""
    return load_table("breast_cancer", "diagnosis", "classification")


RECORD = DatasetRecord(
    name="breast_cancer",
    title="Breast cancer (Wisconsin, diagnostic)",
    task="classification",
    fields=(),
    make=make,
    about="Thirty measurements of cell nuclei from a biopsy, benign or malignant. For learning, not for diagnosis.",
    when="As a first real table, with two classes.",
    source="W. Wolberg, O. Mangasarian, N. Street, W. Street (1995); UCI, doi 10.24432/C5DW2B; from scikit-learn",
    licence="CC BY 4.0",
)
