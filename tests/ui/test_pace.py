"""Claims about the pace of pictures."""

from nnplay.tui.pace import Pace
from tests.ui.test_gate import Clock


def _run(cost: float, seconds: float, budget: float) -> tuple[int, float]:
    clock = Clock()
    pace = Pace(clock, budget)
    frames = 0
    for _ in range(int(seconds * 20)):
        if pace.due():
            pace.drawn(cost)
            frames += 1
        clock.now += 0.05
    return frames, frames * cost / seconds


def test_cheap_pictures_come_four_times_a_second() -> None:
    """Pictures that cost little are drawn at the full rate, never faster."""
    frames, _ = _run(100, 20, 36_000)
    assert 70 <= frames <= 80


def test_dear_pictures_stay_within_the_budget() -> None:
    """In a long run the mean rate of bytes is the budget, however dear a frame is."""
    _, rate = _run(40_000, 600, 36_000)
    assert 30_000 < rate < 37_500


def test_a_run_begins_with_a_smooth_burst() -> None:
    """In its first second even dear pictures come at the full rate."""
    frames, _ = _run(40_000, 1, 36_000)
    assert frames >= 4
