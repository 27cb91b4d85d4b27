"""Speed of the matrix kernel beside NumPy's BLAS, both on one thread: `python benchmarks/kernels.py [float32|float64]`.

For each size and form it prints GFLOP/s (medians) and the ratio. The two are measured in turn, call by call, so other
work on the machine slows both alike.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # before NumPy starts its threads

import statistics
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import products
from results import machine, write_section

from nnplay.kernels.abi import OPERAND_WIDTH, ROW_OPERANDS
from nnplay.kernels.compile import library
from nnplay.kernels.compile.jit import Kernel

SIZES = (
    (64, 784, 128),
    (64, 512, 256),
    (32, 8, 8),
    (1024, 1024, 1024),
    (33, 17, 10),
    (100, 100, 100),
    (7, 300, 65),
    (10, 4, 2),
)
FORMS = (products.forward, products.weight_gradient, products.input_gradient)
SECONDS = 0.4


def tape_row(shapes: list[tuple[int, int]]) -> Any:
    """A row whose operands stand one after the other in memory."""
    row = np.zeros(ROW_OPERANDS + len(shapes) * OPERAND_WIDTH, np.int64)
    row[1] = 1
    offset = 0
    for k, (high, wide) in enumerate(shapes):
        start = ROW_OPERANDS + k * OPERAND_WIDTH
        row[start : start + OPERAND_WIDTH] = [offset, high * wide, high, wide, 1, 1, 0, wide]
        offset += high * wide
    return row


def calls(form: Kernel, size: tuple[int, int, int], dtype: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The same product by NumPy and by the kernel, after checking that they agree."""
    n, i, o = size
    shapes = {
        products.forward: [(n, i), (i, o), (n, o)],
        products.weight_gradient: [(n, i), (n, o), (i, o)],
        products.input_gradient: [(n, o), (i, o), (n, i)],
    }[form]
    row = tape_row(shapes)
    memory = np.random.default_rng(0).random(sum(high * wide for high, wide in shapes)).astype(dtype)
    first, second, target = (
        part.reshape(shape)
        for part, shape in zip(np.split(memory, np.cumsum([h * w for h, w in shapes])[:-1]), shapes, strict=True)
    )
    left = first.T if form is products.weight_gradient else first
    right = second.T if form is products.input_gradient else second
    function, out = library.function(form, dtype), np.empty_like(target)
    place = (row.ctypes.data, 0, memory.ctypes.data, 0)

    def ours(_kept: Any = (row, memory)) -> None:
        function(*place)

    def theirs() -> None:
        np.matmul(left, right, out=out)

    ours()
    theirs()
    np.testing.assert_allclose(target, out, rtol=1e-4)
    return theirs, ours


def seconds(functions: tuple[Callable[[], Any], ...], flops: float) -> list[float]:
    """Median seconds a call of each function, measured in turn."""
    repeats = max(1, int(2e-4 * 1e11 / flops))
    times: list[list[float]] = [[] for _ in functions]
    until = perf_counter() + SECONDS
    while perf_counter() < until or len(times[0]) < 9:
        for function, found in zip(functions, times, strict=True):
            start = perf_counter()
            for _ in range(min(repeats, 1000)):
                function()
            found.append((perf_counter() - start) / min(repeats, 1000))
    return [statistics.median(found) for found in times]


def main(dtype: str) -> None:
    """Prints the table, and writes it down."""
    library.addresses(FORMS, dtype)
    lines = [f"| size, {dtype} | form | NumPy GFLOP/s | tile GFLOP/s | ratio |", "|---|---|---|---|---|"]
    for size in SIZES:
        flops = 2.0 * size[0] * size[1] * size[2]
        for form in FORMS:
            theirs, ours = seconds(calls(form, size, dtype), flops)
            name = form.name.partition(":")[2].replace("_", " ")
            speeds = f"{flops / theirs / 1e9:.1f} | {flops / ours / 1e9:.1f} | {theirs / ours:.2f}×"
            lines.append(f"| {'×'.join(map(str, size))} | {name} | {speeds} |")
            print(lines[-1], flush=True)
    title = "The matrix kernel beside NumPy, one thread" + ("" if dtype == "float32" else f", {dtype}")
    write_section(title, [machine(), "", *lines, "", f"Command: `python benchmarks/kernels.py {dtype}`"])


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "float32")
