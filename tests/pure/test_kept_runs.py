"""Which of the other runs a session keeps."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from nnplay.timeline.saved.kept_run import MOST_RUNS, fit_runs


def run(number: int, **curves: Any) -> Any:
    """What is asked of a run: its number, tensors, curves and bytes."""
    history = SimpleNamespace(to_arrays=lambda: curves)
    return SimpleNamespace(number=number, nbytes=0, end=SimpleNamespace(tensors=None), history=history)


def test_a_run_without_parameters_and_curves_is_kept() -> None:
    """A network that has nothing to learn, and took no step, is kept as others are; one with too long a name is not."""
    assert [kept.number for kept in fit_runs([run(1), run(2, loss=0)])] == [1, 2]
    assert fit_runs([run(1, **{"x" * 1000: 0})]) == ()


def test_the_newest_are_kept() -> None:
    """Of more runs than fit, the last ones stay, in their order."""
    numbers = range(MOST_RUNS + 3)
    assert [kept.number for kept in fit_runs([run(number) for number in numbers])] == [*numbers][3:]
