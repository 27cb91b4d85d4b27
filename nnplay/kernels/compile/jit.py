"""How kernels are declared: plain Python in the program, machine code in the compiling process.

The program itself never imports numba. A kernel missing from the cache is compiled by a child process
(`kernels.compile.isolated`), which sets `compiled_for.dtype` to the floating-point type before it imports this module;
only there do `inline` and `kernel` functions become Numba functions. Every process then loads the finished object code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Final

import numpy as np

from nnplay.kernels.compile import compiled_for
from nnplay.kernels.compile.processor import FAST_MATH

#: "float32" or "float64" in the compiling process, empty elsewhere.
COMPILING: Final = compiled_for.dtype
#: The type that all numbers of a tape have; literals in kernels are of this type.
DTYPE: Final[Any] = np.float64 if COMPILING == "float64" else np.float32

#: Whether this process compiles for graphics cards.
ON_CARD: Final = compiled_for.target == "cuda"

KERNELS: Final[dict[str, Kernel]] = {}
#: Functions with object code of their own that kernels call through a symbol.
SHARED: Final[dict[str, Kernel]] = {}


@dataclass(frozen=True, slots=True)
class Kernel:
    """A function `(row: int64*, clock: int64*, memory: number*, part: int64) -> None` that one tape row calls.

    Attributes:
        name: `module:function`, under which the object code is cached.
        function: its Python source; compiled only in the compiling process.
        arguments: one letter for each argument: `i` int64, `n` int64*, `r` number*, of the tape's type.
    """

    name: str
    function: Callable[..., None]
    arguments: str = "nnri"

    def __post_init__(self) -> None:
        KERNELS[self.name] = self

    @property
    def module(self) -> str:
        """The module that declares it; its source is part of the cache key."""
        return self.name.partition(":")[0]

    def symbol(self, dtype: str) -> str:
        """The name through which other kernels call it, if it is shared."""
        return f"nnplay_{self.function.__name__}_{dtype}"


def kernel(function: Callable[..., None]) -> Kernel:
    """Declares a kernel, named after its module and itself."""
    return Kernel(f"{function.__module__}:{function.__qualname__}", function)


def shared(arguments: str) -> Callable[[Callable[..., None]], Any]:
    """Declares a function too large to be compiled anew into each kernel that calls it.

    It is compiled once, and its address is filled in where a kernel that calls it is loaded.
    """

    def declare(function: Callable[..., None]) -> Any:
        declared = Kernel(f"{function.__module__}:{function.__qualname__}", function, arguments)
        SHARED[declared.name] = declared
        if not COMPILING:
            return function
        if ON_CARD:
            return inline(function)
        import llvmlite.binding as llvm
        from numba import types

        symbol = declared.symbol(COMPILING)
        llvm.add_symbol(symbol, 1)  # never called here
        return types.ExternalFunction(symbol, types.void(*argument_types(arguments)))

    return declare


def argument_types(arguments: str) -> list[Any]:
    """Numba's types for the letters of `Kernel.arguments`."""
    import numba

    types: Any = numba.types
    kinds = {"i": types.int64, "n": types.CPointer(types.int64), "r": types.CPointer(numba.from_dtype(DTYPE))}
    return [kinds[letter] for letter in arguments]


def inline(function: Any) -> Any:
    """Declares a function that kernels call; LLVM inlines it where that pays."""
    if not COMPILING:
        return function
    if ON_CARD:
        return _device_function(function)
    import numba

    return numba.njit(**options())(with_typed_literals(function))


def _device_function(function: Any) -> Any:
    from nnplay.kernels.cuda.toolchain import cuda

    return cuda.jit(device=True)(with_typed_literals(function))


def force_inline(function: Any) -> Any:
    """`function` and all that it calls, inlined however long they are: a call that stays keeps a loop from vectors."""
    if not COMPILING or ON_CARD:
        return function
    import numba

    python = function.py_func
    called = {name: python.__globals__.get(name) for name in python.__code__.co_names}
    inlined = {name: force_inline(item) for name, item in called.items() if isinstance(item, type(function))}
    copied = _copied(python, python.__code__, python.__globals__ | inlined)
    return numba.njit(**options() | {"forceinline": True})(copied)


def noalias(function: Any) -> Any:
    """As `inline`, and promises that its pointers do not alias: what one writes, no other reads or writes.

    Its loops become vector code without checks for overlap; LLVM gives up where it would need more than a few.
    """
    if not COMPILING:
        return function
    dispatcher = inline(function)
    if ON_CARD:
        return dispatcher

    def customized(flags: Any) -> Any:
        flags.noalias = True
        return flags

    dispatcher._compiler._customize_flags = customized  # numba has no option for it
    return dispatcher


def options() -> dict[str, Any]:
    """The one place where compiler flags are set."""
    return {
        "nogil": True,
        "boundscheck": False,
        "error_model": "numpy",
        "fastmath": set(FAST_MATH),
        "no_cpython_wrapper": True,
        "no_cfunc_wrapper": True,
        # Where it is not set, it is that of whoever happens to call a function first, and the code hangs on the order.
        "forceinline": False,
    }


def with_typed_literals(function: Any) -> Any:
    """`function` with its float literals in the tape's type: `0.5 * x` must not become float64 arithmetic."""
    code = function.__code__
    constants = tuple(DTYPE(value) if type(value) is float else value for value in code.co_consts)
    return _copied(function, code.replace(co_consts=constants), function.__globals__)


def _copied(function: Any, code: Any, names: dict[str, Any]) -> Any:
    """`function` with other code, which sees these global names."""
    copied = FunctionType(code, names, function.__name__, function.__defaults__, function.__closure__)
    copied.__module__ = function.__module__
    copied.__qualname__ = function.__qualname__
    return copied
