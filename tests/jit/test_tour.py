"""The tour's page says what the program prints, and its sums are right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nnplay
from nnplay.lessons.tour import WEIGHTS, X, Y, make_trainer, tour

PAGE = Path(nnplay.__file__).resolve().parent.parent / "docs" / "tour.md"


@pytest.mark.parametrize("part", range(5))
def test_the_page_shows_what_the_program_prints(part: int) -> None:
    """Tape, three rows and losses stand in docs/tour.md letter for letter."""
    parts = tour().split("\n\n")
    assert len(parts) == 5
    assert parts[part] in PAGE.read_text(encoding="utf-8")


def test_the_step_equals_the_chain_rule_worked_in_numpy() -> None:
    """One step of the tour's network gives the weights that the formulas give."""
    x, y = np.array(X), np.array(Y)
    w1, b1, w2, b2 = (np.array(WEIGHTS[name]) for name in ("0.weight", "0.bias", "2.weight", "2.bias"))
    h = np.tanh(x @ w1 + b1)
    dz = 2 * (h @ w2 + b2 - y)
    da = dz @ w2.T * (1 - h**2)
    trainer = make_trainer()
    trainer.run(steps=1)
    found = trainer.parameters()
    for name, before, gradient in (
        ("0.weight", w1, x.T @ da),
        ("0.bias", b1, da.sum(axis=0)),
        ("2.weight", w2, h.T @ dz),
        ("2.bias", b2, dz.sum(axis=0)),
    ):
        np.testing.assert_allclose(found[name], before - 0.1 * gradient, rtol=1e-5, atol=1e-6)
