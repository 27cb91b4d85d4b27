"""How much each setting mattered, as bars."""

from __future__ import annotations

from nnplay.sweeps.importance import FEWEST
from nnplay.text import clean, counted, percent
from nnplay.tui.draw import bars
from nnplay.tui.sweep.view_state import ViewState
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined, wrap


def draw(state: ViewState, width: int, height: int, look: Look) -> list[Row]:
    """A bar for each setting, the longest first, and what it says."""
    count, shares = len(state.board.outcomes), state.board.importance
    if not shares:
        words = f"nothing can be said yet: it takes {FEWEST} trials that do not all score the same"
        return [(), *(((f"  {line}", look.ink("dim")),) for line in wrap(words, width - 4))]
    room = min(max(len(name) for name in shares) + 1, width // 3)
    rows: list[Row] = [()]
    for name, share in sorted(shares.items(), key=lambda item: -item[1])[: max(1, (height - 5) // 2)]:
        bar = bars.bar(share, max(4, width - room - 14), look)
        text = look.ink("text")
        rows += [joined([(f"  {fit(clean(name), room)}", text), *bar, (f"  {percent(share):>6}", text)]), ()]
    goal = state.sweep.objectives[0].name
    words = (
        f"so much of the differences in {goal} among {counted(count, 'trial')} each setting explains by itself; "
        "what is missing to 100 % is chance, and settings that matter only together"
    )
    return [*rows, *(((f"  {line}", look.ink("dim")),) for line in wrap(words, width - 4))]
