"""IDX files, as the MNIST digits come in: images in one file, their labels in another one beside it.

The format is Yann LeCun's: two zero bytes, the kind of numbers, how many axes, the size of each, then the numbers.
"""

from __future__ import annotations

import gzip
import math
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from nnplay.data.addresses import place_of, table_name
from nnplay.data.csv.text.other_formats import HEAD
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.dataset import Dataset
from nnplay.data.labels_beside import find_labels
from nnplay.data.progress import report
from nnplay.data.record import SourceRecord
from nnplay.errors import InputError
from nnplay.fields import choice, text
from nnplay.memory_budget import memory_budget, size_text
from nnplay.text import clean

FIELDS: Final = (
    text("labels", "", "file of the labels; else the one beside it with labels in its name in place of images"),
    choice("task", "auto", "whether the labels are classes or quantities", ("auto", "classification", "regression")),
)
_TYPES: Final = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP: Final = b"\x1f\x8b"
#: A byte becomes float32, and is dealt into parts.
_GROWTH: Final = 10
_MOST_AXES: Final = 4
#: Files with these endings are what they say.
_OTHERS: Final = frozenset({".csv", ".tsv", ".txt", ".npz", ".npy", ".json", ".parquet", ".db", ".toml"})


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """Images (height, width, 1) of numbers from 0 to 1, and their labels."""
    where = place_of(path)
    report(0, 2, "files")
    images = _read_array(path)
    if images.ndim == 1:
        hint = "give the file of the images; that of the labels is found beside it"
        raise InputError("holds one number for each row: these are labels", where=where, hint=hint)
    beside = find_labels(path, str(values.get("labels") or ""))
    report(1, 2, "files")
    labels = _read_array(str(beside))
    if labels.ndim != 1:
        what = f"holds arrays of {'×'.join(map(str, labels.shape[1:]))}, not labels"
        raise InputError(what, where=clean(beside.name), hint="give the file of the images first")
    if len(labels) != len(images):
        what = f"{len(images):,} images, but {len(labels):,} labels in {clean(beside.name)}"
        raise InputError(what, where=where, hint="both files must be of the same part of the data")
    task: Any = {"auto": None}.get(str(values.get("task") or "auto"), values.get("task"))
    x = images.astype(np.float32)
    if images.dtype == np.uint8:
        x /= np.float32(255)
    return Dataset(
        x[..., None] if images.ndim == 3 else x,
        labels,
        name=table_name(path),
        task=task,
        default_scale="none" if images.ndim > 2 else "standard",
        notes=(f"labels are those of {clean(beside.name)}",),
    )


def _read_array(path: str) -> NDArray[Any]:
    where, most = place_of(path), memory_budget() // _GROWTH
    with open_regular(path, limit=most, hint="give a sample of its rows") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        content = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file
        try:
            return _parse(content, where, most)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            what = f"looks like a gzip archive, but is damaged ({clean(str(error), 80)})"
            raise InputError(what, where=where, hint="get the file again") from None


def _parse(file: BinaryIO, where: str, most: int) -> NDArray[Any]:
    """The array of a file; no more is read than its first bytes declare."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or not 1 <= magic[3] <= _MOST_AXES:
        shown = magic.hex(" ") or "nothing"
        raise InputError(f"is no IDX file: it begins with {shown}", where=where, hint="get the file again")
    kind, axes = np.dtype(_TYPES[magic[2]]), magic[3]
    head = file.read(4 * axes)
    if len(head) < 4 * axes:
        raise InputError("ends within its first bytes", where=where, hint="get the file again")
    shape = tuple(int(size) for size in np.frombuffer(head, ">u4"))
    size = math.prod(shape) * kind.itemsize
    if size > most:
        what = f"declares {'×'.join(f'{part:,}' for part in shape)} numbers ({size_text(size)})"
        raise InputError(what, where=where, hint=f"at most {size_text(most)} fit into memory")
    content = file.read(size + 1)
    if len(content) != size:
        found = f"has only {len(content):,}" if len(content) < size else "has more"
        raise InputError(f"declares {size:,} bytes, and {found}", where=where, hint="get the file again")
    return np.frombuffer(content, kind).reshape(shape).astype(kind.newbyteorder("="))


def claims(path: str) -> bool:
    """A file that begins as such files do, packed or not; names say little, as in `train-images-idx3-ubyte`."""
    if PurePath(path).suffix.lower() in _OTHERS or Path(path).expanduser().is_dir():
        return False
    try:
        with open_regular(path, limit=sys.maxsize) as file:
            head = file.read(HEAD)
        if head.startswith(_GZIP):
            head = zlib.decompressobj(31).decompress(head, 4)
    except (InputError, zlib.error):
        return False
    return len(head) >= 4 and head[:2] == b"\0\0" and head[2] in _TYPES and 1 <= head[3] <= _MOST_AXES


IDX = SourceRecord(
    name="idx",
    title="an IDX file",
    label="IDX",
    about="Images in one file and their labels in another one beside it, packed or not, as the MNIST digits come.",
    endings=(),
    fields=FIELDS,
    read=read,
    claims=claims,
)
