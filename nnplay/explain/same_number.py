"""Where the inspector shows a number of an example: in the last batch, in the row of the example if it is there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnplay.errors import NnplayError
from nnplay.explain.batch_rows import source_rows
from nnplay.explain.explanation import InspectorPlace
from nnplay.explain.past_step import standing_at
from nnplay.inspector.inspector import Inspector
from nnplay.run.training_thread import TrainingThread
from nnplay.views.rows import shown_part


def find_writer(inspector: Inspector, slot: str) -> int | None:
    """The number of the last row that fills a slot on the way to the loss."""
    found = [
        number
        for number, row in enumerate(inspector.rows)
        if row.phase in ("data", "forward") and any(written.name == slot for written in row.writes)
    ]
    return found[-1] if found else None


def _in_first(inspector: Inspector, number: int, index: tuple[int, ...]) -> tuple[int, ...]:
    """An index in a row's first result, which is what the inspector chooses from; the same place in it if it can be."""
    shape = inspector.rows[number].writes[0].at(inspector.n)
    if len(shape) != len(index):
        return ()
    return tuple(min(at, size - 1) for at, size in zip(index, shape, strict=True))


def row_in_batch(inspector: Inspector, item: int) -> tuple[int, str]:
    """The row of the batch that stands for an example of the shown part, and a sentence that says which one it is."""
    trainer = inspector.trainer
    batch = f"the batch of step {trainer.step + 1:,}"
    if shown_part(trainer) is not trainer.split.train:
        return 0, (
            f"No step trains on example {item:,}, which is a validation row: enter shows the same number of row 0 of "
            f"{batch}."
        )
    own = np.flatnonzero(source_rows(inspector) == item) if not inspector.batch_words else np.zeros(0, np.int64)
    if len(own):
        return int(own[0]), f"Enter shows it in {batch}, where the example is row {int(own[0])}."
    return 0, f"Example {item:,} is not in {batch}: enter shows the same number of its row 0."


def find_same_number(
    run: TrainingThread, slot: str, index: tuple[int, ...], item: int
) -> tuple[InspectorPlace | None, tuple[str, ...]]:
    """Where the inspector shows a number of a slot, and what is to be said of that; nothing where it cannot.

    Args:
        index: which number of one row.
    """

    def place(inspector: Inspector) -> tuple[InspectorPlace | None, tuple[str, ...]]:
        number = find_writer(inspector, slot)
        if number is None:
            return None, ()
        row, words = row_in_batch(inspector, item)
        return InspectorPlace(inspector.trainer.step, number, _in_first(inspector, number, (row, *index))), (words,)

    return look_at_last_step(run, place)


def look_at_last_step(
    run: TrainingThread, look: Callable[[Inspector], tuple[InspectorPlace | None, tuple[str, ...]]]
) -> tuple[InspectorPlace | None, tuple[str, ...]]:
    """What is found in the step that was taken last; nothing where steps cannot be walked."""
    trainer, _ = run.require_run()
    try:
        with standing_at(run, trainer.step - 1) as inspector:
            return look(inspector)
    except NnplayError:
        return None, ()
