"""Integrated gradients: what each part of the input adds to an answer (Sundararajan, Taly and Yan, 2017).

IG = (x − x₀)·∫ ∂F/∂x (x₀ + α·(x − x₀)) dα over α from 0 to 1, with x₀ = 0. Their sum is F(x) − F(x₀), which is checked.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import figure
from nnplay.training.trainer import Trainer
from nnplay.views.asked_answer import answer_places
from nnplay.views.attribution import Attribution, Question, ask, attribute, can_ask
from nnplay.views.view import Asked, View
from nnplay.views.worst_example import find_worst_example

Array = NDArray[Any]
#: Points between baseline and input; fewer where a network is so large that they would take long.
STEPS: Final = 50
_LEAST_STEPS: Final = 8
#: Multiply-adds, there and back, that all of them may cost.
_COST: Final = 3e8


def make_integrated_gradients(trainer: Trainer, asked: Asked) -> Attribution:
    """What each part adds to the output, by Gauss–Legendre quadrature, and whether the sum is what it should be."""
    question = ask(trainer, asked)
    steps = max(_LEAST_STEPS, min(STEPS, int(_COST / (3 * max(1, trainer.plan.multiply_adds)))))
    parts, there, zero = integrate(question, steps)
    head = f"what each part adds to the output for {question.answer.name}"
    notes = (check_sum(float(parts.sum()), there, zero), f"baseline 0, {steps} steps")
    return attribute(trainer, asked, question, head, parts, signed=True, notes=notes)


def integrate(question: Question, steps: int = STEPS) -> tuple[Array, float, float]:
    """What each number of the input adds, in its shape; and F(x) and F(0), worked out in the same batch."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    shares = np.concatenate([(nodes + 1) / 2, [1.0, 0.0]]).reshape(-1, *(1,) * (question.given.ndim - 1))
    probed = question.prober.slopes(shares * question.given, question.answer.direction)
    there, zero = question.answer.of(probed.answers[steps:]).tolist()
    return question.given[0] * np.tensordot(weights / 2, probed.slope[:steps].astype(np.float64), 1), there, zero


def check_sum(total: float, there: float, zero: float) -> str:
    """The completeness check in words."""
    off = abs(total - (there - zero))
    return f"sum {figure(total)} = F(x) {figure(there)} − F(0) {figure(zero)}, off by {figure(off, 1)}"


INTEGRATED_GRADIENTS = View(
    "integrated gradients",
    Attribution,
    can_ask,
    make_integrated_gradients,
    item="example",
    places=answer_places,
    place="answer",
    find_worst=find_worst_example,
    about="What each pixel, column or token adds to the answer or takes from it; the sum is checked.",
    group="why",
    order=0,
)
