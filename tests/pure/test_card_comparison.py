"""What is right where presets are compared on a card that is not there, and what their processes are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from nnplay.tape.machines import card_run, cuda_machine
from tests.virtual_card.compare import Comparison, parser_of_words, walk_all, words_of

NEAR, FAR = (1e-7, 1e-7), (1e-3, 1e-4)
RIGHT = {"gradients": 1e-6, "optimizer_state": 1e-6, "buffers": 1e-6, "parameters": 1e-4}


@pytest.mark.parametrize(
    ("changes", "loss", "exact", "right"),
    [
        ({}, 1e-6, NEAR, True),
        ({"gradients": 3e-5, "optimizer_state": 3e-5}, 1e-6, NEAR, True),
        ({"gradients": 3e-3, "optimizer_state": 3e-3}, 1e-6, (1e-3, 2e-3), True),
        ({"gradients": 3e-5, "optimizer_state": 3e-5}, 1e-6, FAR, False),
        ({"optimizer_state": 5.0}, 1e-6, NEAR, False),
        ({"buffers": 9.0}, 1e-6, NEAR, False),
        ({"gradients": 3e-5, "buffers": 3e-5}, 1e-6, NEAR, False),
        ({"gradients": 3e-5}, float("inf"), NEAR, False),
        ({}, float("inf"), NEAR, False),
        ({}, float("nan"), NEAR, False),
    ],
)
def test_only_gradients_and_their_moments_may_be_as_far_as_a_processors(
    changes: dict[str, float], loss: float, exact: tuple[float, float], right: bool
) -> None:
    found = Comparison(RIGHT | changes, "most in layer 0.weight", loss, exact, 1e-5)
    assert found.right is right
    assert ("WRONG" in str(found)) is not right


def test_a_process_of_a_preset_is_asked_for_all_that_was_asked_for() -> None:
    """However it was written, with a space or without."""
    given = ["lenet", "spiral", "--batch", "8", "--seed=3", "--schedules", "block,grid", "--tf32"]
    asked = parser_of_words().parse_args(given)
    again = parser_of_words().parse_args(words_of("spiral", asked, "there"))
    assert (again.presets, str(again.folder)) == (["spiral"], "there")
    kept = {"presets", "folder"}
    assert {name: value for name, value in vars(again).items() if name not in kept} == {
        "schedules": "block,grid",
        "minutes": 20,
        "gigabytes": 8,
        "batch": 8,
        "seed": 3,
        "steps": 2,
        "tf32": True,
    }


def test_what_is_compiled_for_a_run_has_the_kernels_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    tape: Any = None
    for module in (card_run, cuda_machine):
        monkeypatch.setattr(module, "kernels_of", module.kernels_of)
    walk_all(["nnplay.operations.copy:copy"])
    for module in (card_run, cuda_machine):
        assert [kernel.name for kernel in module.kernels_of(tape)] == ["nnplay.operations.copy:copy"]
