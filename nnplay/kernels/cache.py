"""The kernel cache: object code in a folder that only this user can write, named by a digest of its sources."""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import tempfile
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import platformdirs

from nnplay.kernels.compiler import file_of
from nnplay.kernels.jit import Kernel


def object_path(kernel: Kernel, real: str) -> Path:
    """Where the object code of `kernel` for numbers of type `real` is, or will be once compiled."""
    return folder() / digest(kernel.module, kernel.function.__module__, real) / file_of(kernel.name)


@functools.cache
def folder() -> Path:
    """The cache folder, made on first use: private to the user, or a fresh temporary one if that cannot be had.

    `NNPLAY_CACHE_DIR` names another place. A folder that others own or may write to is never used: object code in it
    would run with this user's rights.
    """
    wanted = os.environ.get("NNPLAY_CACHE_DIR") or platformdirs.user_cache_dir("nnplay", appauthor=False)
    path = Path(wanted) / "kernels"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_private(path) and os.access(path, os.W_OK):
            return path
    except OSError as error:
        del error  # no place to write: the temporary folder below serves this process
    return Path(tempfile.mkdtemp(prefix="nnplay-kernels-"))


def is_private(path: Path) -> bool:
    """Whether only this user (or root) can change `path` and the folders above it."""
    for place in (path, *path.parents):
        info = place.lstat()
        if stat.S_ISLNK(info.st_mode) and place == path:
            return False
        if info.st_uid not in (os.getuid(), 0):
            return False
        others_write = info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if others_write and (place == path or not info.st_mode & stat.S_ISVTX):
            return False
    return True


@functools.cache
def digest(module: str, template: str, real: str) -> str:
    """Names everything that the object code of a module's kernels depends on: sources, compiler, processor, type.

    Args:
        module: the module that the kernel belongs to, such as an activation's.
        template: the module that its loop is written in; elementwise layers share one.
        real: "float32" or "float64".
    """
    import llvmlite.binding as llvm

    text = [real, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    text += [metadata.version(package) for package in ("numba", "llvmlite", "numpy")]
    hashed = hashlib.sha256("\n".join(text).encode())
    for source in [*sorted(Path(__file__).parent.glob("*.py")), *(_source(name) for name in (module, template))]:
        hashed.update(source.read_bytes())
    return hashed.hexdigest()[:20]


def _source(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    return Path(spec.origin)
