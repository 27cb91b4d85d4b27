"""A sheet to draw an image on, by keys or mouse, with what the network takes it for beside it, all the while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.draw.blocks import half_blocks, quantise, resize
from nnplay.tui.outputs.verdict import draw_chances
from nnplay.tui.theme.palette import blend
from nnplay.tui.widgets.cells import Cells, Row, joined
from nnplay.views.chances import Chance

Ask = Callable[[NDArray[Any]], Sequence[Chance]]

_LEVELS: Final = 16
_SHADES: Final = ".,:-=+*#%@"
#: Ink beside the middle of the pen, on sheets with room for a pen as broad as that.
_EDGE: Final = 0.45
_BROAD: Final = 16
#: Columns of the answer.
_ANSWER: Final = 26
#: Seconds after which the network, which may be training, is asked again.
_AGAIN: Final = 0.5
#: Rows and columns around the sheet.
_AROUND: Final = (8, _ANSWER + 10)


class Sheet(Cells, can_focus=True):
    """The image; pixels are squares of as many columns as there is room for.

    Attributes:
        ink: (height, width) from 0 to 1.
        pen: whether the cursor draws where it goes.
    """

    DEFAULT_CSS = "Sheet { width: auto; height: auto; }"

    def __init__(self, height: int, width: int, changed: Callable[[], None]) -> None:
        super().__init__(id="sheet")
        self.ink: NDArray[np.float32] = np.zeros((height, width), np.float32)
        self.pen = False
        self._cursor = (height // 2, width // 2)
        self._changed = changed

    def fit(self, rows: int, columns: int) -> None:
        """As large as fits into so many cells."""
        height, width = self.ink.shape
        scale = max(1, min(2 * rows // height, columns // width))
        self.styles.width, self.styles.height = scale * width, -(-scale * height // 2)

    def move(self, down: int, right: int) -> None:
        """The cursor goes to a neighbour, drawing if the pen is down."""
        (y, x), (height, width) = self._cursor, self.ink.shape
        self._cursor = min(max(0, y + down), height - 1), min(max(0, x + right), width - 1)
        if self.pen:
            self.dab(*self._cursor)
        self.redraw()

    def press(self) -> None:
        """The pen goes down, or up."""
        self.pen = not self.pen
        if self.pen:
            self.dab(*self._cursor)

    def clear(self) -> None:
        """An empty sheet."""
        self.ink[:] = 0
        self.pen = False
        self._change()

    def dab(self, y: int, x: int) -> None:
        """Ink at a pixel, and some around it."""
        height, width = self.ink.shape
        around = ((0, 1), (1, 0), (0, -1), (-1, 0)) if min(height, width) >= _BROAD else ()
        for down, right in around:
            if 0 <= y + down < height and 0 <= x + right < width:
                self.ink[y + down, x + right] = max(self.ink[y + down, x + right], _EDGE)
        self.ink[y, x] = 1
        self._change()

    def _change(self) -> None:
        self.redraw()
        self._changed()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The ink, and the cursor."""
        levels = quantise(resize(self.ink, 2 * height, width), 0.0, 1.0, _LEVELS)
        (y, x), (tall, broad) = self._cursor, self.ink.shape
        at = (min(height - 1, int((y + 0.5) / tall * height)), min(width - 1, int((x + 0.5) / broad * width)))
        if self.look.blocks:
            palette = self.look.palette
            colours = [blend(palette.raised, palette.text, level / (_LEVELS - 1)) for level in range(_LEVELS)]
            return half_blocks(levels, colours, self.look, {at: ("+", palette.accent)})
        means = (levels[0::2] + levels[1::2]) / (2 * _LEVELS - 2)
        rows = [[_SHADES[min(9, int(share * 10))] for share in row] for row in means.tolist()]
        rows[at[0]][at[1]] = "X"
        return [joined([(letter, self.look.ink("text")) for letter in row]) for row in rows]

    def _pixel(self, event: events.MouseEvent) -> tuple[int, int]:
        (width, height), (tall, broad) = self.size, self.ink.shape
        return min(tall - 1, max(0, event.y * tall // height)), min(broad - 1, max(0, event.x * broad // width))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Drawing begins."""
        self.capture_mouse()
        self._cursor = self._pixel(event)
        self.dab(*self._cursor)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """While the button is held, a line is drawn from where the pen was."""
        if not event.button:
            return
        (y0, x0), (y1, x1) = self._cursor, self._pixel(event)
        steps = max(abs(y1 - y0), abs(x1 - x0))
        for step in range(1, steps + 1):
            self.dab(y0 + round((y1 - y0) * step / steps), x0 + round((x1 - x0) * step / steps))
        self._cursor = y1, x1

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Drawing ends."""
        self.release_mouse()


class Taken(Cells):
    """What the image is taken for."""

    DEFAULT_CSS = f"Taken {{ width: {_ANSWER}; height: 8; margin-left: 2; }}"

    def __init__(self) -> None:
        super().__init__(id="taken")
        self.chances: tuple[Chance, ...] = ()
        self.trained = True

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The likeliest class, and how likely each is."""
        if not self.chances:
            return [(("draw something", self.look.ink("dim")),)]
        words = "this is " if self.trained else "untrained: "
        head: Row = ((words, self.look.ink("dim")), (self.chances[0][0], self.look.ink("accent", bold=True)))
        return [head, (), *draw_chances(self.chances, self.chances[0][0], width, height - 2, self.look)]


class AskImage(Dialog[None]):
    """Draws an image and asks the network.

    Args:
        shape: height and width of the image.
        ask: the likeliest classes of an image, from any thread.
        trained: whether the network has taken a step.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(keys, f"move({way})", "move", show=False)
            for keys, way in (("up,k", "-1, 0"), ("down,j", "1, 0"), ("left,h", "0, -1"), ("right,l", "0, 1"))
        ),
        Binding("space", "press", "pen", show=False),
        Binding("c,delete,backspace", "clear", "clear", show=False),
    ]
    DEFAULT_CSS = "AskImage > Vertical { width: auto; } AskImage Horizontal { width: auto; height: auto; }"

    def __init__(self, shape: tuple[int, int], ask: Ask, trained: Callable[[], bool]) -> None:
        super().__init__("what is this?", "drag, or ← → ↑ ↓ with space: pen down, up · c clear · esc")
        self._shape, self._ask, self._trained = shape, ask, trained

    def body(self) -> ComposeResult:
        """The sheet, and the answer beside it."""
        with Horizontal():
            yield Sheet(*self._shape, changed=self._question)
            yield Taken()

    def on_mount(self) -> None:
        """As large as the screen allows; the network is asked again and again, as it may be training."""
        self._fit()
        self.query_one(Sheet).focus()
        self.set_interval(_AGAIN, self._question)

    def on_resize(self) -> None:
        """Another size of the screen."""
        self._fit()

    def _fit(self) -> None:
        self.query_one(Sheet).fit(self.app.size.height - _AROUND[0], self.app.size.width - _AROUND[1])

    def _question(self) -> None:
        """Asks beside the event loop: between two steps the network answers."""
        ink = self.query_one(Sheet).ink
        if not ink.any():
            self._answer(())
            return
        copy = ink.copy()
        self.run_worker(lambda: self._ask_and_answer(copy), thread=True, exclusive=True, exit_on_error=False)

    def _ask_and_answer(self, ink: NDArray[Any]) -> None:
        chances = tuple(self._ask(ink))
        self.app.call_from_thread(self._answer, chances)

    def _answer(self, chances: tuple[Chance, ...]) -> None:
        if self.is_attached:
            taken = self.query_one(Taken)
            taken.chances, taken.trained = chances, self._trained()
            taken.redraw()

    def action_move(self, down: int, right: int) -> None:
        """The cursor goes to a neighbour."""
        self.query_one(Sheet).move(down, right)

    def action_press(self) -> None:
        """The pen goes down, or up."""
        self.query_one(Sheet).press()

    def action_clear(self) -> None:
        """An empty sheet."""
        self.query_one(Sheet).clear()
