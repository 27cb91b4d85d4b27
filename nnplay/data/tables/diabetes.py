"""Diabetes: how far the disease has progressed after a year."""

from __future__ import annotations

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.tables._shipped import load_table


def make() -> Dataset:
    """442 rows, 10 inputs, 1 target."""
    return load_table("diabetes", "progression", "regression")


RECORD = DatasetRecord(
    name="diabetes",
    title="Diabetes",
    task="regression",
    fields=(),
    make=make,
    about="Age, sex, body and blood measurements of 442 patients, and how far the disease had progressed a year later.",
    when="For regression on a real, noisy table.",
    source="B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Least Angle Regression (2004); from scikit-learn",
    licence="none named by its authors; redistributed with scikit-learn (BSD-3-Clause)",
)
