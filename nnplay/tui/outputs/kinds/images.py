"""A grid of pictures, mistakes first, each with what it is taken for."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.text import clean
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.pictures import draw_picture, put_beside
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined
from nnplay.views.kinds.images import Images

_ENOUGH = 6
"""Pictures are made smaller until so many find room."""

_LEAST_COLUMNS = 12
"""A grid shows pictures no narrower than that, for the words below them."""


def count_shown(view: Images, width: int, height: int) -> int:
    """How many pictures of the grid find room."""
    _, across, down = _fit_grid(view, width, height)
    return min(len(view.images), across * down)


def _fit_grid(view: Images, width: int, height: int) -> tuple[tuple[int, int], int, int]:
    """Size of a picture in cells, and how many there are across and down."""
    tall, broad = view.images.shape[1:3]
    columns = min(max(broad, _LEAST_COLUMNS), width)
    while True:
        rows = min(-(-tall * columns // (2 * broad)), max(1, height - 2))
        below = len(_caption_words(view, 0, columns)) if len(view.images) else 1
        across, down = max(1, (width + 1) // (columns + 1)), max(1, (height - 1) // (rows + below))
        if across * down >= _ENOUGH or columns <= _LEAST_COLUMNS:
            return (rows, columns), across, down
        columns -= 1


def draw(view: Images, width: int, height: int, look: Look) -> list[Row]:
    """A grid of pictures, mistakes first, each with what it is taken for."""
    (tall, broad), across, down = _fit_grid(view, width, height)
    rows: list[Row] = [((fit(_summarize(view, width), width), look.ink("dim")),)]
    for line in range(down):
        chosen = range(line * across, min(len(view.images), (line + 1) * across))
        if chosen:
            pictures = [draw_picture(view.images[index], tall, broad, look) for index in chosen]
            rows += put_beside(pictures)
            rows += _draw_captions(view, chosen, broad, look)
    return rows


def _summarize(view: Images, width: int) -> str:
    """How many mistakes there are in which rows of the data, as fully as there is room."""
    among = f" in {view.rows}" if view.rows else ""
    if not view.wrong:
        return f"none wrong{among}"
    counted = f"{view.wrong:,} wrong{among}"
    return next(
        (text for text in (f"{counted} (shown first)", counted) if len(text) <= width), counted.removesuffix(" rows")
    )


def _draw_captions(view: Images, chosen: Sequence[int], width: int, look: Look) -> list[Row]:
    """The words below a line of pictures; wrong answers stand out."""
    captions = [_caption_words(view, index, width) for index in chosen]
    inks = [look.ink("dim") if view.labels[k] == view.predicted[k] else look.ink("below", bold=True) for k in chosen]
    return [
        joined([(fit(clean(words[line]), width) + " ", ink) for words, ink in zip(captions, inks, strict=True)])
        for line in range(len(captions[0]))
    ]


def _caption_words(view: Images, index: int, width: int) -> tuple[str, ...]:
    """What a picture is taken for and, where that is wrong, what it is: in one line where all classes' names allow."""
    predicted, true = view.predicted[index], view.labels[index]
    longest = max(len(name) for name in (*view.labels, *view.predicted))
    if predicted == true and longest <= width:
        return (predicted,)
    if 2 * longest + 17 <= width:
        return (f"predicted {predicted}, true {true}",)
    if 2 * longest + 7 <= width:
        return (f"{predicted}, true {true}",)
    return predicted, "" if predicted == true else f"true {true}"


IMAGES = Drawing(Images, draw, count_shown)
