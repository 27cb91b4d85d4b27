"""IDX files, as the MNIST digits come in: images in one file, their labels in another one beside it."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np

from nnplay.data.csv.text.other_formats import HEAD
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.dataset import Dataset
from nnplay.data.progress import report
from nnplay.data.reading.addresses import place_of, table_name
from nnplay.data.reading.idx import is_idx, read_idx
from nnplay.data.reading.labels_beside import find_labels
from nnplay.data.record import SourceRecord
from nnplay.errors import InputError
from nnplay.fields import choice, text
from nnplay.text import clean

FIELDS: Final = (
    text("labels", "", "file of the labels; else the one beside it with labels in its name in place of images"),
    choice("task", "auto", "whether the labels are classes or quantities", ("auto", "classification", "regression")),
)
_GZIP: Final = b"\x1f\x8b"
_NAME: Final = re.compile(r".*[-.]idx[1-4]-ubyte(?:\.gz)?", re.IGNORECASE)
#: Files with these endings are what they say.
_OTHERS: Final = frozenset({".csv", ".tsv", ".txt", ".npz", ".npy", ".json", ".parquet", ".db", ".toml"})


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """Images (height, width, 1) of numbers from 0 to 1, and their labels."""
    where = place_of(path)
    report(0, 2, "files")
    images = read_idx(path)
    if images.ndim == 1:
        hint = "give the file of the images; that of the labels is found beside it"
        raise InputError("holds one number for each row: these are labels", where=where, hint=hint)
    beside = find_labels(path, str(values.get("labels") or ""))
    report(1, 2, "files")
    labels = read_idx(str(beside))
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


def claims(path: str) -> bool:
    """A file that begins as such files do, packed or not, or is called as MNIST's are: `train-images-idx3-ubyte`."""
    if PurePath(path).suffix.lower() in _OTHERS or Path(path).expanduser().is_dir():
        return False
    try:
        with open_regular(path, limit=sys.maxsize) as file:
            head = file.read(HEAD)
        if head.startswith(_GZIP):
            head = zlib.decompressobj(31).decompress(head, 4)
    except (InputError, zlib.error):
        return False
    return is_idx(head) or _NAME.fullmatch(PurePath(path).name) is not None


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
