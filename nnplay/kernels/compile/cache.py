"""Where the object code of a kernel is kept: in a folder named by a digest of all that the code depends on."""

from __future__ import annotations

import functools
import hashlib
import sys
from importlib import metadata
from pathlib import Path

from nnplay.kernels.compile import processor, sources
from nnplay.kernels.compile.jit import Kernel
from nnplay.system.private_folder import cache_folder


def object_path(kernel: Kernel, dtype: str) -> Path:
    """Where the object code of `kernel` for numbers of type `dtype` is, or will be once compiled."""
    return cache_folder("kernels") / digest(kernel.module, kernel.function.__module__, dtype) / file_of(kernel.name)


def file_of(name: str) -> str:
    """File name of a kernel's object code inside its cache folder."""
    return name.replace(":", "-").replace("<locals>.", "") + ".o"


@functools.cache
def digest(module: str, template: str, dtype: str) -> str:
    """Names everything that the object code of a module's kernels depends on: sources, compiler, processor, type.

    Args:
        module: the module that the kernel belongs to, such as an activation's.
        template: the module that its loop is written in; elementwise layers share one.
        dtype: "float32" or "float64".
    """
    level = processor.level()
    text = [dtype, processor.name(level), processor.features(level)]
    text += [metadata.version(package) for package in ("numba", "llvmlite", "numpy")]
    text += [sys.implementation.cache_tag or ""]  # Numba reads its bytecode
    text += [sources.digest(name) for name in sources.behind(module, template)]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()[:20]
