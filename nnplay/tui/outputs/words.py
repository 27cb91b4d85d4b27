"""Answers as words and tables: verdicts, chances as bars, confusion matrix, symbols side by side, written text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style

from nnplay.text import clean
from nnplay.tui.draw.heatmap import confusion_rows
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined
from nnplay.views.answers import Chance, Confusion, Tokens, Writing

_SIDE = 10


def verdict(true: str, predicted: str, right: bool, look: Look) -> Row:
    """What is wanted, what is answered, and whether that is the same."""
    mark = look.pick("✓ ", "= ") if right else look.pick("✗ ", "! ")
    ink = look.ink("text" if right else "below", bold=not right)
    wanted: list[Run] = [("true ", look.ink("dim")), (clean(true, 24) + "  ", look.ink("strong"))] if true else []
    return joined([*wanted, ("predicted ", look.ink("dim")), (mark if not right else "", ink), (clean(predicted), ink)])


def chances(found: Sequence[Chance], true: str, width: int, room: int, look: Look) -> list[Row]:
    """A bar for each of the likeliest classes; the true one stands out."""
    rows: list[Row] = []
    bar = max(4, width - _SIDE - 7)
    for name, chance in found[:room]:
        full = round(chance * bar)
        ink = look.ink("accent" if name == true else "dim")
        rows.append(
            joined(
                [
                    (fit(clean(name), _SIDE) + " ", look.ink("strong" if name == true else "text")),
                    (look.pick("█", "#") * full, ink),
                    (" " * (bar - full), ink),
                    (f"{chance:5.0%}", look.ink("dim")),
                ]
            )
        )
    return rows


def confusion(view: Confusion, width: int, height: int, look: Look) -> list[Row]:
    """The matrix, and the worst mistakes below it where there is room."""
    labels = [clean(label, 24) for label in view.labels]
    rows = confusion_rows(view.matrix, labels, width, height, look)
    room = height - len(rows) - 2
    if room > 0 and view.worst:
        rows += [(), (("worst mistakes", look.ink("dim")),)]
        rows += [((fit(clean(text), width), look.ink("text")),) for text in view.worst[:room]]
    return rows


def tokens(view: Tokens, width: int, height: int, look: Look) -> list[Row]:
    """What is seen, wanted and answered one below the other, wrong answers marked; one answer stands at the end."""
    if len(view.true) != len(view.seen):
        true, said = " ".join(view.true), " ".join(view.predicted)
        rows = _lines("seen", view.seen, [look.ink("text")] * len(view.seen), width, look)
        rows += [(), verdict(true, said, true == said, look)]
        return [*rows, *chances(view.chances, true, width, max(0, height - len(rows)), look)]
    wrong = [a != b for a, b in zip(view.true, view.predicted, strict=True)]
    plain = [look.ink("text")] * len(wrong)
    marked = [look.ink("below" if bad else "text", bold=bad) for bad in wrong]
    marks = [look.pick("▲", "^") if bad else " " for bad in wrong]
    right = len(wrong) - sum(wrong)
    rows = [(("right ", look.ink("dim")), (f"{right} of {len(wrong)}", look.ink("strong")))]
    per_line = _per_line(width, _cell((*view.seen, *view.true, *view.predicted)))
    for start in range(0, len(wrong), per_line):
        part = slice(start, start + per_line)
        rows.append(())
        for title, symbols, inks in (
            ("seen", view.seen, plain),
            ("true", view.true, plain),
            ("predicted", view.predicted, marked),
            ("", marks, marked),
        ):
            rows.append(_line(title, symbols[part], inks[part], _cell((*view.seen, *view.true)), look))
    return rows


def _cell(symbols: Sequence[str]) -> int:
    """Columns that a symbol takes: letters stand close together as in a text, longer names have a space between."""
    longest = max((len(symbol) for symbol in symbols), default=1)
    return 1 if longest == 1 and len(set(symbols)) > 10 else longest + 1


def _per_line(width: int, cell: int) -> int:
    return max(1, (width - _SIDE) // cell)


def _line(title: str, symbols: Sequence[str], inks: Sequence[Style], cell: int, look: Look) -> Row:
    runs: list[Run] = [(fit(title, _SIDE), look.ink("dim"))]
    runs += [(fit(clean(symbol), cell), ink) for symbol, ink in zip(symbols, inks, strict=True)]
    return joined(runs)


def _lines(title: str, symbols: Sequence[str], inks: Sequence[Style], width: int, look: Look) -> list[Row]:
    cell = _cell(symbols)
    step = _per_line(width, cell)
    return [
        _line(title if start == 0 else "", symbols[start : start + step], inks[start : start + step], cell, look)
        for start in range(0, len(symbols), step)
    ]


def writing(view: Writing, width: int, height: int, look: Look) -> list[Row]:
    """The given letters, and what the network writes after them."""
    rows: list[Row] = [(("given: ", look.ink("dim")), ("what the network writes", look.ink("accent", bold=True))), ()]
    letters = [(letter, look.ink("dim")) for letter in clean(view.start, 400)]
    letters += [(letter, look.ink("accent", bold=True)) for letter in clean(view.text, 400)]
    for start in range(0, len(letters), width):
        rows.append(joined(letters[start : start + width]))
    return [*rows, (), ((look.pick("¶", "P") + " stands for the end of a paragraph", look.ink("faint")),)]
