"""Elementary functions of kernels: accuracy over their range, and honest values at its ends."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest

from nnplay.kernels.abi import OPERAND_WIDTH, ROW_OPERANDS
from nnplay.kernels.compile import library
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.elementary import erf, exp, log, log1p, sigmoid, softplus, tanh
from nnplay.kernels.operands import flat

INF, NAN = math.inf, math.nan


def applying(function: Any) -> Kernel:
    """A kernel that makes y[i] = function(x[i])."""

    def apply(row: Any, clock: Any, memory: Any, part: int) -> None:
        x, y = flat(row, memory, 0), flat(row, memory, 1)
        for i in range(x.size):
            y[i] = function(x[i])

    return Kernel(f"{__name__}:apply_{function.__name__}", apply)


apply_exp, apply_log, apply_log1p, apply_tanh = applying(exp), applying(log), applying(log1p), applying(tanh)
apply_erf, apply_sigmoid, apply_softplus = applying(erf), applying(sigmoid), applying(softplus)
KERNELS = (apply_exp, apply_log, apply_log1p, apply_tanh, apply_erf, apply_sigmoid, apply_softplus)


#: In float64 the activations that are made of these functions are tried quickly (`test_layers.py`).
DOUBLE = pytest.mark.slow


@functools.cache
def compile_at_once(dtype: str) -> None:
    """All kernels of this file, in one process: starting the compiler takes longer than compiling one."""
    library.compile_missing(KERNELS, dtype)


def erf_reference(x: Any) -> Any:
    return np.vectorize(math.erf, otypes=[np.float64])(x)


def sigmoid_reference(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


def softplus_reference(x: Any) -> Any:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


SIGNED = np.concatenate([-np.logspace(-30, 1.9, 4001), np.logspace(-30, 1.9, 4001), np.linspace(-20, 20, 20001)])
CASES: list[Any] = [
    pytest.param(apply_exp, np.exp, np.linspace(-87.3, 88.7, 40001), id="exp"),
    pytest.param(apply_log, np.log, np.logspace(-37.9, 38.5, 40001), id="log"),
    pytest.param(apply_log, np.log, np.linspace(0.5, 2.0, 40001), id="log near 1"),
    pytest.param(
        apply_log1p, np.log1p, np.concatenate([np.logspace(-37, 0, 20001), np.linspace(0, 1, 999)]), id="log1p"
    ),
    pytest.param(apply_tanh, np.tanh, SIGNED, id="tanh"),
    pytest.param(apply_erf, erf_reference, SIGNED, id="erf"),
    pytest.param(apply_sigmoid, sigmoid_reference, SIGNED, id="sigmoid"),
    pytest.param(apply_softplus, softplus_reference, SIGNED, id="softplus"),
]
ENDS: list[Any] = [
    (apply_exp, [NAN, INF, -INF, 0.0, -0.0, 1e30, -1e30], [NAN, INF, 0.0, 1.0, 1.0, INF, 0.0]),
    (apply_log, [NAN, INF, -INF, 0.0, -0.0, -1.0, 1.0], [NAN, INF, NAN, -INF, -INF, NAN, 0.0]),
    (apply_tanh, [NAN, INF, -INF, 0.0, 1e30, -1e30], [NAN, 1.0, -1.0, 0.0, 1.0, -1.0]),
    (apply_erf, [NAN, INF, -INF, 0.0, 1e30, -1e30], [NAN, 1.0, -1.0, 0.0, 1.0, -1.0]),
    (apply_sigmoid, [NAN, INF, -INF, 0.0, 1e30, -1e30], [NAN, 1.0, 0.0, 0.5, 1.0, 0.0]),
    (apply_softplus, [NAN, INF, -INF, 1e30, -1e30], [NAN, INF, 0.0, 1e30, 0.0]),
]


def apply_kernel(function: Kernel, x: Any, dtype: str) -> Any:
    """What the compiled kernel makes of `x`, in its own type."""
    compile_at_once(dtype)
    memory = np.zeros(2 * x.size, dtype)
    memory[: x.size] = x
    row = np.zeros(ROW_OPERANDS + 2 * OPERAND_WIDTH, np.int64)
    row[1] = 1
    row[ROW_OPERANDS:] = [0, x.size, x.size, 1, 1, 1, 0, x.size] * 2
    row[ROW_OPERANDS + OPERAND_WIDTH] = x.size
    library.function(function, dtype)(row.ctypes.data, 0, memory.ctypes.data, 0)
    return memory[x.size :]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 4e-7), pytest.param("float64", 1e-14, marks=DOUBLE)])
@pytest.mark.parametrize(("function", "reference", "x"), CASES)
def test_relative_error_is_small(function: Kernel, reference: Any, x: Any, dtype: str, tolerance: float) -> None:
    """Over its whole range a function differs from NumPy's float64 by a few units in the last place."""
    x = x.astype(dtype)
    with np.errstate(all="ignore"):
        want = reference(x.astype(np.float64))
    normal = np.abs(want) > np.finfo(dtype).tiny
    np.testing.assert_allclose(apply_kernel(function, x, dtype)[normal], want[normal], rtol=tolerance, atol=0.0)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=DOUBLE)])
@pytest.mark.parametrize(("function", "x", "want"), ENDS, ids=[case[0].name.split("_")[-1] for case in ENDS])
@pytest.mark.parametrize("count", [1, 40])
def test_ends_of_the_range(function: Kernel, x: list[float], want: list[float], dtype: str, count: int) -> None:
    """NaN stays NaN and infinities have their limits, in vector code as in the scalar tail."""
    got = apply_kernel(function, np.repeat(np.array(x), count), dtype)
    np.testing.assert_array_equal(got, np.repeat(np.array(want), count).astype(dtype))


def test_log_of_denormal_numbers() -> None:
    """Float32 numbers below the smallest normal one still have an accurate logarithm."""
    x = np.array([1e-45, 1e-42, 1e-39], np.float32)
    np.testing.assert_allclose(apply_kernel(apply_log, x, "float32"), np.log(x.astype(np.float64)), rtol=4e-7)
