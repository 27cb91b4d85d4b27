"""A file on the network that is known to the last bit, and where it is kept once it is here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnplay.errors import InputError
from nnplay.memory_budget import size_text
from nnplay.system.private_folder import cache_folder


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a data set.

    Attributes:
        name: what it is called here.
        size: in bytes.
        sha256: digest of its content, 64 hexadecimal digits.
        urls: where it can be had: each is tried in turn.
    """

    name: str
    size: int
    sha256: str
    urls: tuple[str, ...]


def fetched_folder(dataset: str) -> Path:
    """Where the files of a data set are kept; `NNPLAY_CACHE_DIR` names another place.

    Raises:
        OSError: see `cache_folder`.
    """
    return cache_folder("fetched") / dataset


def is_here(dataset: str, files: Sequence[RemoteFile]) -> bool:
    """Whether all files of a data set have been fetched: they are put in place whole, and after a check."""
    try:
        folder = fetched_folder(dataset)
        return all(os.stat(folder / file.name).st_size == file.size for file in files)
    except OSError:
        return False


def total_size(files: Sequence[RemoteFile]) -> int:
    """Bytes of all files together."""
    return sum(file.size for file in files)


def fetched_paths(dataset: str, files: Sequence[RemoteFile], alike: str) -> list[Path]:
    """The files of a data set on this machine.

    Args:
        alike: a built-in set for those who have no network.

    Raises:
        InputError: they have not been fetched.
    """
    if not is_here(dataset, files):
        hint = f"nnplay fetch {dataset} downloads it ({size_text(total_size(files))})"
        if alike:
            hint += f"; '{alike}' is built in and similar"
        raise InputError("is not on this machine yet", where=dataset, hint=hint)
    return [fetched_folder(dataset) / file.name for file in files]
