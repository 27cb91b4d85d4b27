"""What a network is to learn from its data, as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from nnplay.data.dataset import Dataset
from nnplay.records.operation import shape_text
from nnplay.text import clean, counted

_MOST_NAMES: Final = 3
"""Names that are listed; of more only the number is given."""


def describe_task(source: str, train: Dataset) -> str:
    """What is learned from which inputs: "mine.csv: the network learns to predict price from size, age and town".

    Args:
        source: name of the data set, or the path of its file.
        train: the part that is learned from.
    """
    return f"{clean(PurePath(source).name or source, 32)}: the network learns {_aim(train)} from {_inputs(train)}"


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
    return counted(len(names), "column" if columns else "input")


def _aim(train: Dataset) -> str:
    if train.task == "detection":
        few = len(train.class_names) <= _MOST_NAMES
        listed = "" if not few else f" ({_listed(train.class_names, 'and')})"
        return f"to find objects of {counted(len(train.class_names), 'class')}{listed}"
    if train.task != "classification":
        names = train.target_names
        few = 0 < len(names) <= _MOST_NAMES
        return f"to predict {_listed(names, 'and') if few else counted(train.outputs, 'number')}"
    if train.vocabulary is not None and train.y.ndim > 1:
        return f"to predict what comes next ({len(train.class_names):,} tokens)"
    target = [column.name for column in train.columns if column.kind == "target"]
    many = counted(len(train.class_names), "class") if len(train.class_names) > _MOST_NAMES else ""
    if target:
        return f"to predict {clean(target[0], 24)} ({many or _listed(train.class_names, 'or')})"
    if train.y.ndim > 2:
        return f"to find the class of each pixel ({many or _listed(train.class_names, 'or')})"
    return f"to distinguish {many or _listed(train.class_names, 'and')}"


def _listed(names: Sequence[str], word: str) -> str:
    shown = [clean(name, 24) for name in names]
    return f" {word} ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)
