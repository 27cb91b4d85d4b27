"""Generated data kept on disk: one checked file a recipe, private, never older than the code that made it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.system.private_folder import cache_folder, make_private, weakness

Arrays = dict[str, NDArray[np.uint8]]

#: All files together; the ones that were not used for longest go first.
MAX_BYTES: Final = 512 << 20
_CHECK: Final = "crc"


def load_or_make(recipe: Mapping[str, Any], sources: tuple[str, ...], make: Callable[[], Arrays]) -> Arrays:
    """The byte arrays that `make` returns, from disk if they were made before.

    Args:
        recipe: every value that decides the arrays.
        sources: paths of the modules that decide them, so that an edit makes them anew.
        make: makes the arrays; what it raises passes through and leaves nothing behind.
    """
    folder = data_folder()
    if folder is None:
        return make()
    path = folder / f"{digest(recipe, sources)}.safetensors"
    found = _read(path)
    if found is None:
        found = make()
        _write(path, found)
        _prune(folder)
    return found


def digest(recipe: Mapping[str, Any], sources: tuple[str, ...]) -> str:
    """Names everything that generated data depends on: values, code, and NumPy's random numbers."""
    hashed = hashlib.sha256(json.dumps([recipe, np.__version__], sort_keys=True).encode())
    for source in sources:
        hashed.update(Path(source).read_bytes())
    return hashed.hexdigest()[:32]


def data_folder() -> Path | None:
    """The folder of generated data, made on first use; None where others than this user may write to it.

    `NNPLAY_CACHE_DIR` names another place.
    """
    try:
        path = cache_folder("data")
        if weakness(path):
            return None
        make_private(path)
    except OSError:
        return None
    return path if not weakness(path) else None


def _read(path: Path) -> Arrays | None:
    """The arrays of a file that is whole, or None; a damaged one is as good as none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: Arrays = load(path.read_bytes())
        os.utime(path)
    except (OSError, SafetensorError, ValueError, KeyError):
        return None
    check = arrays.pop(_CHECK, None)
    return arrays if check is not None and np.array_equal(check, _checksum(arrays)) else None


def _write(path: Path, arrays: Arrays) -> None:
    """Puts the file in place in one step; a full disk only costs the time to make the data again."""
    from safetensors.numpy import save

    content = save({**arrays, _CHECK: _checksum(arrays)})
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(name, path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _checksum(arrays: Arrays) -> NDArray[np.uint8]:
    found = 0
    for name in sorted(arrays):
        head = f"{name} {arrays[name].dtype} {arrays[name].shape}".encode()
        found = zlib.crc32(np.ascontiguousarray(arrays[name]).tobytes(), zlib.crc32(head, found))
    return np.frombuffer(found.to_bytes(4, "little"), dtype=np.uint8)


def _prune(folder: Path) -> None:
    with contextlib.suppress(OSError):
        files = sorted(folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime, reverse=True)
        total = 0
        for path in files:
            total += path.stat().st_size
            if total > MAX_BYTES:
                path.unlink(missing_ok=True)
