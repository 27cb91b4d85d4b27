"""Everything that a layer refuses: every value out of a field's range, and every line of a plan that refuses."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nnplay
from nnplay.errors import InputError
from nnplay.fields import REQUIRED, Field
from nnplay.records.layer import LayerRecord
from nnplay.records.registry import layer_records

ROOT = Path(nnplay.__file__).parent
RECORDS = list(layer_records().values())
#: Where layers refuse what they are given.
SOURCES = sorted([*(ROOT / "layers").glob("*.py"), *(ROOT / "operations").glob("*.py")])


def illegal(item: Field) -> Iterator[Any]:
    """Values that a field must refuse: both sides of its range, other kinds of values, numbers that are none."""
    if item.kind in ("integer", "number", "integers"):
        yield from (True, math.nan, math.inf, "", "neither")
        if item.low > -math.inf:
            yield item.low if item.above else item.low - 1
        if item.high < math.inf:
            yield 2 * item.high + 1
    if item.kind in ("integer", "integers"):
        yield from (1.5, None)
    if item.kind == "integers":
        yield from ((), "3xx3", (1, "a"))
    if item.kind in ("choice", "flag"):
        yield from ("neither", "", 7)


def test_fields_refuse_what_is_out_of_range() -> None:
    """Whatever a field cannot take is refused with layer, field and the legal values in the message."""
    for record in RECORDS:
        for item in record.fields:
            others = {other.name: 2 for other in record.fields if other.default is REQUIRED and other is not item}
            for value in illegal(item):
                with pytest.raises(InputError) as refused:
                    pytest.fail(f"{record(**others, **{item.name: value})} is taken")
                assert item.range_text in refused.value.message, f"{value!r}: {refused.value.message}"
                assert f"{record.name}, {item.name}" in refused.value.message


def test_every_refusal_in_a_plan_has_a_case() -> None:
    """Each line that refuses an input of a layer is reached by a case of some record, which holds its words."""
    reached = {place for record in RECORDS for place in places_of(record)}
    written = {
        (path.name, node.lineno, node.end_lineno)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and node.exc is not None and "IndexError" not in ast.unparse(node.exc)
    }
    assert len(written) > 20
    without = [
        f"{name}:{first}"
        for name, first, last in sorted(written)
        if not any(file == name and first <= line <= (last or first) for file, line in reached)
    ]
    assert not without, f"no record has a case that is refused at {', '.join(without)}"


def places_of(record: LayerRecord) -> Iterator[tuple[str, int]]:
    """The file and line at which each refused case of a record is refused."""
    for refused in record.refused:
        try:
            record.plan(record(**refused.values).values, refused.shape)
        except InputError as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            if trace is not None:
                yield Path(trace.tb_frame.f_code.co_filename).name, trace.tb_lineno
