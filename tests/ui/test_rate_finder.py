"""`:find lr` on the screen: a curve, four suggestions, and enter takes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnplay.training.rate_finder import Sweep, suggest
from nnplay.tui.draw.sweep import draw_sweep
from nnplay.tui.picker.screen import Picker
from nnplay.tui.theme.look import Look
from tests.ui.playing import asked, make, type_line
from tests.ui.waiting import until

RATES = np.geomspace(1e-7, 10, 200)
LOSSES = 1.0 - 0.6 / (1 + np.exp(-3 * (np.log10(RATES) + 3))) + np.where(RATES > 1, RATES**2, 0)
SWEEP = Sweep(RATES, LOSSES, LOSSES, suggest(RATES, LOSSES))


class Answering:
    """A worker that has swept already."""

    def ask(self, question: Callable[[Any], Any]) -> Sweep:
        """The sweep, whatever is asked."""
        return SWEEP


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.slow)])
async def test_enter_takes_the_suggested_rate(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The suggestions come up over the curve; the second one goes to the back end as the learning rate."""
    app = make()
    monkeypatch.setattr(app._backend, "worker", Answering(), raising=False)
    async with app.run_test(size=size) as pilot:
        await type_line(pilot, "find lr")
        await until(pilot, lambda: isinstance(app.screen, Picker))
        await pilot.press("down", "enter")
        wanted = f"{SWEEP.suggestions[1].rate:.2g}"
        await until(pilot, lambda: any(wanted in str(call) for call in asked(app)))


@pytest.mark.parametrize("look", [Look(), Look(ascii=True)])
def test_the_curve_fits_its_room_and_marks_the_chosen_rate(look: Look) -> None:
    """As many rows as there is room for, none wider, and one mark."""
    rows = draw_sweep(SWEEP, SWEEP.suggestions[0].rate, 40, 8, look)
    text = ["".join(run[0] for run in row) for row in rows]
    assert len(text) == 8
    assert all(len(line) == 40 for line in text)
    assert sum(line.count(look.pick("●", "o")) for line in text[:-1]) == 1
    assert text[-1].startswith("lr 1e-07")
