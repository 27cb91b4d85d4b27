"""The first frame: the panes' borders and titles where they will be, drawn without anything large being imported.

Textual and the back end take a good half second to import; this frame stands on the screen in the meantime. It is
replaced by the real one as a whole, and a test holds both against each other.
"""

from __future__ import annotations

from typing import Literal

from nnplay.tui.arrange import HEADINGS, Arrangement, arrange, tab_names
from nnplay.tui.terminal.colours import Colours
from nnplay.tui.theme.few_colours import nearest_of_256
from nnplay.tui.theme.palette import Palette, rgb

Box = tuple[int, int, int, int]
Ink = Literal["text", "dim", "faint", "accent"]

LEFT, LAYERS, HEALTH = 31, 9, 7
"""Width of the left column, and heights of two panes, of which that of the layers is for the first preset."""
_ROUND, _ASCII = "╭─╮│╰╯", "+-+|++"
_DARK_16 = {"text": "97", "dim": "37", "faint": "90", "accent": "96"}
_LIGHT_16 = {"text": "30", "dim": "90", "faint": "37", "accent": "36"}


def boxes(width: int, height: int, current: str = "output") -> dict[str, Box]:
    """Left, top, width and height of every pane that a screen of this size shows at the start."""
    plan = arrange(width, height, current)
    high = height - 3
    if plan.mode == "wide":
        return _wide(width, high)
    high -= 1
    if plan.mode == "single":
        return {current: (0, 2, width, high)}
    half = width // 2
    return {
        "output": (0, 2, half, high),
        "curves": (half, 2, width - half, high - HEALTH + 1),
        "health": (half, 3 + high - HEALTH, width - half, HEALTH - 1),
    }


def _wide(width: int, high: int) -> dict[str, Box]:
    middle = int((width - LEFT) * 1.25 / 2.25)
    x, right = LEFT + middle, width - LEFT - middle
    upper = int((high - HEALTH) * 0.6)
    return {
        "data": (0, 1, LEFT, high // 2),
        "training": (0, 1 + high // 2, LEFT, high - high // 2),
        "network": (LEFT, 1, middle, high - LAYERS),
        "layers": (LEFT, 1 + high - LAYERS, middle, LAYERS),
        "output": (x, 1, right, upper),
        "curves": (x, 1 + upper, right, high - HEALTH - upper),
        "health": (x, 1 + high - HEALTH, right, HEALTH),
    }


class Canvas:
    """A grid of characters, each with its ink and whether it stands on raised ground; nothing outside it is drawn."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._cells: list[list[tuple[str, Ink, bool]]] = [[(" ", "text", False)] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, ink: Ink, raised: bool = False) -> None:
        """Write `text` from column `x` of row `y`."""
        if 0 <= y < self.height:
            for place, letter in enumerate(text[: max(0, self.width - x)], x):
                self._cells[y][place] = (letter, ink, raised)

    def box(self, box: Box, title: str, ink: Ink, corners: str) -> None:
        """A border with a title in it."""
        x, y, width, height = box
        if width < 2 or height < 2:
            return
        a, line, b, side, c, d = tuple(corners)
        self.put(x, y, a + line * (width - 2) + b, ink)
        for row in range(y + 1, y + height - 1):
            self.put(x, row, side, ink)
            self.put(x + width - 1, row, side, ink)
        self.put(x, y + height - 1, c + line * (width - 2) + d, ink)
        self.put(x + 1, y, f"{line} {title} "[: width - 2], ink)
        self.put(x + 3, y, title[: max(0, width - 5)], "accent" if ink == "accent" else "dim")

    def text(self) -> list[str]:
        """The rows without their colours."""
        return ["".join(letter for letter, _, _ in row) for row in self._cells]

    def paint(self, colours: Colours, palette: Palette) -> str:
        """The bytes that draw the grid on a terminal, from its upper left corner."""
        rows = []
        for number, row in enumerate(self._cells, 1):
            parts, before = [f"\x1b[{number};1H"], None
            for letter, ink, raised in row:
                if (ink, raised) != before:
                    before = (ink, raised)
                    parts.append(_style(ink, raised, colours, palette))
                parts.append(letter)
            rows.append("".join(parts))
        return "".join(rows) + "\x1b[0m"


def draw(width: int, height: int, *, ascii_only: bool = False, message: str = "getting ready …") -> Canvas:
    """Header, names of the panes, borders, a line that says what is going on, and the ground of the footer."""
    canvas = Canvas(width, height)
    plan = arrange(width, height, "output")
    canvas.put(0, 0, " " * width, "text", raised=True)
    canvas.put(1, 0, "nnplay", "accent", raised=True)
    canvas.put(0, height - 1, " " * width, "text", raised=True)
    canvas.put(1, height - 2, message.replace("…", "..." if ascii_only else "…"), "dim")
    if plan.mode != "wide":
        _tabs(canvas, plan)
    for name, box in boxes(width, height).items():
        ink: Ink = "accent" if name == "output" else "faint"
        canvas.box(box, " ".join(HEADINGS[name]).strip(), ink, _ASCII if ascii_only else _ROUND)
    return canvas


def _tabs(canvas: Canvas, plan: Arrangement) -> None:
    x = 0
    for name, text in tab_names(canvas.width):
        canvas.put(x, 1, text, "accent" if name == "output" else "text" if name in plan.panes else "dim")
        x += len(text) + 1


def _style(ink: Ink, raised: bool, colours: Colours, palette: Palette) -> str:
    if colours == "none":
        return "\x1b[0m"
    if colours == "16":
        return f"\x1b[0;{_DARK_16[ink]};40m" if palette.dark else f"\x1b[0;{_LIGHT_16[ink]};107m"
    ground = palette.raised if raised else palette.background
    return f"\x1b[0;38;{_colour(getattr(palette, ink), colours)};48;{_colour(ground, colours)}m"


def _colour(colour: str, colours: Colours) -> str:
    if colours == "full":
        return "2;{};{};{}".format(*rgb(colour))
    return f"5;{nearest_of_256(colour)}"
