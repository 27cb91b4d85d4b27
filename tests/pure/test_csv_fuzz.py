"""Whatever bytes a file holds, reading it gives a data set or one of our own errors."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnplay.data.csv.csv_file import read_csv
from nnplay.errors import InputError

CELL = st.one_of(
    st.sampled_from(
        ["", "1", "2.5", "-3e4", "nan", "inf", "1e999", "NA", "?", "a", "b", "é", '"', '""', '"x,y"', "#", "1,5", "\0"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
TABLE = st.builds(
    lambda rows, between, end: end.join(between.join(row) for row in rows),
    st.lists(st.lists(CELL, min_size=1, max_size=5), max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
CODEC = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
BYTES = st.one_of(st.binary(max_size=200), st.builds(lambda table, codec: table.encode(codec), TABLE, CODEC))


WAYS = {
    "missing": st.sampled_from(["refuse", "drop", "mean", "category"]),
    "encode": st.sampled_from(["one_hot", "ordinal"]),
    "skip": st.booleans(),
    "task": st.sampled_from(["auto", "classification", "regression"]),
}


@example(b'a,b\n1,"x\n', "refuse", "one_hot", True, "auto")
@example(b"a,b\n", "mean", "one_hot", True, "auto")
@example(b"a,b\nx,1\ny,1\nz,", "mean", "one_hot", True, "regression")
def any_bytes_give_a_data_set_or_our_error(content: bytes, missing: str, encode: str, skip: bool, task: str) -> None:
    """No file makes reading or splitting fail in any other way, and what comes out of a split is finite."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "my.csv"
        path.write_bytes(content)
        try:
            data = read_csv(path, missing=missing, encode=encode, skip_bad_rows=skip, task=task)  # type: ignore[arg-type]
        except InputError:
            return
    split = data.split(1.0, 0.0, 0.0)
    assert np.isfinite(split.train.x).all()
    assert np.isfinite(split.train.y).all()
    assert len(data.feature_names) == data.feature_shape[0] == sum(len(column.inputs) for column in data.columns)


@pytest.mark.parametrize("examples", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_any_bytes_give_a_data_set_or_our_error(examples: int) -> None:
    """Whatever the bytes are, and however they are to be read."""
    settings(max_examples=examples)(given(content=BYTES, **WAYS)(any_bytes_give_a_data_set_or_our_error))()
