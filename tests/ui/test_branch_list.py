"""The list of other branches: how each compares with the run that is trained now."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.timeline.branch_curves import curve_name
from nnplay.training.curves.history import Curve
from nnplay.tui.dialogs.branches import branch_picker, compare_losses


def curve(first: int, last: int, loss: float) -> Curve:
    """Losses that fall towards a value."""
    made = Curve()
    steps = np.arange(first, last + 1)
    made.extend(steps, np.where(steps > (first + last) / 2, loss, 4 * loss))
    return made


@pytest.mark.parametrize(
    ("other", "own", "words"),
    [
        (curve(41, 100, 0.5), curve(1, 300, 0.25), "loss 0.5, here 1 at 100 ███▃▃▃"),
        (curve(41, 100, 0.5), curve(1, 80, 0.25), "loss 0.5, here 0.25 at 80"),
        (Curve(), curve(1, 80, 0.25), ""),
        (None, None, ""),
    ],
)
def test_a_branch_is_compared_at_a_step_that_both_have(other: Curve | None, own: Curve | None, words: str) -> None:
    """By the mean loss of the batches shortly before it."""
    found = compare_losses(other, own)
    assert words in found
    assert bool(words) == bool(found)


def test_the_list_finds_the_curve_of_each_branch() -> None:
    """By its name, also from a late step."""
    curves = {"loss": curve(1, 5000, 0.25), curve_name(1040, "lr 0.1"): curve(1041, 2000, 0.5)}
    picker = branch_picker([("lr 0.1 from step 1,040", "trained to step 2,000")], curves, lambda words: None)
    notes = [choice.note for shelf in picker._shelves for choice in shelf.choices]
    assert len(notes) == 1
    assert notes[0].startswith("trained to step 2,000 · loss 0.5, here 1 at 2,000 █")
