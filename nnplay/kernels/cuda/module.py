"""The code of a set of rows for graphics cards: from the pack, from the cache, or made by a compiling process."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final

from nnplay.errors import NnplayError
from nnplay.kernels.compile import objects, sources
from nnplay.kernels.compile.compilation import Share, compiled
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.cuda.driver import CAPABILITY
from nnplay.kernels.packs import lookup
from nnplay.system.private_folder import cache_folder

#: The functions of a module.
FUNCTIONS: Final = ("block_advance", "block_table", "grid_advance", "grid_table")
_MAKER: Final = "nnplay.kernels.cuda.compiler"


@functools.cache
def code(kernels: tuple[Kernel, ...], dtype: str = "float32") -> dict[str, bytes]:
    """PTX of each of `FUNCTIONS`, in which a row's code is its kernel's number here; it suits all cards.

    Raises:
        NnplayError: it must be compiled, and there is nothing to do that with.
    """
    packed = {name: lookup.code_for_cards(packed_name(name, kernels, dtype)) for name in FUNCTIONS}
    if all(text is not None for text in packed.values()):
        return {name: text for name, text in packed.items() if text is not None}
    folder = cache_folder("kernels") / f"cuda-{digest(kernels, dtype)}"
    paths = {name: folder / f"{name}.ptx" for name in FUNCTIONS}
    found = {name: objects.read(path, name) for name, path in paths.items()}
    if any(text is None for text in found.values()):
        found = dict(compile_kernels(kernels, dtype))
        for name, path in paths.items():
            objects.write(path, name, found[name] or b"")
    return {name: text for name, text in found.items() if text is not None}


def packed_name(function: str, kernels: Sequence[Kernel], dtype: str = "float32") -> str:
    """Under which a pack has a function whose rows call these kernels."""
    names = "\n".join([dtype, *(kernel.name for kernel in kernels)])
    return f"{function} {hashlib.sha256(names.encode()).hexdigest()}"


def can_compile() -> bool:
    """Whether there is what compiles for graphics cards."""
    return find_spec("numba_cuda") is not None


def compile_kernels(kernels: Sequence[Kernel], dtype: str = "float32") -> list[tuple[str, bytes]]:
    """PTX of each of `FUNCTIONS`, compiled now.

    Raises:
        NnplayError: there is nothing to do that with.
    """
    if not can_compile():
        raise NnplayError(
            "kernels for graphics cards must be compiled once", where="cuda", hint="pip install 'nnplay[gpu]'"
        )
    share = Share(tuple(kernels), dtype, "host", CAPABILITY)
    return [(name, text) for _, name, text in compiled([share])]


def digest(kernels: Sequence[Kernel], dtype: str) -> str:
    """Names everything that the code follows from."""
    text = [dtype, *(kernel.name for kernel in kernels), *modules_behind(kernels).values()]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()[:20]


def modules_behind(kernels: Sequence[Kernel]) -> dict[str, str]:
    """The modules that the code follows from, with the digests of their sources."""
    modules = {name for item in kernels for name in sources.behind(item.module, item.function.__module__)}
    return {name: sources.digest(name) for name in sorted(modules | set(sources.behind(_MAKER, _MAKER)))}
