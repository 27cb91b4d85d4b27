"""One batch laid out as the network gets it: a line for each row, a column for each input, coloured by sign."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from nnplay.data.profile.batch import Batch
from nnplay.data.profile.row_numbers import number_text
from nnplay.text import clean, counted
from nnplay.tui.data_browser.place import Place
from nnplay.tui.data_browser.views.data_view import DataView
from nnplay.tui.data_browser.views.examples import draw_examples_of, has_examples
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined

_NUMBER, _ANSWER = 9, 14


def draw_batch(place: Place, width: int, height: int, look: Look) -> Sequence[Row]:
    """Which batch it is, its rows as numbers, or as pictures and waves."""
    batch = place.batches.make(place.batch)
    shape = "×".join(str(size) for size in batch.x.shape)
    words = f" epoch {batch.epoch + 1:,}, batch {batch.number + 1:,} of {batch.batches:,}: "
    words += f"{counted(len(batch.rows), 'training row')}, {shape} numbers"
    rows: list[Row] = [((fit(words, width), look.ink("text")),)]
    place.total = len(batch.rows)
    place.column_spots = []
    if has_examples(place.profile):
        place.page, place.row_spots = 1, []
        return [*rows, *_examples(place, batch, width, height - 1, look)]
    return [*rows, *_matrix(place, batch, width, height - 1, look)]


def _examples(place: Place, batch: Batch, width: int, height: int, look: Look) -> Sequence[Row]:
    """The rows as the network gets them: augmented ones are drawn as they are in this batch."""
    own = slice(place.line, None)
    return draw_examples_of(place.profile, batch.rows[own], width, height, look, batch.x[own], batch.y[own])


def _matrix(place: Place, batch: Batch, width: int, height: int, look: Look) -> list[Row]:
    profile = place.profile
    target = next(number for number, column in enumerate(profile.columns) if column.role == "target")
    room = max(1, height - 1)
    top = place.lines.follow(place.line, room, len(batch.rows))
    place.page, place.row_spots = room, [None, None, *range(top, min(len(batch.rows), top + room))]
    seen = batch.rows[top : top + room].tolist()
    answers = [profile.cells(profile.columns[target], row, row + 1)[0] for row in seen]
    name = profile.columns[target].name
    wide = min(_ANSWER, max(cell_len(name), *(cell_len(answer) for answer in answers)))
    flat = batch.x.reshape(len(batch.x), -1)
    across = max(1, min(flat.shape[1], (width - 12 - wide) // (_NUMBER + 1)))
    names = profile.data.feature_names
    titles = names[:across] if len(names) == flat.shape[1] else ()
    more = look.pick(" …", " ~") if across < flat.shape[1] else ""
    heading = "".join(f" {fit(clean(title), _NUMBER)}" for title in titles)
    rows: list[Row] = [((fit(f" {'row':>9} {fit(name, wide)}{heading}{more}", width), look.ink("dim")),)]
    for number, (row, answer) in enumerate(zip(seen, answers, strict=True), top):
        here = number == place.line
        runs: list[Run] = [
            (f" {row + 1:>9,} ", look.ink("accent" if here else "faint", bold=here)),
            (fit(answer, wide), look.ink("text", bold=here)),
        ]
        for value in flat[number, :across].tolist():
            style = look.signed(value) if value else look.ink("faint")
            runs.append((f" {number_text(value):>{_NUMBER}}", style))
        rows.append(joined(runs))
    return rows


BATCH = DataView("one batch", lambda profile: True, draw_batch, "line", "batch")
