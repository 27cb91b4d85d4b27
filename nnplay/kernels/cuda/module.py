"""The code that walks a set of rows on graphics cards: from the pack, the cache, or made by a compiling process.

Who is not to wait begins it first: then it is made in the background, and `code` is asked for once it is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from nnplay.errors import NnplayError
from nnplay.kernels.compile import library, objects, sources
from nnplay.kernels.compile.background import Background, Compilation, SupersededError
from nnplay.kernels.compile.compilation import Share, compiled
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.cuda.driver import CAPABILITY
from nnplay.kernels.packs import lookup
from nnplay.system.private_folder import cache_folder

#: What is launched: steps, or rows of a table, by a block for each run, or by all blocks for one.
FUNCTIONS: Final = ("block_advance", "block_table", "grid_advance", "grid_table")
_MAKER: Final = "nnplay.kernels.cuda.compiler"
_Wanted = tuple[str, tuple[Kernel, ...], str]
#: What was found or compiled in this process.
_codes: Final[dict[_Wanted, bytes]] = {}


def _never() -> bool:
    return False


def _always() -> bool:
    return True


def code(function: str, kernels: tuple[Kernel, ...], dtype: str = "float32") -> bytes:
    """PTX of one of `FUNCTIONS`, in which a row's code is its kernel's number here; it suits all cards.

    Raises:
        NnplayError: it must be compiled, and there is nothing to do that with.
    """
    return _find((function, kernels, dtype)) or _compile((function, kernels, dtype))


def _find(wanted: _Wanted) -> bytes | None:
    """What was used before, or lies in the pack or in the cache."""
    if wanted not in _codes:
        function, kernels, dtype = wanted
        found = lookup.code_for_cards(packed_name(function, kernels, dtype)) or objects.read(_path(wanted), function)
        if found is None:
            return None
        _codes[wanted] = found
    return _codes[wanted]


def _compile(wanted: _Wanted, unwanted: Callable[[], bool] = _never) -> bytes:
    function, kernels, dtype = wanted
    [(_, made)] = compile_kernels(kernels, (function,), dtype, unwanted)
    objects.write(_path(wanted), function, made)
    _codes[wanted] = made
    return made


def _path(wanted: _Wanted) -> Path:
    function, kernels, dtype = wanted
    return cache_folder("kernels") / f"cuda-{digest(kernels, dtype)}" / f"{function}.ptx"


class CodeForCards(Compilation):
    """Code that is being compiled in the background. Where it cannot be, those who wait go on, and `error` says why."""

    def __init__(self, function: str, kernels: tuple[Kernel, ...], dtype: str) -> None:
        super().__init__(kernels, dtype, 1)
        self._wanted = function, kernels, dtype
        self._superseded: Callable[[], bool] = _always

    @property
    def goes_on(self) -> bool:
        """Whether it is being compiled, and nothing newer is wanted first."""
        return not self._superseded()

    @property
    def words(self) -> str:
        """That it is being compiled, or what went wrong, in words."""
        once = ", once" if library.kept() else ""
        return f"compiling kernels for the graphics card{once}" if self.error is None else self.error.message

    def wait(self, stopped: Callable[[], bool] = _never) -> bool:
        """Waits until it is there, or cannot be; returns False if it was stopped."""
        try:
            return super().wait(stopped)
        except NnplayError:
            return True

    def retry(self) -> None:
        """Nothing: who waited went on without it."""

    def _make(self, superseded: Callable[[], bool]) -> None:
        if self.over or _find(self._wanted) is not None:
            return
        self._superseded = superseded
        try:
            _compile(self._wanted, superseded)
        finally:
            self._superseded = _always


#: Beside the thread that compiles for processors: that is quicker, and a run needs it first.
_background: Final = Background()
#: What somebody still waits for.
_begun: Final[WeakValueDictionary[_Wanted, CodeForCards]] = WeakValueDictionary()


def begin(function: str, kernels: tuple[Kernel, ...], dtype: str = "float32") -> CodeForCards | None:
    """Begins to compile what `code` would, or goes on with it; None where it is there."""
    wanted = function, kernels, dtype
    if _find(wanted) is not None:
        return None
    begun = _begun.get(wanted)
    if begun is None or begun.over:
        begun = _begun[wanted] = CodeForCards(*wanted)
    if not begun.goes_on:
        _background.add(begun)
    return begun


def packed_name(function: str, kernels: Sequence[Kernel], dtype: str = "float32") -> str:
    """Under which a pack has a function whose rows call these kernels."""
    names = "\n".join([dtype, *(kernel.name for kernel in kernels)])
    return f"{function} {hashlib.sha256(names.encode()).hexdigest()}"


def can_compile() -> bool:
    """Whether there is what compiles for graphics cards."""
    return find_spec("numba_cuda") is not None


def compile_kernels(
    kernels: Sequence[Kernel],
    functions: Sequence[str] = FUNCTIONS,
    dtype: str = "float32",
    unwanted: Callable[[], bool] = _never,
) -> list[tuple[str, bytes]]:
    """PTX of each function, compiled now, all at once.

    Args:
        unwanted: ends it, when it returns True.

    Raises:
        SupersededError: it was ended.
        NnplayError: there is nothing to do that with.
    """
    if not can_compile():
        raise NnplayError(
            "kernels for graphics cards must be compiled once", where="cuda", hint="pip install 'nnplay[gpu]'"
        )
    shares = [Share(tuple(kernels), dtype, "host", CAPABILITY, (function,)) for function in functions]
    found = [(name, text) for _, name, text in compiled(shares, unwanted)]
    if len(found) < len(functions):
        raise SupersededError
    return found


def digest(kernels: Sequence[Kernel], dtype: str) -> str:
    """Names everything that the code follows from."""
    text = [dtype, *(kernel.name for kernel in kernels), *modules_behind(kernels).values()]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()[:20]


def modules_behind(kernels: Sequence[Kernel]) -> dict[str, str]:
    """The modules that the code follows from, with the digests of their sources."""
    modules = {name for item in kernels for name in sources.behind(item.module, item.function.__module__)}
    return {name: sources.digest(name) for name in sorted(modules | set(sources.behind(_MAKER, _MAKER)))}
