"""Where the shipped tables lie, and how one becomes a data set."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nnplay.data.dataset import Dataset, Scale, Task
from nnplay.errors import InputError

_PACKAGE = Path(__file__).resolve().parents[2]


def datasets_folder() -> Path:
    """The folder of shipped tables: inside an installed package, beside it in a checkout or editable install.

    Raises:
        InputError: the installation is incomplete.
    """
    for folder in (_PACKAGE / "datasets", _PACKAGE.parent / "datasets"):
        if (folder / "iris" / "iris.csv").is_file():
            return folder
    raise InputError(
        "the data sets that come with nnplay are missing", where=str(_PACKAGE), hint="install nnplay again"
    )


def table_path(name: str) -> Path:
    """The CSV file of a shipped table."""
    return datasets_folder() / name / f"{name}.csv"


def card(name: str) -> str:
    """The data card of a shipped table: what it is, its columns, licence, source and citation (Markdown)."""
    return (datasets_folder() / name / "card.md").read_text(encoding="utf-8")


def load_table(
    name: str,
    target: str,
    task: Task,
    *,
    scale: Scale = "standard",
    divide: float = 1.0,
    feature_shape: Sequence[int] | None = None,
) -> Dataset:
    """The shipped table `name` with the column `target` to be learned.

    Args:
        scale: what `split` scales the inputs by unless told otherwise.
        divide: inputs are divided by it (pixels of 0 … 16 to 0 … 1).
        feature_shape: shape of one row, for images (height, width, channels).
    """
    with table_path(name).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    wanted = header.index(target)
    features = [index for index in range(len(header)) if index != wanted]
    x = np.array([[row[index] for index in features] for row in rows], dtype=np.float64) / divide
    words = [row[wanted] for row in rows]
    regression = task == "regression"
    return Dataset(
        x,
        np.array(words, dtype=np.float64) if regression else np.array(words, dtype=object),
        name=name,
        feature_names=[header[index] for index in features],
        target_names=[target] if regression else None,
        feature_shape=feature_shape,
        default_scale=scale,
        default_scale_target="standard" if regression else "none",
    )
