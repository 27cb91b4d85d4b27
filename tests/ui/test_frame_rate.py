"""Claims about the pace of pictures."""

from nnplay.tui.terminal.frame_rate import BUDGET, SLOW_BUDGET, FrameRate
from tests.ui.test_frame_gate import Clock


def _run(cost: float, seconds: float, budget: float) -> tuple[int, float]:
    clock = Clock()
    frame_rate = FrameRate(clock, budget)
    frames, last = 0, float("-inf")
    for _ in range(int(seconds * 20)):
        if frame_rate.is_due(last):
            frame_rate.note_cost(cost)
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
    """Answers that take long bring the small budget; short ones give the full one back, unless slow."""
    frame_rate = FrameRate(Clock())
    for _ in range(10):
        frame_rate.note_round_trip(0.6)
    assert frame_rate.budget == SLOW_BUDGET
    for _ in range(20):
        frame_rate.note_round_trip(0.01)
    assert frame_rate.budget == BUDGET
    slow = FrameRate(Clock(), SLOW_BUDGET, slow=True)
    slow.note_round_trip(0.01)
    assert slow.budget == SLOW_BUDGET
