"""Wine: three growers told apart by chemistry."""

from __future__ import annotations

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.tables._shipped import load_table


def make() -> Dataset:
    """178 rows, 13 inputs, 3 classes."""
    return load_table("wine", "cultivar", "classification")


RECORD = DatasetRecord(
    name="wine",
    title="Wine",
    task="classification",
    fields=(),
    make=make,
    about="Thirteen chemical measurements of wines from three growers in one region; scales differ a thousandfold.",
    when="To see why inputs are scaled.",
    source="S. Aeberhard, M. Forina (1992); UCI Machine Learning Repository, doi 10.24432/C5PC7J; from scikit-learn",
    licence="CC BY 4.0",
)
