"""Handwritten digits of 8×8 pixels."""

from __future__ import annotations

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.tables._shipped import load_table


def make() -> Dataset:
    """1797 images of 8×8 pixels from 0 to 1, 10 classes."""
    return load_table("digits", "digit", "classification", scale="none", divide=16.0, feature_shape=(8, 8, 1))


RECORD = DatasetRecord(
    name="digits",
    title="Handwritten digits 8×8",
    task="classification",
    fields=(),
    make=make,
    about="Digits written by 13 people, as images of 8×8 pixels. Small enough to train in a second.",
    when="As a first network on images, trained in a second.",
    source="E. Alpaydin, C. Kaynak (1998); UCI Machine Learning Repository, doi 10.24432/C50P49; from scikit-learn",
    licence="CC BY 4.0",
)
