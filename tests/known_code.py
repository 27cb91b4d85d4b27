"""Stands in for compiling processes: object code as packs have it is handed over, and only what none has is compiled.

For tests of what is done with the code. Whether it comes out right is tried with real compilers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from nnplay.kernels.compile import compilation
from nnplay.kernels.compile.compilation import Share
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.packs import lookup

Compiled = Generator[tuple[Share, str, bytes]]


def stand_in(find: Callable[[Kernel, str], bytes | None] = lookup.code) -> Callable[[Sequence[Share]], Compiled]:
    """What can be called in place of `compiled`; `find` says what packs have, whatever a test makes of them later."""

    def compiled(shares: Sequence[Share]) -> Compiled:
        for share in shares:
            for kernel in share.kernels:
                code = find(kernel, share.dtype)
                if code is None:
                    yield from compilation.compiled([Share((kernel,), share.dtype, share.level)])
                else:
                    yield share, kernel.name, code

    return compiled
