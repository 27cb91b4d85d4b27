"""NVIDIA's driver as `nnplay.kernels.cuda.driver` calls it, for a card that is not there.

Memory of the card is memory here. A module's PTX is translated to C and compiled with gcc; a launch then runs threads
of all blocks in turns, in an order that is drawn, and watches what they read and write.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.virtual_card.translation import translate

#: What gcc must not do: fuse products with sums, or take them in another order.
_FLAGS: Final = ("-std=gnu11", "-O1", "-w", "-ffp-contract=off", "-shared", "-fPIC")
_NO_MEMORY: Final = 2
_NO_CONTEXT: Final = 201
_ILLEGAL: Final = 700
#: cuda.h: which attribute is which.
_MAJOR, _MINOR, _PROCESSORS, _SHARED, _COOPERATIVE = 75, 76, 16, 97, 95


def can_compile() -> bool:
    """Whether there is a compiler for C."""
    return shutil.which("gcc") is not None


def _in_context(function: Callable[..., int]) -> Callable[..., int]:
    """A function of the driver that fails in a thread to which nobody gave the card."""

    @functools.wraps(function)
    def called(card: VirtualCard, *given: Any) -> int:
        return function(card, *given) if getattr(card.current, "context", False) else _NO_CONTEXT

    return called


class VirtualCard:
    """What stands in for the driver's library.

    Args:
        folder: where compiled kernels go.
        processors: how many blocks run at once.
        seed: of the order in which threads take turns.
        timed: it says how long a launch takes; that takes longer to compile.

    Attributes:
        launches: how many there were.
        instructions: of all threads in all launches.
        most: of the thread that took most in the last one.
        cycles: that an H200 would take for the last one, by what is known of it (`pace.py`); 0 if not asked.
        modules: how many are loaded.
        current: what each thread has.
    """

    def __init__(self, folder: Path, processors: int = 2, seed: int = 1, *, timed: bool = False) -> None:
        self._folder, self._processors, self._seed, self._timed = folder, processors, seed, timed
        self._memory: dict[int, Any] = {}
        self._modules: list[Any] = []
        self._said = ctypes.create_string_buffer(300)
        self.launches = self.instructions = self.most = self.cycles = self.modules = 0
        self.current = threading.local()

    def __getattr__(self, name: str) -> Callable[..., int]:
        if not name.startswith("cu"):
            raise AttributeError(name)
        return lambda *given: 0  # cuInit, contexts and what else has nothing to do here

    # -- the card --------------------------------------------------------------------------------------------------

    def cuDriverGetVersion(self, version: Any) -> int:
        version._obj.value = 13_000
        return 0

    def cuDeviceGetName(self, name: Any, size: int, device: Any) -> int:
        name.value = b"virtual card"
        return 0

    def cuDeviceGetAttribute(self, value: Any, kind: int, device: Any) -> int:
        found = {_MAJOR: 8, _MINOR: 0, _PROCESSORS: self._processors, _SHARED: 166_912, _COOPERATIVE: 1}
        value._obj.value = found[kind]
        return 0

    def cuDeviceTotalMem_v2(self, size: Any, device: Any) -> int:
        size._obj.value = 1 << 30
        return 0

    def cuMemGetInfo_v2(self, free: Any, total: Any) -> int:
        total._obj.value = 1 << 30
        free._obj.value = total._obj.value - self.taken
        return 0

    def cuGetErrorString(self, status: int, text: Any) -> int:
        text._obj.value = self._said.value if status == _ILLEGAL else b"out of memory"
        return 0

    def cuCtxSetCurrent(self, context: Any) -> int:
        self.current.context = True
        return 0

    # -- memory ----------------------------------------------------------------------------------------------------

    @property
    def taken(self) -> int:
        """Bytes that are given out."""
        return sum(len(one) for one in self._memory.values())

    @_in_context
    def cuMemAlloc_v2(self, address: Any, size: Any) -> int:
        if self.taken + size.value > 1 << 30:
            return _NO_MEMORY
        room = np.full(size.value, 0xFF, np.uint8)  # what was there before is nobody's
        address._obj.value = room.ctypes.data
        self._memory[room.ctypes.data] = room
        return 0

    @_in_context
    def cuMemsetD8_v2(self, address: Any, value: Any, size: Any) -> int:
        ctypes.memset(address.value, value.value, size.value)
        return 0

    @_in_context
    def cuMemcpyHtoD_v2(self, target: Any, source: Any, size: Any) -> int:
        ctypes.memmove(target.value, source.value, size.value)
        return 0

    cuMemcpyDtoH_v2 = cuMemcpyHtoD_v2

    @_in_context
    def cuMemFree_v2(self, address: Any) -> int:
        del self._memory[address.value]
        return 0

    # -- kernels ---------------------------------------------------------------------------------------------------

    @_in_context
    def cuModuleLoadData(self, module: Any, code: Any) -> int:
        self._modules.append(self._compile(code.value.decode()))
        module._obj.value = len(self._modules)
        self.modules += 1
        return 0

    @_in_context
    def cuModuleUnload(self, module: Any) -> int:
        self._modules[module.value - 1] = None
        self.modules -= 1
        return 0

    def _compile(self, ptx: str) -> Any:
        kind = "timed" if self._timed else "plain"
        source = self._folder / f"{hashlib.sha256(ptx.encode()).hexdigest()[:20]}-{kind}.c"
        library = source.with_suffix(".so")
        if not library.exists():
            source.write_text(translate(ptx, self._timed))
            subprocess.run(["gcc", *_FLAGS, "-o", str(library), str(source), "-lm"], check=True)
        return ctypes.CDLL(str(library))

    def cuModuleGetFunction(self, function: Any, module: Any, name: bytes) -> int:
        function._obj.value = module.value
        return 0

    def cuFuncGetAttribute(self, value: Any, kind: int, function: Any) -> int:
        value._obj.value = 0
        return 0

    def cuOccupancyMaxActiveBlocksPerMultiprocessor(self, count: Any, *given: Any) -> int:
        count._obj.value = 1
        return 0

    @_in_context
    def cuLaunchKernel(self, function: Any, *given: Any) -> int:
        blocks, _, _, threads, _, _, shared, _, pointers = given[:9]
        address = ctypes.cast(pointers[0], ctypes.POINTER(ctypes.c_uint64)).contents
        number = ctypes.cast(pointers[1], ctypes.POINTER(ctypes.c_int64)).contents
        places = np.array([(at, at + len(room)) for at, room in self._memory.items()], np.uint64)
        counted = (ctypes.c_uint64 * 3)()
        self.launches += 1
        failed: int = self._modules[function.value - 1].launch(
            blocks, threads, shared, address, number, ctypes.c_void_p(places.ctypes.data), len(places),
            ctypes.c_uint64(self._seed + self.launches), self._said, counted,
        )  # fmt: skip
        self.instructions += counted[0]
        self.most, self.cycles = counted[1], counted[2] if self._timed else 0
        return _ILLEGAL if failed else 0

    cuLaunchCooperativeKernel = cuLaunchKernel
