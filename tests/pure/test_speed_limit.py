"""How many steps a second a person lets the training go."""

from __future__ import annotations

from nnplay.run.speed_limit import EASED, FULL, SpeedLimit


def test_full_speed_has_no_limit_anywhere() -> None:
    """At full speed no step is held back."""
    assert [FULL.at(step) for step in (0, 7, 1_000_000)] == [0.0, 0.0, 0.0]


def test_a_fixed_speed_is_the_same_at_every_step() -> None:
    """Ten steps a second stay ten, late in a run too."""
    assert [SpeedLimit(10.0).at(step) for step in (0, 7, 1_000_000)] == [10.0, 10.0, 10.0]


def test_easing_in_shows_a_thousand_steps_in_seconds_and_then_lets_go() -> None:
    """Some seconds show the first 1,000 steps, and at ten seconds even a million steps a second are not held back."""
    step, seconds, thousand = 0.0, 0.0, 0.0
    while EASED.at(int(step)) < 1e6:
        step, seconds = step + 0.01 * EASED.at(int(step)), seconds + 0.01
        thousand = seconds if step < 1_000 else thousand
    assert 2 < thousand < 4
    assert seconds < 10
