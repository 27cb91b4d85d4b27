"""NumPy arrays in two files: the inputs in one, what is to be learned in another one beside it."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.dataset import Dataset
from nnplay.data.reading.addresses import place_of, table_name
from nnplay.data.reading.labels_beside import find_labels
from nnplay.data.reading.numpy_arrays import MAGIC, parse_array
from nnplay.data.record import SourceRecord
from nnplay.errors import InputError
from nnplay.fields import choice, text
from nnplay.memory_budget import memory_budget
from nnplay.text import clean

FIELDS: Final = (
    text("labels", "", "file of the targets; else the one beside it: y.npy for x.npy, labels.npy for images.npy"),
    choice("task", "auto", "whether the target is a class or a quantity", ("auto", "classification", "regression")),
)
#: As of an archive: an array of bytes is float32 inputs twice.
_GROWTH: Final = 12
_SAVE: Final = "write it with numpy.save('x.npy', x)"


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """The rows of two arrays."""
    x = _read_array(path)
    beside = find_labels(path, str(values.get("labels") or ""))
    y = _read_array(str(beside))
    task: Any = {"auto": None}.get(str(values.get("task") or "auto"), values.get("task"))
    notes = (f"targets are those of {clean(beside.name)}",)
    scale: Any = "standard" if x.dtype.kind == "f" else "none"
    data = Dataset(x, y, name=table_name(path), task=task, default_scale=scale, notes=notes)
    data.default_scale_target = "standard" if data.task == "regression" else "none"
    return data


def _read_array(path: str) -> NDArray[Any]:
    where = place_of(path)
    with open_regular(path, limit=memory_budget() // _GROWTH, hint="give a sample of its rows") as file:
        content = file.read()
    try:
        return parse_array(content, where, _SAVE)
    except struct.error:
        raise InputError("is damaged: it ends within its header", where=where, hint=_SAVE) from None


def recognise(head: bytes) -> bool:
    """The first bytes of an array."""
    return head.startswith(MAGIC)


NPY = SourceRecord(
    name="npy",
    title="a NumPy array",
    label="NumPy arrays",
    about="One array of inputs in a file such as x.npy, and one of targets in y.npy beside it.",
    endings=(".npy",),
    fields=FIELDS,
    read=read,
    recognise=recognise,
)
