"""For which processor kernels are compiled, and what the compiler may do to their arithmetic: this is the one place.

`NNPLAY_PROCESSOR` names a level of x86-64 to compile for, and to load packs of, instead of this machine's own
processor. Lower levels are slower and give the same bits, which is what they are there to prove. Below `x86-64-v3` a
fused multiply-add is a call of the C library, right to the last bit and many times as slow.
"""

from __future__ import annotations

import functools
import os
from typing import Any, Final

from nnplay.errors import InputError

#: What LLVM may change in floating-point arithmetic: nothing. Sums keep their order, products and sums are fused only
#: where the source says `multiply_add`, and quotients stay quotients.
FAST_MATH: Final[frozenset[str]] = frozenset()
#: Intrinsics of LLVM that may work on numbers: all are defined to the last bit. Those of `masked` only move them, and
#: `reduce.fadd` adds a vector's numbers one after the other, unless a flag allows another order.
EXACT: Final = ("fma", "sqrt", "fabs", "copysign", "rint", "floor", "ceil", "trunc", "masked", "vector.reduce.fadd")
#: Functions of the C library that are defined to the last bit too.
EXACT_C: Final = ("sqrt", "sqrtf")

HOST: Final = "host"
_VARIABLE: Final = "NNPLAY_PROCESSOR"
#: What a processor of each level has that one of the level before need not have.
LEVELS: Final = {
    "x86-64-v2": ("sse4.2", "popcnt"),
    "x86-64-v3": ("avx2", "fma", "bmi2"),
    "x86-64-v4": ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
}


@functools.cache
def level() -> str:
    """The level to compile for, or "host" for all that this machine's processor can do.

    Raises:
        InputError: `NNPLAY_PROCESSOR` names none, or one that this machine's processor has not reached.
    """
    wanted = os.environ.get(_VARIABLE) or HOST
    possible = (HOST, *possible_levels())
    if wanted not in possible:
        where, hint = _VARIABLE, f"use one of {', '.join(possible)}"
        raise InputError(f"this machine cannot run kernels for '{wanted}'", where=where, hint=hint)
    return wanted


@functools.cache
def possible_levels() -> tuple[str, ...]:
    """The levels whose code this machine can run."""
    found = _host_features()
    lacking = [any(not found.get(feature) for feature in wanted) for wanted in LEVELS.values()]
    return tuple(LEVELS)[: lacking.index(True) if True in lacking else None]


@functools.cache
def levels_to_load() -> tuple[str, ...]:
    """The levels whose ready-made code this process may run, the best first.

    With `NNPLAY_PROCESSOR` it is that one alone; none with "host", for whose processor nothing can be made beforehand.

    Raises:
        InputError: as for `level`.
    """
    if os.environ.get(_VARIABLE):
        return tuple(name for name in (level(),) if name != HOST)
    return possible_levels()[::-1]


def name(level: str) -> str:
    """The processor's name, for LLVM."""
    import llvmlite.binding as llvm

    return str(llvm.get_host_cpu_name()) if level == HOST else level


def features(level: str) -> str:
    """What the processor can do, for LLVM; loops use its widest vectors, which is a quarter faster."""
    wide = ["-prefer-256-bit"] if has("avx512f", level) else []
    host = [str(_host_features().flatten())] if level == HOST else []
    return ",".join(host + wide)


def has(feature: str, level: str) -> bool:
    """Whether kernels of a level may use `avx2` or `avx512f`."""
    if level == HOST:
        return bool(_host_features().get(feature))
    names = tuple(LEVELS)
    return any(feature in LEVELS[name] for name in names[: names.index(level) + 1])


def architecture() -> str:
    """The family of processors that is compiled for, as LLVM names it: "x86_64", "aarch64" or another."""
    import llvmlite.binding as llvm

    return str(llvm.get_process_triple()).partition("-")[0].replace("arm64", "aarch64")


def target_machine(level: str) -> Any:
    """LLVM's description of the processor, for position-independent code."""
    import llvmlite.binding as llvm

    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=name(level), features=features(level), opt=3, reloc="pic", codemodel="small"
    )


def _host_features() -> Any:
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_features()
