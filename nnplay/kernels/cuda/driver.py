"""NVIDIA's driver, called directly: memory, modules and launches. No package is needed, and nothing is loaded before.

All calls that can fail raise `CardError`, whose words say what the user can do.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.errors import NnplayError
from nnplay.text import clean

#: The driver's library, by platform.
_LIBRARIES: Final = {"linux": ("libcuda.so.1",), "win32": ("nvcuda.dll",)}
#: The oldest driver and card that kernels are made for: CUDA 13.0, and compute capability 8.0 (Ampere).
DRIVER: Final = 13_000
CAPABILITY: Final = (8, 0)

# Numbers of the driver's interface (cuda.h).
_MAJOR, _MINOR, _PROCESSORS, _SHARED, _COOPERATIVE = 75, 76, 16, 97, 95
_SHARED_OF_FUNCTION, _REGISTERS, _LOCAL = 8, 4, 3
_NOT_INITIALISED_YET: Final = 3
_OUT_OF_MEMORY: Final = 2
_UNAVAILABLE: Final = 46
_NO_DEVICE: Final = 100
_INVALID_DEVICE: Final = 101
_UNSUPPORTED_PTX: Final = 222

_Address = ctypes.c_uint64


class CardError(NnplayError):
    """The graphics card cannot be used, or no longer."""


@dataclass(frozen=True, slots=True)
class Card:
    """What there is.

    Attributes:
        name: as its maker calls it.
        capability: what its processors can do, as (major, minor).
        memory: bytes.
        processors: how many blocks can run at once, each on one of its own.
        shared: bytes of shared memory that a block can have.
    """

    name: str
    capability: tuple[int, int]
    memory: int
    processors: int
    shared: int

    @property
    def short_name(self) -> str:
        """Its model alone, such as "A100" of an "NVIDIA A100-SXM4-80GB"; "cuda" where that is long."""
        model = self.name.removeprefix("NVIDIA ").removeprefix("GeForce ").split("-")[0].strip()
        return model if 0 < len(model) <= 12 else "cuda"


@functools.cache
def _library() -> Any:
    for name in _LIBRARIES.get(sys.platform, ()):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise CardError("no NVIDIA driver is installed", where="cuda", hint="use --device cpu, or install the driver")


def _call(name: str, *arguments: Any) -> None:
    function = getattr(_library(), name, None)
    if function is None:  # of a driver from before that function
        raise CardError("the NVIDIA driver is too old", where="cuda", hint="install one for CUDA 13.0 or later")
    status = function(*arguments)
    if status:
        what, hint = _meaning(status)
        raise CardError(what, where="cuda", hint=hint)


def _meaning(status: int) -> tuple[str, str]:
    """What a status says is wrong, and what can be done."""
    if status == _OUT_OF_MEMORY:
        return "the graphics card has too little free memory", "nvidia-smi shows who has it"
    if status == _UNAVAILABLE:
        return "another program has the graphics card to itself", "nvidia-smi shows which"
    if status == _UNSUPPORTED_PTX:
        return "the NVIDIA driver is older than what compiles kernels for it", "install a newer driver"
    if status in (_NO_DEVICE, _INVALID_DEVICE):
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        if visible is None:
            return "there is no graphics card", "nvidia-smi -L lists them"
        set_to = clean(visible, limit=60)
        return f"there is no graphics card in CUDA_VISIBLE_DEVICES={set_to}", "unset it, or name one of nvidia-smi -L"
    text = ctypes.c_char_p()
    _library().cuGetErrorString(status, ctypes.byref(text))
    return f"the graphics card failed: {(text.value or b'unknown error').decode(errors='replace')}", "see nvidia-smi"


@functools.cache
def card() -> Card:
    """The first card, made ready for this process.

    Raises:
        CardError: there is none that can be used.
    """
    _call("cuInit", 0)
    version = ctypes.c_int()
    _call("cuDriverGetVersion", ctypes.byref(version))
    if version.value < DRIVER:
        found = f"{version.value // 1000}.{version.value % 1000 // 10}"
        raise CardError(
            f"the NVIDIA driver supports CUDA {found}", where="cuda", hint="install one for CUDA 13.0 or later"
        )
    device = ctypes.c_int()
    _call("cuDeviceGet", ctypes.byref(device), 0)
    name = ctypes.create_string_buffer(100)
    _call("cuDeviceGetName", name, len(name), device)
    major, minor, processors, shared, cooperative = (
        _attribute(device, kind) for kind in (_MAJOR, _MINOR, _PROCESSORS, _SHARED, _COOPERATIVE)
    )
    called = name.value.decode(errors="replace")
    if (major, minor) < CAPABILITY or not cooperative:
        raise CardError(f"{called} is too old", where="cuda", hint="a card from 2020 on (Ampere or later) is needed")
    memory = ctypes.c_size_t()
    _call("cuDeviceTotalMem_v2", ctypes.byref(memory), device)
    context = ctypes.c_void_p()
    _call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    _contexts.append(context)
    return Card(called, (major, minor), memory.value, processors, shared)


#: The process's context on the card, once there is one.
_contexts: list[ctypes.c_void_p] = []


def _attribute(device: ctypes.c_int, kind: int) -> int:
    value = ctypes.c_int()
    _call("cuDeviceGetAttribute", ctypes.byref(value), kind, device)
    return value.value


def use() -> Card:
    """Makes the card the calling thread's; every thread that calls the driver does this first."""
    found = card()
    _make_current()
    return found


def _make_current() -> None:
    _call("cuCtxSetCurrent", _contexts[0])


def free_memory() -> int:
    """Bytes of the card's memory that nobody has, other programs included."""
    use()
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    _call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
    return free.value


class Buffer:
    """Memory on the card, (nbytes,), until it is closed."""

    def __init__(self, nbytes: int) -> None:
        use()
        self.nbytes = max(nbytes, 16)
        address = _Address()
        _call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(self.nbytes))
        self.address = address.value
        self.clear()

    def clear(self) -> None:
        """Makes it all zeros."""
        _call("cuMemsetD8_v2", _Address(self.address), ctypes.c_ubyte(0), ctypes.c_size_t(self.nbytes))

    def write(self, array: NDArray[Any], at: int = 0) -> None:
        """Copies an array there, from byte `at` on."""
        if array.nbytes:
            _call(
                "cuMemcpyHtoD_v2",
                _Address(self.address + at),
                ctypes.c_void_p(array.ctypes.data),
                ctypes.c_size_t(array.nbytes),
            )

    def read(self, array: NDArray[Any], at: int = 0) -> None:
        """Fills an array from there."""
        if array.nbytes:
            _call(
                "cuMemcpyDtoH_v2",
                ctypes.c_void_p(array.ctypes.data),
                _Address(self.address + at),
                ctypes.c_size_t(array.nbytes),
            )

    def close(self) -> None:
        """Gives the memory back; any thread may, and it may be the first that it asks of the driver."""
        if self.address:
            address, self.address = self.address, 0
            _make_current()
            _call("cuMemFree_v2", _Address(address))

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # the process is ending, or the card is gone
            self.close()


def buffer_of(array: NDArray[Any]) -> Buffer:
    """A copy of an array on the card."""
    made = Buffer(array.nbytes)
    made.write(array)
    return made


class Module:
    """Machine code on the card, as long as it or one of its kernels is held.

    Args:
        code: PTX, or machine code for this card.
    """

    def __init__(self, code: bytes) -> None:
        use()
        self._module = ctypes.c_void_p()
        _call("cuModuleLoadData", ctypes.byref(self._module), ctypes.c_char_p(code + b"\0"))

    def function(self, name: str) -> Function:
        """A kernel by its name."""
        handle = ctypes.c_void_p()
        _call("cuModuleGetFunction", ctypes.byref(handle), self._module, name.encode())
        return Function(self, handle)

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # it was never loaded, the process is ending, or the card is gone
            _make_current()
            _call("cuModuleUnload", self._module)


class Function:
    """A kernel that takes a pointer and a number."""

    def __init__(self, module: Module, handle: ctypes.c_void_p) -> None:
        self._module, self._handle = module, handle

    def attribute(self, kind: int) -> int:
        """Registers (4), or bytes of local memory (3), of a thread."""
        value = ctypes.c_int()
        _call("cuFuncGetAttribute", ctypes.byref(value), kind, self._handle)
        return value.value

    def allow_shared(self, nbytes: int) -> None:
        """Allows a launch to have so much shared memory a block."""
        _call("cuFuncSetAttribute", self._handle, _SHARED_OF_FUNCTION, nbytes)

    def blocks(self, threads: int, shared: int) -> int:
        """How many blocks can run at once on one processor of the card."""
        count = ctypes.c_int()
        _call(
            "cuOccupancyMaxActiveBlocksPerMultiprocessor",
            ctypes.byref(count), self._handle, threads, ctypes.c_size_t(shared),
        )  # fmt: skip
        return count.value

    def launch(self, blocks: int, threads: int, shared: int, address: int, number: int, *, together: bool) -> None:
        """Runs it and waits for its end; `together` makes sure that all blocks run at once."""
        first, second = ctypes.c_uint64(address), ctypes.c_int64(number)
        pointers = (ctypes.c_void_p * 2)(
            ctypes.cast(ctypes.byref(first), ctypes.c_void_p), ctypes.cast(ctypes.byref(second), ctypes.c_void_p)
        )
        shape = (blocks, 1, 1, threads, 1, 1, shared, None, pointers)
        if together:
            _call("cuLaunchCooperativeKernel", self._handle, *shape)
        else:
            _call("cuLaunchKernel", self._handle, *shape, None)
        _call("cuCtxSynchronize")
