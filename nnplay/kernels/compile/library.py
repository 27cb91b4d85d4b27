"""Addresses of compiled kernels: from a pack that came along, else from the cache, else through compiling processes."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import threading
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, Final

from nnplay.kernels.compile import objects, processor
from nnplay.kernels.compile.cache import object_path
from nnplay.kernels.compile.compilation import compiled, shared_out
from nnplay.kernels.compile.jit import SHARED, Kernel
from nnplay.kernels.packs import lookup
from nnplay.system import processors

Progress = Callable[[int, int, str], None]
_addresses: dict[tuple[str, str], int] = {}
#: Object code that was read or compiled, by name and type, until it is loaded.
_codes: dict[tuple[str, str], bytes] = {}
_unkept: set[tuple[str, str]] = set()
_loading: Final = threading.RLock()  # a kernel loads the shared functions that it calls
_engines: list[Any] = []


def addresses(kernels: Iterable[Kernel], dtype: str, progress: Progress | None = None) -> dict[str, int]:
    """Address of each kernel, by name; missing ones are compiled first.

    Args:
        dtype: "float32" or "float64".
        progress: called as `(done, total, name)`, from 0 on, while kernels are compiled; not at all if none must be.
    """
    wanted = {kernel.name: kernel for kernel in kernels}
    compile_missing(wanted.values(), dtype, progress)
    return {name: _address(kernel, dtype) for name, kernel in wanted.items()}


def function(kernel: Kernel, dtype: str) -> Any:
    """`kernel` as a ctypes function of four integers; calling it releases Python's lock."""
    shape = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    return shape(addresses([kernel], dtype)[kernel.name])


def missing(kernels: Iterable[Kernel], dtype: str) -> list[Kernel]:
    """What packs and cache lack of these kernels and of the shared functions that they call, those first."""
    wanted = list(kernels)
    called = {item.name: item for kernel in wanted for item in shared_by(kernel)}
    every = [*called.values(), *wanted]
    return [item for item in dict.fromkeys(every) if not _has(item, dtype)]


@functools.cache
def shared_by(kernel: Kernel) -> tuple[Kernel, ...]:
    """The shared functions that a kernel calls, directly or through other functions of this package."""
    by_function = {item.function: item for item in SHARED.values()}
    found: list[Kernel] = []
    seen: set[Any] = set()
    ahead: list[Any] = [kernel.function]
    while ahead:
        function = ahead.pop()
        if function in seen or not isinstance(function, FunctionType):
            continue
        seen.add(function)
        if function in by_function:
            found.append(by_function[function])
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        named = [function.__globals__.get(name) for name in function.__code__.co_names]
        ahead += [item for item in (*cells, *named) if isinstance(item, FunctionType)]
    return tuple(found)


def compile_missing(kernels: Iterable[Kernel], dtype: str, progress: Progress | None = None) -> int:
    """Compiles what packs and cache lack, in two child processes where two cores are free; returns how many."""
    lacking = missing(kernels, dtype)
    if not lacking:
        return 0
    workers = min(2, processors.cores(), len(lacking))
    by_name = {item.name: item for item in lacking}
    _unkept.update((item.name, dtype) for item in lacking if not objects.can_keep(object_path(item, dtype)))
    if progress is not None:
        progress(0, len(lacking), "")
    shares = shared_out(lacking, workers, dtype, processor.level())
    with contextlib.closing(compiled(shares)) as ready:
        for done, (_, name, code) in enumerate(ready, start=1):
            _codes[name, dtype] = code
            _keep(by_name[name], dtype, code)
            if progress is not None:
                progress(done, len(lacking), name)
    return len(lacking)


def kept() -> bool:
    """Whether all that was compiled is in the cache now: the next process need not do it again."""
    return not _unkept


def _has(kernel: Kernel, dtype: str) -> bool:
    """Whether its code is here; what a pack or the cache has of it is taken."""
    name = (kernel.name, dtype)
    if name not in _addresses and name not in _codes:
        code = lookup.code(kernel, dtype) or objects.read(object_path(kernel, dtype), _about(kernel, dtype))
        if code is None:
            return False
        _codes[name] = code
    return True


def _keep(kernel: Kernel, dtype: str, code: bytes) -> None:
    """Puts code into the cache; where that cannot be, this process works with what it has in memory."""
    if not objects.write(object_path(kernel, dtype), _about(kernel, dtype), code):
        _unkept.add((kernel.name, dtype))


def _about(kernel: Kernel, dtype: str) -> str:
    return f"{kernel.name} {dtype}"


def _address(kernel: Kernel, dtype: str) -> int:
    with _loading:
        if (kernel.name, dtype) not in _addresses:
            _addresses[kernel.name, dtype] = _load(kernel, dtype)
        return _addresses[kernel.name, dtype]


def _load(kernel: Kernel, dtype: str) -> int:
    import llvmlite.binding as llvm

    if not _has(kernel, dtype):
        compile_missing([kernel], dtype)
    code = _codes.pop((kernel.name, dtype))
    for item in SHARED.values():
        if item.symbol(dtype).encode() in code:
            llvm.add_symbol(item.symbol(dtype), _address(item, dtype))
    engine = _new_engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return int(engine.get_function_address("kernel"))


def _new_engine() -> Any:
    """An execution engine of its own for each object, since all of them name their function `kernel`; kept for ever."""
    import llvmlite.binding as llvm

    if not _engines:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    _engines.append(llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine))
    return _engines[-1]
