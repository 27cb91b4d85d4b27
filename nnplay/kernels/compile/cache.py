"""Where the object code of a kernel is kept: in a folder named by a digest of all that the code depends on."""

from __future__ import annotations

import functools
import hashlib
import re
import sys
from collections.abc import Iterable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from nnplay.kernels.compile import processor
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
    text = [dtype, processor.name(), processor.features()]
    text += [metadata.version(package) for package in ("numba", "llvmlite", "numpy")]
    text += [sys.implementation.cache_tag or ""]  # Numba reads its bytecode
    hashed = hashlib.sha256("\n".join(text).encode())
    for name in sorted(_closure((module, template, *_ALWAYS))):
        hashed.update(_source(name))
    return hashed.hexdigest()[:20]


#: What takes part in compiling every kernel, whether or not it imports them.
_ALWAYS: Final = (
    "nnplay.kernels.abi",
    "nnplay.kernels.compile.compiler",
    "nnplay.kernels.compile.intrinsics",
    "nnplay.kernels.compile.isolated",
    "nnplay.kernels.compile.jit",
    "nnplay.kernels.compile.processor",
    "nnplay.kernels.compile.strict",
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
