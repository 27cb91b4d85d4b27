"""Sets of 28×28 images in MNIST's four files: training images and labels, test images and labels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.download.remote_file import RemoteFile, fetched_paths
from nnplay.data.progress import report
from nnplay.data.reading.idx import read_idx
from nnplay.data.record import DatasetRecord
from nnplay.fields import flag, integer

#: The names of the four files, in the order in which their rows are taken.
NAMES: Final = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
ROWS: Final = 70_000
FIELDS: Final = (
    integer("samples", ROWS, "number of images; the last 10,000 of all 70,000 are the official test set", high=ROWS),
    flag("flat", False, "one row of 784 numbers instead of an image of 28×28"),
)
ALIKE: Final = "digits28"


def idx_files(mirrors: Sequence[str], known: Sequence[tuple[int, str]]) -> tuple[RemoteFile, ...]:
    """The four files with their sizes and digests, in every one of some folders."""
    return tuple(
        RemoteFile(name, size, digest, tuple(mirror + name for mirror in mirrors))
        for name, (size, digest) in zip(NAMES, known, strict=True)
    )


def idx_record(name: str, *, files: tuple[RemoteFile, ...], classes: Sequence[str], **more: Any) -> DatasetRecord:
    """The record of such a set.

    Args:
        more: other attributes of the record.
    """
    return DatasetRecord(
        name=name,
        task="classification",
        fields=FIELDS,
        make=partial(_make, name, files, tuple(classes)),
        files=files,
        alike=ALIKE,
        **more,
    )


def _make(name: str, files: Sequence[RemoteFile], classes: Sequence[str], samples: int, flat: bool) -> Dataset:
    """Images (28, 28, 1) from 0 to 1."""
    paths = fetched_paths(name, files, ALIKE)
    arrays = []
    for done, path in enumerate(paths):
        report(done, len(paths), "files")
        arrays.append(read_idx(path))
    images, labels = np.concatenate(arrays[0::2])[:samples], np.concatenate(arrays[1::2])[:samples]
    shape = (images[0].size,) if flat else (*images.shape[1:], 1)
    x = images.astype(np.float32) / np.float32(255)
    return Dataset(x, labels.astype(np.int64), name=name, feature_shape=shape, class_names=classes)
