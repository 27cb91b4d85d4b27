"""Claims about the pace of pictures."""

from nnplay.tui.terminal.frame_rate import BUDGET, SLOW_BUDGET, Pace
from tests.ui.test_gate import Clock


def _run(cost: float, seconds: float, budget: float) -> tuple[int, float]:
    clock = Clock()
    pace = Pace(clock, budget)
    frames, last = 0, float("-inf")
    for _ in range(int(seconds * 20)):
        if pace.due(last):
            pace.drawn(cost)
            frames, last = frames + 1, clock.now
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


def test_a_slow_line_is_found_and_a_quick_one_again() -> None:
    """Answers that take long bring the small budget; short ones give the full one back, unless told."""
    pace = Pace(Clock())
    for _ in range(10):
        pace.measured(0.6)
    assert pace.budget == SLOW_BUDGET
    for _ in range(20):
        pace.measured(0.01)
    assert pace.budget == BUDGET
    told = Pace(Clock(), SLOW_BUDGET, slow=True)
    told.measured(0.01)
    assert told.budget == SLOW_BUDGET
