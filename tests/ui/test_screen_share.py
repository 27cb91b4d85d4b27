"""How much of the processor the screen takes from a training that runs flat out."""

from __future__ import annotations

from nnplay.tui.terminal.screen_share import SHARE, ScreenShare


def _draw(training: float, cost: float, seconds: float, *, flat_out: bool = True) -> tuple[int, float]:
    """Draws in so many seconds, and their share of what the training had of each second."""
    spent, had, last, count = [0.0], [0.0], 0.0, 0
    share = ScreenShare(lambda: spent[0], lambda: spent[0] + had[0])
    for tick in range(int(seconds * 10)):
        now = tick / 10
        had[0] += training / 10
        if share.allows(now - last, flat_out=flat_out):
            spent[0] += cost
            last, count = now, count + 1
    return count, spent[0] / had[0]


def test_a_screen_that_costs_little_is_drawn_each_time() -> None:
    """Where the training has a core for itself, a frame of 10 ms ten times a second is within the share."""
    assert _draw(1.0, 0.01, 20)[0] == 200


def test_where_the_training_gets_little_the_screen_takes_its_share() -> None:
    """Of a quarter of a core, and of a dear frame; once a second it is drawn in any case, and freely beside a rest."""
    for training, cost in ((0.3, 0.01), (1.0, 0.1)):
        count, share = _draw(training, cost, 60)
        assert 60 < count < 300
        assert 0.7 * SHARE < share < 1.2 * SHARE
    assert 55 <= _draw(0.02, 0.02, 60)[0] <= 65
    assert _draw(0.02, 0.02, 60, flat_out=False)[0] == 600
