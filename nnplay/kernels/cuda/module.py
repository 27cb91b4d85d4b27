"""The code that walks a set of rows on graphics cards: from the pack, the cache, or made by a compiling process."""

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

#: What is launched: steps, or rows of a table, by a block for each run, or by all blocks for one.
FUNCTIONS: Final = ("block_advance", "block_table", "grid_advance", "grid_table")
_MAKER: Final = "nnplay.kernels.cuda.compiler"


@functools.cache
def code(function: str, kernels: tuple[Kernel, ...], dtype: str = "float32") -> bytes:
    """PTX of one of `FUNCTIONS`, in which a row's code is its kernel's number here; it suits all cards.

    Raises:
        NnplayError: it must be compiled, and there is nothing to do that with.
    """
    packed = lookup.code_for_cards(packed_name(function, kernels, dtype))
    if packed is not None:
        return packed
    path = cache_folder("kernels") / f"cuda-{digest(kernels, dtype)}" / f"{function}.ptx"
    found = objects.read(path, function)
    if found is None:
        [(_, found)] = compile_kernels(kernels, (function,), dtype)
        objects.write(path, function, found)
    return found


def packed_name(function: str, kernels: Sequence[Kernel], dtype: str = "float32") -> str:
    """Under which a pack has a function whose rows call these kernels."""
    names = "\n".join([dtype, *(kernel.name for kernel in kernels)])
    return f"{function} {hashlib.sha256(names.encode()).hexdigest()}"


def can_compile() -> bool:
    """Whether there is what compiles for graphics cards."""
    return find_spec("numba_cuda") is not None


def compile_kernels(
    kernels: Sequence[Kernel], functions: Sequence[str] = FUNCTIONS, dtype: str = "float32"
) -> list[tuple[str, bytes]]:
    """PTX of each function, compiled now, all at once.

    Raises:
        NnplayError: there is nothing to do that with.
    """
    if not can_compile():
        raise NnplayError(
            "kernels for graphics cards must be compiled once", where="cuda", hint="pip install 'nnplay[gpu]'"
        )
    shares = [Share(tuple(kernels), dtype, "host", CAPABILITY, (function,)) for function in functions]
    return [(name, text) for _, name, text in compiled(shares)]


def digest(kernels: Sequence[Kernel], dtype: str) -> str:
    """Names everything that the code follows from."""
    text = [dtype, *(kernel.name for kernel in kernels), *modules_behind(kernels).values()]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()[:20]


def modules_behind(kernels: Sequence[Kernel]) -> dict[str, str]:
    """The modules that the code follows from, with the digests of their sources."""
    modules = {name for item in kernels for name in sources.behind(item.module, item.function.__module__)}
    return {name: sources.digest(name) for name in sorted(modules | set(sources.behind(_MAKER, _MAKER)))}
