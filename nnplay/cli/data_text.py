"""A data set as text: columns, classes of each part, one row as numbers, one batch."""

from __future__ import annotations

import textwrap
from typing import Final

from rich.cells import cell_len, set_cell_size

from nnplay.data.profile.balance import Balance, measure_balance, share_text
from nnplay.data.profile.batch import Batch
from nnplay.data.profile.columns import ProfiledColumn, describe_columns
from nnplay.data.profile.histogram import draw_bars
from nnplay.data.profile.profile import PARTS, Profile
from nnplay.data.profile.row_numbers import CellNumbers, number_text, numbers_text, row_numbers
from nnplay.data.profile.value_words import describe_values
from nnplay.text import clean, counted, percent, plural

_NAME, _CELL, _BARS, _PART = 20, 16, 8, 16
#: Columns of text from which on histograms are as wide again.
_ROOMY: Final = 100
#: Columns, tokens, classes and rows of a batch that are listed.
_MOST_COLUMNS, _MOST_TOKENS, _MOST_CLASSES, _BATCH_ROWS = 200, 8, 20, 8
_INDENT: Final = "  "
#: Columns of text that a number takes.
_NUMBER: Final = 10


def describe_data(profile: Profile, batch: Batch, row: int, width: int, *, ascii: bool) -> str:
    """Everything, in lines of at most `width` columns but for single words that are longer."""
    sections = [
        [profile.head, *_parts(profile, width, ascii=ascii)],
        _columns(profile, width, ascii=ascii),
        _balance(measure_balance(profile), width, ascii=ascii),
        _row(profile, row, width),
        _batch(profile, batch, width),
        [line for note in profile.split.notes for line in _wrap(f"note: {note}", width, "      ")],
    ]
    return "\n\n".join("\n".join(line.rstrip() for line in section) for section in sections if section)


def _parts(profile: Profile, width: int, *, ascii: bool) -> list[str]:
    """The split as one bar, with the rows of each part below it."""
    rows, whole = profile.part_rows, max(1, sum(profile.part_rows))
    room = max(3, min(width, 80) - len(_INDENT))
    ends = [round(sum(rows[: place + 1]) / whole * room) for place in range(3)]
    signs = "#=." if ascii else "█▓░"
    bar = "".join(sign * (end - begin) for sign, begin, end in zip(signs, [0, *ends[:-1]], ends, strict=True))
    words = [
        f"{sign} {counted(count, f'{part} row')} ({percent(count / whole)})"
        for sign, part, count in zip(signs, PARTS, rows, strict=True)
        if count
    ]
    return [_INDENT + bar, *_wrap(", ".join(words), width, _INDENT, _INDENT)]


def _columns(profile: Profile, width: int, *, ascii: bool) -> list[str]:
    """One line for each column: role, kind, missing and distinct values, histogram and range."""
    listed = _MOST_TOKENS if profile.tokens else _MOST_COLUMNS
    shown = [column for place, column in enumerate(profile.columns) if place < listed or column.role == "target"]
    name = min(_NAME, max(6, *(cell_len(column.name) for column in shown)))
    kind = max(6, *(len(column.kind) for column in shown))
    lines = [describe_columns(profile.columns)]
    lines.append(f"{_INDENT}{_fit('column', name)}  role      {_fit('kind', kind)}  missing  distinct  values")
    for column in shown:
        facts = profile.facts(column)
        left = f"{_INDENT}{_fit(column.name, name)}  {_role(column):<8}  {_fit(column.kind or '-', kind)}"
        left += f"  {facts.missing:>7,}  {facts.distinct:>8,}  "
        wide = min(2 * _BARS if width >= _ROOMY else _BARS, max(0, width - len(left)))
        bars = draw_bars(facts.histogram, wide, ascii=ascii)
        lines.append(f"{left}{bars} {_fit(describe_values(column, facts), width - len(left) - len(bars) - 1)}")
    left_over = len(profile.columns) - len(shown)
    noun = "more token" if profile.tokens else "more column"
    return lines + ([f"{_INDENT}and {counted(left_over, noun)}"] if left_over else [])


def _role(column: ProfiledColumn) -> str:
    return "left out" if column.role == "ignored" else column.role


def _balance(balance: Balance, width: int, *, ascii: bool) -> list[str]:
    """How many rows of each class every part has, with a bar for all of them."""
    shares = balance.shares[:_MOST_CLASSES]
    name = min(_NAME, max(cell_len(share.name) for share in shares))
    parts = [place for place in range(3) if balance.totals[place]]
    heading = "".join(f"  {PARTS[place]:>{_PART}}" for place in parts)
    most = max(1, *(sum(share.rows) for share in balance.shares))
    room = max(0, min(24, width - len(_INDENT) - name - len(heading) - 2))
    lines = [balance.heading]
    lines.append(f"{_INDENT}{_fit('', name)}{heading}")
    for share in shares:
        cells = "".join(f"  {_share(share.rows[place], balance.totals[place]):>{_PART}}" for place in parts)
        bar = ("#" if ascii else "█") * round(sum(share.rows) / most * room)
        lines.append(f"{_INDENT}{_fit(share.name, name)}{cells}  {bar}")
    left = len(balance.shares) - len(shares)
    return lines + ([f"{_INDENT}and {left:,} more {plural(left, 'class')}"] if left else [])


def _share(count: int, total: int) -> str:
    return f"{count:,} {share_text(count, total):>5}"


def _row(profile: Profile, row: int, width: int) -> list[str]:
    """One row, each cell as it was written, as a number, and as the network gets it; with the way in words."""
    part = PARTS[int(profile.part_numbers[row])]
    line = f", line {profile.line(row):,}" if profile.line(row) != row + 1 else ""
    lines = [
        f"row {row + 1:,} of {len(profile):,}{line}, a {part} row: as written → as numbers → as the network gets it"
    ]
    if not any(column.role == "feature" for column in profile.columns):
        shape = "×".join(str(size) for size in profile.data.feature_shape)
        lines.append(f"{_INDENT}the inputs are {shape} numbers without names")
    cells = row_numbers(profile, row)
    if profile.tokens:
        tokens = [cell for cell in cells if cell.column.kind == "token"]
        steps = ", ".join(f"{clean(cell.raw, 40)}\0→\0{numbers_text(cell.given)}" for cell in tokens[:_MOST_COLUMNS])
        steps += ", …" if len(tokens) > _MOST_COLUMNS else ""
        lines += [line.replace("\0", " ") for line in _wrap(steps, width, _INDENT, _INDENT)]
        lines += _wrap(tokens[0].words, width, _INDENT * 2, _INDENT * 2)
        cells = cells[len(tokens) :]
    for cell in cells[:_MOST_COLUMNS]:
        steps = f"{_INDENT}{clean(cell.column.name, _NAME)}: {_steps(cell)}"
        together = f"{steps}   ({cell.words})"
        if cell_len(together) <= width:
            lines.append(together)
        else:
            lines += [steps, *_wrap(cell.words, width, _INDENT * 2, _INDENT * 2)]
    return lines


def _steps(cell: CellNumbers) -> str:
    raw = clean(cell.raw, 40) or "(nothing)"
    if not cell.encoded:
        return raw
    encoded, given = numbers_text(cell.encoded, cell.names), numbers_text(cell.given, cell.names)
    return f"{raw} → {encoded}" + (f" → {given}" if given != encoded else "")


def _batch(profile: Profile, batch: Batch, width: int) -> list[str]:
    """The first rows of a batch as the network gets them, as many inputs as find room."""
    shape = "×".join(str(size) for size in batch.x.shape[1:])
    head = f"batch {batch.number + 1:,} of {batch.batches:,} in the first epoch: {counted(len(batch.rows), 'row')}"
    target = next(column for column in profile.columns if column.role == "target")
    answers = [profile.cells(target, row, row + 1)[0] for row in batch.rows[:_BATCH_ROWS].tolist()]
    wide = min(_CELL, max(cell_len(target.name), *(cell_len(answer) for answer in answers)))
    lines = [f"{head} of {shape} numbers", f"{_INDENT}{'row':>9} {_fit(target.name, wide)}"]
    across = min(batch.x[0].size, max(1, (width - 14 - wide) // (_NUMBER + 1))) if batch.x.ndim == 2 else 0
    lines[1] += "".join(f" {_fit(clean(name), _NUMBER)}" for name in profile.data.feature_names[:across])
    for row, answer, values in zip(batch.rows.tolist(), answers, batch.x, strict=False):
        cells = "".join(f" {number_text(float(value)):<{_NUMBER}}" for value in values.ravel()[:across])
        if not across:
            cells = f" {number_text(float(values.min()))} to {number_text(float(values.max()))}"
            cells += f", mean {number_text(float(values.mean()))}"
        more = " …" if 0 < across < values.size else ""
        lines.append(f"{_INDENT}{row + 1:>9,} {_fit(answer, wide)}{cells}{more}")
    return lines


def _fit(text: str, width: int) -> str:
    """In exactly `width` columns."""
    if cell_len(text) > width:
        text = set_cell_size(text, max(0, width - 1)) + "…" if width else ""
    return set_cell_size(text, max(0, width))


def _wrap(text: str, width: int, indent: str, first: str = "") -> list[str]:
    return textwrap.wrap(text, max(20, width), initial_indent=first, subsequent_indent=indent)


def plain_lines(text: str) -> str:
    """The same with a plain character for each sign."""
    from nnplay.tui.theme.plain_text import replace_signs

    return "\n".join(replace_signs(line.replace(" → ", " -> ")) for line in text.split("\n"))
