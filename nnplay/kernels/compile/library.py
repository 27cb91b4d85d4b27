"""Addresses of compiled kernels: from the cache where it has them, through compiling processes where not."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FunctionType
from typing import Any, Final

from nnplay.errors import NnplayError
from nnplay.kernels.compile.cache import object_path
from nnplay.kernels.compile.jit import SHARED, Kernel

Progress = Callable[[int, int, str], None]
_addresses: dict[tuple[str, str], int] = {}
_engines: list[Any] = []
#: Compiling a shared function takes as long as so many kernels.
_SHARED_WEIGHT: Final = 7


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
    """What the cache lacks of these kernels and of the shared functions that they call, those first."""
    wanted = list(kernels)
    called = {item.name: item for kernel in wanted for item in shared_by(kernel)}
    every = [*called.values(), *wanted]
    return [item for item in every if (item.name, dtype) not in _addresses and not object_path(item, dtype).is_file()]


def shared_by(kernel: Kernel) -> list[Kernel]:
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
    return found


def compile_missing(kernels: Iterable[Kernel], dtype: str, progress: Progress | None = None) -> int:
    """Fills the cache with what it lacks, in two child processes where two cores are free; returns how many."""
    lacking = missing(kernels, dtype)
    if not lacking:
        return 0
    workers = min(2, os.cpu_count() or 1, len(lacking))
    running = [_start(share, dtype) for share in _dealt(lacking, workers)]
    done = 0
    if progress is not None:
        progress(0, len(lacking), "")
    for process in running:
        for line in process.stdout or ():
            done += 1
            if progress is not None:
                progress(done, len(lacking), line.strip())
    messages = [process.communicate()[1] for process in running]  # of all, so that none is left running
    for process, message in zip(running, messages, strict=True):
        if process.returncode != 0:
            last = message.strip().splitlines()[-1:] or ["no message"]
            raise NnplayError(f"a kernel could not be compiled: {last[0]}", where="kernel cache")
    return len(lacking)


def _dealt(kernels: list[Kernel], workers: int) -> list[list[Kernel]]:
    """About equal work for each process: a shared function is as large as several kernels."""
    shares: list[list[Kernel]] = [[] for _ in range(workers)]
    loads = [0] * workers
    for item in kernels:
        least = loads.index(min(loads))
        shares[least].append(item)
        loads[least] += _SHARED_WEIGHT if item.name in SHARED else 1
    return [share for share in shares if share]


def _start(kernels: list[Kernel], dtype: str) -> subprocess.Popen[str]:
    by_folder: dict[Path, list[str]] = defaultdict(list)
    for item in kernels:
        by_folder[object_path(item, dtype).parent].append(item.name)
    arguments: list[str] = []
    for folder, names in by_folder.items():
        folder.mkdir(mode=0o700, exist_ok=True)
        arguments += [f"{folder}={','.join(names)}"]
    return subprocess.Popen(
        [sys.executable, "-m", "nnplay.kernels.compile.compiler", *arguments],
        env=os.environ | {"NNPLAY_COMPILE": dtype, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,  # closes with this process, however it ends: the child ends too
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _address(kernel: Kernel, dtype: str) -> int:
    if (kernel.name, dtype) not in _addresses:
        _addresses[kernel.name, dtype] = _load(kernel, dtype)
    return _addresses[kernel.name, dtype]


def _load(kernel: Kernel, dtype: str) -> int:
    import llvmlite.binding as llvm

    code = object_path(kernel, dtype).read_bytes()
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
