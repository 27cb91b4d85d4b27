"""Claims about flow control."""

from nnplay.tui.terminal.frame_gate import DEAF_AFTER, DEAF_INTERVAL, PATIENCE, FrameGate


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_next_frame_waits_for_the_answer() -> None:
    """After a frame the gate stays shut until the terminal answers, and measures how long that took."""
    clock = Clock()
    gate = FrameGate(clock)
    assert gate.is_open()
    assert gate.note_frame()
    clock.now += 0.3
    assert not gate.is_open()
    gate.note_answer()
    assert gate.is_open()
    assert abs(gate.round_trip - 0.3) < 1e-9


def test_patience_ends() -> None:
    """A lost answer delays one frame by the patience only."""
    clock = Clock()
    gate = FrameGate(clock)
    gate.note_answer()
    gate.note_frame()
    clock.now += PATIENCE + 0.01
    assert gate.is_open()
    assert not gate.deaf


def test_terminal_that_never_answers_is_no_longer_asked() -> None:
    """Two questions without any answer ever: frames then go by the clock, and no question is sent."""
    clock = Clock()
    gate = FrameGate(clock)
    for _ in range(DEAF_AFTER):
        assert gate.note_frame()
        clock.now += PATIENCE + 0.01
        assert gate.is_open()
    assert gate.deaf
    assert not gate.note_frame()
    assert not gate.is_open()
    clock.now += DEAF_INTERVAL
    assert gate.is_open()


def test_without_a_terminal_the_gate_is_open() -> None:
    """A headless run is never held up."""
    gate = FrameGate(Clock(), can_ask=False)
    assert not gate.note_frame()
    assert gate.is_open()
