"""A process without kernels, and a compiler in it that hands one over whenever a test lets it."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence

import pytest

from nnplay.errors import NnplayError
from nnplay.kernels.compile import library, objects, processor
from nnplay.kernels.compile.cache import object_path
from nnplay.kernels.compile.compilation import Share
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.packs import lookup

_ENOUGH = 10_000


class HeldCompiler:
    """Stands in for the compiling processes: no kernel is there before a test lets it through.

    Attributes:
        asked: names of the kernels that it has begun to hand over, in that order.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._passes = threading.Semaphore(0)
        self._real_compiled = library.compiled
        self.asked: list[str] = []
        self._fault = ""
        patch.setattr(library, "_addresses", {})
        patch.setattr(library, "_codes", {})
        patch.setattr(library, "_unkept", set())
        patch.setattr(library, "_has", _is_in_memory)
        patch.setattr(library, "compiled", self._compiled)

    def let(self, kernels: int = _ENOUGH) -> None:
        """Lets so many kernels through; by default all there will ever be."""
        self._passes.release(kernels)

    def fail(self, reason: str) -> None:
        """Ends the compiler in the midst of the next kernel; whoever asks after that finds it in order."""
        self._fault = reason
        self.let(1)

    def hold(self) -> None:
        """Holds all that are let through no more, and forgets those that are loaded."""
        self._passes = threading.Semaphore(0)
        library._addresses.clear()

    def _compiled(self, shares: Sequence[Share]) -> Generator[tuple[Share, str, bytes]]:
        for share in shares:
            for kernel in share.kernels:
                self.asked.append(kernel.name)
                self._passes.acquire()
                if self._fault:
                    reason, self._fault = self._fault, ""
                    raise NnplayError(f"a kernel could not be compiled: {reason}", where="kernel cache")
                yield share, kernel.name, self._code(kernel, share.dtype)

    def _code(self, kernel: Kernel, dtype: str) -> bytes:
        """The object code as a pack or the cache has it, or as the compiler makes it."""
        path, about = object_path(kernel, dtype), library._about(kernel, dtype)
        code = lookup.code(kernel, dtype) or objects.read(path, about)
        if code is None:
            ((_, _, code),) = self._real_compiled([Share((kernel,), dtype, processor.level())])
            objects.write(path, about, code)
        return code


def _is_in_memory(kernel: Kernel, dtype: str) -> bool:
    return (kernel.name, dtype) in library._addresses or (kernel.name, dtype) in library._codes


@pytest.fixture
def held_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldCompiler]:
    """A compiler that is held up until the test lets kernels through; what is still wanted at its end is compiled."""
    held = HeldCompiler(monkeypatch)
    yield held
    held.let()
    for thread in threading.enumerate():
        if thread.name == "nnplay-compiling":
            thread.join()
