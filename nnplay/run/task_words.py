"""What a network is to learn from its data, as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from nnplay.data.dataset import Dataset
from nnplay.records.operation import shape_text
from nnplay.text import clean

_MOST_NAMES: Final = 3
"""Names that are listed; of more only the number is given."""


def describe_task(source: str, train: Dataset) -> str:
    """What is learned from which inputs: "mine.csv: from size, age and town the network learns to predict price".

    Args:
        source: name of the data set, or the path of its file.
        train: the part that is learned from.
    """
    return f"{clean(PurePath(source).name or source, 32)}: from {_inputs(train)} the network learns {_aim(train)}"


def token_words(train: Dataset) -> str:
    """What a text is to the network: "64 characters", or "32 words"."""
    unit = train.vocabulary.unit if train.vocabulary is not None else "tokens"
    return f"{train.feature_shape[0]:,} {unit.replace('_', ' ')}"


def _inputs(train: Dataset) -> str:
    if train.vocabulary is not None:
        return token_words(train)
    columns = [column.name for column in train.columns if column.inputs]
    names = columns or list(train.feature_names)
    if names and len(names) <= _MOST_NAMES:
        return _listed(names, "and")
    if len(train.feature_shape) > 1:
        return f"{shape_text(train.feature_shape)} inputs"
    return f"{len(names):,} {'columns' if columns else 'inputs'}"


def _aim(train: Dataset) -> str:
    if train.task != "classification":
        names = train.target_names
        return f"to predict {_listed(names, 'and') if 0 < len(names) <= _MOST_NAMES else f'{train.outputs:,} numbers'}"
    if train.vocabulary is not None and train.y.ndim > 1:
        return f"which comes next ({len(train.class_names):,} there are)"
    target = [column.name for column in train.columns if column.kind == "target"]
    what = f"to predict {clean(target[0], 24)}" if target else "to tell classes apart"
    if len(train.class_names) > _MOST_NAMES:
        return f"{what} ({len(train.class_names):,} classes)"
    return f"{what}: {_listed(train.class_names, 'or')}"


def _listed(names: Sequence[str], word: str) -> str:
    shown = [clean(name, 24) for name in names]
    return f" {word} ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)
