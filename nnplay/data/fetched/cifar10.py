"""CIFAR-10: small colour photos, from the archive of plain bytes, which holds nothing that could be run."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.data.download.remote_file import RemoteFile, fetched_paths
from nnplay.data.progress import report
from nnplay.data.record import DatasetRecord
from nnplay.errors import InputError
from nnplay.fields import integer

_CLASSES: Final = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FOLDER: Final = "cifar-10-batches-bin/"
_BATCHES: Final = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
#: Images of a batch; of each a label and 3 × 32 × 32 bytes.
_ROWS: Final = 10_000
_BYTES: Final = 1 + 3 * 32 * 32
_ALIKE: Final = "shapes"
FILES: Final = (
    RemoteFile(
        "cifar-10-binary.tar.gz",
        170_052_171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
    ),
)


def make(samples: int) -> Dataset:
    """Images (32, 32, 3) from 0 to 1."""
    (path,) = fetched_paths("cifar10", FILES, _ALIKE)
    rows = np.concatenate(list(_batches(path, samples)))[:samples]
    images = rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    x = images.astype(np.float32) / np.float32(255)
    return Dataset(x, rows[:, 0].astype(np.int64), name="cifar10", class_names=_CLASSES)


def _batches(path: Path, samples: int) -> Iterator[NDArray[np.uint8]]:
    """As many batches (10000, 3073) as hold so many images; nothing is unpacked to a file."""
    found: dict[str, NDArray[np.uint8]] = {}
    wanted = _BATCHES[: -(-samples // _ROWS)]
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                name = member.name.removeprefix(_FOLDER)
                content = archive.extractfile(member) if name in wanted and member.isfile() else None
                if content is not None and member.size == _ROWS * _BYTES:
                    report(len(found), len(wanted), "batches of images")
                    found[name] = np.frombuffer(content.read(), np.uint8).reshape(_ROWS, _BYTES)
                if len(found) == len(wanted):
                    break
        yield from (found[name] for name in wanted)
    except (tarfile.TarError, zlib.error, EOFError, KeyError, ValueError) as error:
        hint = "nnplay fetch cifar10 --again downloads it again"
        raise InputError(f"is damaged ({type(error).__name__})", where=path.name, hint=hint) from None


RECORD = DatasetRecord(
    name="cifar10",
    title="CIFAR-10",
    task="classification",
    fields=(
        integer(
            "samples", 20_000, "number of images; the last 10,000 of 60,000 are the official test set", high=60_000
        ),
    ),
    make=make,
    about="60,000 colour photos of animals and vehicles, 32×32 pixels each.",
    when="For convolutional networks that go beyond digits.",
    source="Krizhevsky: Learning Multiple Layers of Features from Tiny Images (2009)",
    licence="none stated; free to use with a citation",
    files=FILES,
    alike=_ALIKE,
)
