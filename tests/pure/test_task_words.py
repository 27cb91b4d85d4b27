"""What a network is to learn, in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnplay.config import RunConfig
from nnplay.data.dataset import Dataset
from nnplay.run.run_data import split_of
from nnplay.run.task_words import describe_task


def test_a_file_is_told_by_its_columns_and_its_target(tmp_path: Path) -> None:
    """The columns that are used and the target, a number or a word, as the table has them."""
    path = tmp_path / "mine.csv"
    rows = [f"{30 + i % 7},{i % 40},{'Graz' if i % 3 else 'Linz'},{1000 + 37 * i % 900}" for i in range(60)]
    path.write_text("size,age,town,price\n" + "\n".join(rows))
    said = [
        describe_task(str(path), split_of(RunConfig.from_dict({"data": {"file": str(path), "target": target}})).train)
        for target in ("price", "town")
    ]
    assert said == [
        "mine.csv: the network learns to predict price from size, age and town",
        "mine.csv: the network learns to predict town (Graz or Linz) from size, age and price",
    ]


def test_many_names_and_pictures_are_told_by_their_number() -> None:
    """Ten classes of pictures, and twelve inputs without a table."""
    pictures = Dataset(np.zeros((20, 64)), np.arange(20) % 10, feature_shape=(8, 8, 1), task="classification")
    assert describe_task("digits", pictures) == (
        "digits: the network learns to distinguish 10 classes from 8×8×1 inputs"
    )
    numbers = Dataset(np.random.default_rng(0).normal(size=(20, 12)), np.linspace(0, 1, 20))
    assert describe_task("made", numbers) == "made: the network learns to predict y1 from 12 inputs"
