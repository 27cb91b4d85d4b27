"""The kernel cache: object code in a folder that only this user can write, named by a digest of its sources."""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import platformdirs

from nnplay.kernels.compile.compiler import file_of
from nnplay.kernels.compile.jit import Kernel
from nnplay.private_folder import make_private


def object_path(kernel: Kernel, dtype: str) -> Path:
    """Where the object code of `kernel` for numbers of type `dtype` is, or will be once compiled."""
    return folder() / digest(kernel.module, kernel.function.__module__, dtype) / file_of(kernel.name)


@functools.cache
def folder() -> Path:
    """The cache folder, made on first use: private to the user, or a fresh temporary one if that cannot be had.

    `NNPLAY_CACHE_DIR` names another place. A folder that others own or may write to is never used: object code in it
    would run with this user's rights.
    """
    wanted = os.environ.get("NNPLAY_CACHE_DIR") or platformdirs.user_cache_dir("nnplay", appauthor=False)
    path = Path(wanted) / "kernels"
    try:
        make_private(path)
        if is_private(path) and os.access(path, os.W_OK):
            return path
    except OSError as error:
        del error  # no place to write: the temporary folder below serves this process
    temporary = tempfile.mkdtemp(prefix="nnplay-kernels-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return Path(temporary)


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
def digest(module: str, template: str, dtype: str) -> str:
    """Names everything that the object code of a module's kernels depends on: sources, compiler, processor, type.

    Args:
        module: the module that the kernel belongs to, such as an activation's.
        template: the module that its loop is written in; elementwise layers share one.
        dtype: "float32" or "float64".
    """
    import llvmlite.binding as llvm

    text = [dtype, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    text += [metadata.version(package) for package in ("numba", "llvmlite", "numpy")]
    hashed = hashlib.sha256("\n".join(text).encode())
    for name in sorted(_closure((module, template, *_ALWAYS))):
        hashed.update(_source(name))
    return hashed.hexdigest()[:20]


#: What takes part in compiling every kernel, whether or not it imports them.
_ALWAYS: Final = (
    "nnplay.kernels.abi",
    "nnplay.kernels.compile.compiler",
    "nnplay.kernels.compile.intrinsics",
    "nnplay.kernels.compile.jit",
)
_IMPORT: Final = re.compile(r"^\s*(?:from|import) (nnplay[\w.]*)(?: import (\([^)]*\)|[^\n]*))?", re.MULTILINE)


def _closure(modules: Iterable[str]) -> set[str]:
    """The modules and all that they import, as far as those have to do with kernels at all."""
    found: set[str] = set()
    ahead = list(modules)
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        found.add(name)
        for package, members in _IMPORT.findall(_source(name).decode()):
            named = [package, *(f"{package}.{member}" for member in re.findall(r"\w+", members))]
            ahead += [item for item in named if _matters(item)]
    return found


@functools.cache
def _matters(module: str) -> bool:
    return bool(_source(module)) and (module.startswith("nnplay.kernels.") or b"nnplay.kernels" in _source(module))


@functools.cache
def _source(module: str) -> bytes:
    """The text of a module; nothing for what is no module of ours."""
    root = Path(__file__).parents[2]
    path = root.joinpath(*module.split(".")[1:]).with_suffix(".py")
    if module.startswith("nnplay.") and path.is_file():
        return path.read_bytes()
    spec = None if module.startswith("nnplay") else find_spec(module)
    return Path(spec.origin).read_bytes() if spec is not None and spec.origin else b""
