"""How many steps a second a person lets the training go."""

from __future__ import annotations

from nnplay.run.speed_limit import EASED, FULL, SpeedLimit


def test_full_speed_has_no_limit_anywhere() -> None:
    """At full speed no step is held back."""
    assert [FULL.at(step) for step in (0, 7, 1_000_000)] == [0.0, 0.0, 0.0]


def test_a_fixed_speed_is_the_same_at_every_step() -> None:
    """Ten steps a second stay ten, late in a run too."""
    assert [SpeedLimit(10.0).at(step) for step in (0, 7, 1_000_000)] == [10.0, 10.0, 10.0]


def _seconds_to(wanted: int) -> float:
    """Seconds after which the eased speed has come to a step."""
    step, seconds = 0.0, 0.0
    while step < wanted:
        step, seconds = step + 0.01 * EASED.at(int(step)), seconds + 0.01
    return seconds


def test_easing_in_shows_the_first_run_in_a_quarter_of_a_minute_and_then_lets_go() -> None:
    """The 6,600 steps of the first run take some 15 seconds, half of them the first 1,000; later ones pass faster."""
    assert 6 < _seconds_to(1_000) < 8
    assert 13 < _seconds_to(300 * 22) < 17
    assert _seconds_to(100_000) < 30
