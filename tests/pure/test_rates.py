"""The learning rate that is suggested in place of one that is too high."""

from __future__ import annotations

import pytest

from nnplay.training.learning_rate import lower_rate


@pytest.mark.parametrize(("rate", "usual", "wanted"), [(0.3, 0.001, 0.001), (0.1, 0.001, 0.01), (1000.0, 0.01, 0.01)])
def test_a_tenth_unless_that_is_far_too_high_too(rate: float, usual: float, wanted: float) -> None:
    """A tenth of the rate, or the optimizer's usual one where a tenth is more than ten times that."""
    assert lower_rate(rate, usual) == pytest.approx(wanted)
