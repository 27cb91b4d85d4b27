"""One general kernel for every formula that a user writes: a stack machine over blocks of numbers.

Each step is a loop over a block, which is vector code, so what it costs to find the next step is spread over the block.
Nothing is compiled for a new formula, and its bits are those of the elementary functions that it is made of.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nnplay.kernels import formula_code as code
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import COMPILING, DTYPE, ON_CARD, inline, kernel, shared
from nnplay.kernels.cuda.convolution import fold_shares, shares_of
from nnplay.kernels.cuda.partial import room
from nnplay.kernels.elementary import erf, exp, log, sigmoid, softplus, tanh
from nnplay.kernels.operands import adds, integer, long_integer, part_of, pointer, share, shifted, size
from nnplay.kernels.trigonometry import cosine, sine

if COMPILING:
    from llvmlite import ir

    from nnplay.kernels.compile.intrinsics import intrinsic, types
    from nnplay.kernels.lanes import lane_dot
    from nnplay.kernels.tile import scratch

    @intrinsic
    def from_bits(typing: Any, bits: Any) -> Any:
        """The float64 that an int64 holds the bits of."""

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.bitcast(args[0], ir.DoubleType())

        return types.float64(types.int64), emit


BLOCK = 1 if ON_CARD else code.BLOCK
STACK = code.DEPTH * BLOCK


@inline
def step_at(row: Any, at: int) -> int:
    """Byte `at` of the steps."""
    word: int = long_integer(row, code.FIRST_WORD + at // 8)
    return (word >> (8 * (at % 8))) & 255


@inline
def constant(row: Any, memory: Any, step: int, which: int) -> Any:
    """What a step without numbers of the batch puts on the stack: a parameter, a small number or a stored one."""
    if step == code.PARAMETER:
        return pointer(row, memory, 1 + which)[0]
    if step == code.SMALL:
        return DTYPE(which)
    return DTYPE(from_bits(long_integer(row, code.LAST_WORD - which)))


@inline
def power(x: Any, n: int) -> Any:
    """xⁿ for a whole n other than 0."""
    value = x
    for _ in range(abs(n) - 1):
        value = value * x
    return value if n > 0 else 1.0 / value


@inline
def sign_of(x: Any) -> Any:
    """1, 0 or −1; NaN stays NaN."""
    return 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0 * x)


@inline
def join(step: int, a: Any, b: Any, count: int) -> None:
    """a = a ∘ b, for a and b (count,)."""
    if step == code.ADD:
        for i in range(count):
            a[i] = a[i] + b[i]
    elif step == code.SUBTRACT:
        for i in range(count):
            a[i] = a[i] - b[i]
    elif step == code.MULTIPLY:
        for i in range(count):
            a[i] = a[i] * b[i]
    elif step == code.DIVIDE:
        for i in range(count):
            a[i] = a[i] / b[i]
    elif step == code.MINIMUM:
        for i in range(count):
            a[i] = b[i] if b[i] < a[i] or b[i] != b[i] else a[i]
    else:
        for i in range(count):
            a[i] = b[i] if a[i] < b[i] or b[i] != b[i] else a[i]


@inline
def apply(step: int, a: Any, count: int, n: int) -> None:
    """a = f(a), for a (count,); n is the exponent of a power."""
    if step == code.POWER:
        for i in range(count):
            a[i] = power(a[i], n)
    elif step == code.NEGATIVE:
        for i in range(count):
            a[i] = -a[i]
    elif step == code.EXP:
        for i in range(count):
            a[i] = exp(a[i])
    elif step == code.LOG:
        for i in range(count):
            a[i] = log(a[i])
    elif step == code.SQRT:
        for i in range(count):
            a[i] = math.sqrt(a[i])
    elif step == code.ABS:
        for i in range(count):
            a[i] = abs(a[i])
    elif step == code.SIGN:
        for i in range(count):
            a[i] = sign_of(a[i])
    elif step == code.STEP:
        for i in range(count):
            a[i] = 1.0 if a[i] > 0.0 else 0.0 * a[i]
    elif step == code.SINE:
        for i in range(count):
            a[i] = sine(a[i])
    elif step == code.COSINE:
        for i in range(count):
            a[i] = cosine(a[i])
    elif step == code.TANH:
        for i in range(count):
            a[i] = tanh(a[i])
    elif step == code.SIGMOID:
        for i in range(count):
            a[i] = sigmoid(a[i])
    elif step == code.SOFTPLUS:
        for i in range(count):
            a[i] = softplus(a[i])
    elif step == code.RELU:
        for i in range(count):
            a[i] = 0.0 if a[i] <= 0.0 else a[i]
    else:
        for i in range(count):
            a[i] = erf(a[i])


@inline
def join_slopes(step: int, a: Any, b: Any, da: Any, db: Any, count: int) -> None:
    """How a ∘ b moves as a and b move by da and db, all (count,), into da."""
    if step == code.ADD:
        for i in range(count):
            da[i] = da[i] + db[i]
    elif step == code.SUBTRACT:
        for i in range(count):
            da[i] = da[i] - db[i]
    elif step == code.MULTIPLY:
        for i in range(count):
            da[i] = da[i] * b[i] + a[i] * db[i]
    elif step == code.DIVIDE:
        for i in range(count):
            da[i] = da[i] / b[i] - a[i] * db[i] / (b[i] * b[i])
    elif step == code.MINIMUM:
        for i in range(count):
            da[i] = db[i] if b[i] < a[i] else da[i]
    else:
        for i in range(count):
            da[i] = db[i] if a[i] < b[i] else da[i]


@inline
def apply_slopes(step: int, a: Any, da: Any, count: int, n: int) -> None:
    """How f(a) moves as a moves by da, both (count,), into da: da·f′(a)."""
    if step == code.POWER:
        for i in range(count):
            da[i] = da[i] * (DTYPE(n) * (power(a[i], n - 1) if n != 1 else 1.0))
    elif step == code.NEGATIVE:
        for i in range(count):
            da[i] = -da[i]
    elif step == code.EXP:
        for i in range(count):
            da[i] = da[i] * exp(a[i])
    elif step == code.LOG:
        for i in range(count):
            da[i] = da[i] / a[i] if da[i] != 0.0 else da[i]
    elif step == code.SQRT:
        for i in range(count):
            da[i] = da[i] / (2.0 * math.sqrt(a[i])) if da[i] != 0.0 else da[i]
    elif step == code.ABS:
        for i in range(count):
            da[i] = da[i] * sign_of(a[i])
    elif step == code.SIGN or step == code.STEP:
        for i in range(count):
            da[i] = 0.0
    elif step == code.SINE:
        for i in range(count):
            da[i] = da[i] * cosine(a[i])
    elif step == code.COSINE:
        for i in range(count):
            da[i] = -(da[i] * sine(a[i]))
    elif step == code.TANH:
        for i in range(count):
            da[i] = da[i] * (1.0 - tanh(a[i]) * tanh(a[i]))
    elif step == code.SIGMOID:
        for i in range(count):
            da[i] = da[i] * (sigmoid(a[i]) * (1.0 - sigmoid(a[i])))
    elif step == code.SOFTPLUS:
        for i in range(count):
            da[i] = da[i] * sigmoid(a[i])
    elif step == code.RELU:
        for i in range(count):
            da[i] = da[i] * (1.0 if a[i] > 0.0 else 0.0 * a[i])
    else:
        for i in range(count):
            da[i] = da[i] * (1.1283791670955126 * exp(-(a[i] * a[i])))


@shared("nrrri")
def formula_values(row: Any, memory: Any, x: Any, stack: Any, count: int) -> None:
    """stack[…count] = f(x), for x (count,) of at most `BLOCK` numbers; stack holds `DEPTH` blocks."""
    at, top = 0, -1
    step = step_at(row, 0)
    while step != code.END:
        which = step_at(row, at + 1)
        if step <= code.NUMBER:
            top += 1
        elif step >= code.ADD:
            top -= 1
        a, b = shifted(stack, top * BLOCK), shifted(stack, (top + 1) * BLOCK)
        if step == code.INPUT:
            for i in range(count):
                a[i] = x[i]
        elif step <= code.NUMBER:
            value = constant(row, memory, step, which)
            for i in range(count):
                a[i] = value
        elif step >= code.ADD:
            join(step, a, b, count)
        else:
            apply(step, a, count, which - 128)
        at += 2 if code.PARAMETER <= step <= code.POWER else 1
        step = step_at(row, at)


@shared("nrrrri")
def formula_slopes(row: Any, memory: Any, x: Any, stack: Any, moves: Any, count: int) -> None:
    """moves[…count] = ∂f/∂v, for x (count,), where v is x or a parameter, as integer `SEED` says.

    Beside each value on the stack stands how it moves with v.
    """
    seed = long_integer(row, code.SEED)
    at, top = 0, -1
    step = step_at(row, 0)
    while step != code.END:
        which = step_at(row, at + 1)
        if step <= code.NUMBER:
            top += 1
        elif step >= code.ADD:
            top -= 1
        a, b = shifted(stack, top * BLOCK), shifted(stack, (top + 1) * BLOCK)
        da, db = shifted(moves, top * BLOCK), shifted(moves, (top + 1) * BLOCK)
        if step == code.INPUT:
            move = DTYPE(1 if seed == 0 else 0)
            for i in range(count):
                a[i] = x[i]
                da[i] = move
        elif step <= code.NUMBER:
            value = constant(row, memory, step, which)
            move = DTYPE(1 if step == code.PARAMETER and seed == which + 1 else 0)
            for i in range(count):
                a[i] = value
                da[i] = move
        elif step >= code.ADD:
            join_slopes(step, a, b, da, db, count)
            join(step, a, b, count)
        else:
            apply_slopes(step, a, da, count, which - 128)
            apply(step, a, count, which - 128)
        at += 2 if code.PARAMETER <= step <= code.POWER else 1
        step = step_at(row, at)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = f(x), for x and y (M,); the steps of f stand in the row's integers, its P parameters (1,) behind x."""
    output = 1 + integer(row, code.PARAMETERS)
    x, y = part_of(row, memory, 0, part), part_of(row, memory, output, part)
    start, _ = share(row, part, size(row, 0))
    stack, source = scratch(768), shifted(pointer(row, memory, 0), start)
    for first in range(0, x.size, BLOCK):
        count = min(BLOCK, x.size - first)
        formula_values(row, memory, shifted(source, first), stack, count)
        for i in range(count):
            y[first + i] = stack[i]


@kernel
def forward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`: every parts-th number of y (M,)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1 + integer(row, code.PARAMETERS))
    stack, at = scratch(STACK), part
    while at < size(row, 0):
        formula_values(row, memory, shifted(x, at), stack, 1)
        y[at] = stack[0]
        at += row[ROW_PARTS]


@kernel
def backward_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = f(x), so dx = dy·∂f/∂x, for x, dy, dx (M,)."""
    P = integer(row, code.PARAMETERS)
    dy, dx = part_of(row, memory, 1 + P, part), part_of(row, memory, 2 + P, part)
    start, _ = share(row, part, size(row, 0))
    stack, moves, source = scratch(768), scratch(768), shifted(pointer(row, memory, 0), start)
    for first in range(0, dx.size, BLOCK):
        count = min(BLOCK, dx.size - first)
        formula_slopes(row, memory, shifted(source, first), stack, moves, count)
        for i in range(count):
            before = dx[first + i] if adds(row, 2 + P) else DTYPE(0)
            dx[first + i] = before + dy[first + i] * moves[i]


@kernel
def backward_input_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `backward_input`: every parts-th number of dx (M,)."""
    P = integer(row, code.PARAMETERS)
    x, dy, dx = pointer(row, memory, 0), pointer(row, memory, 1 + P), pointer(row, memory, 2 + P)
    stack, moves, at = scratch(STACK), scratch(STACK), part
    while at < size(row, 0):
        formula_slopes(row, memory, shifted(x, at), stack, moves, 1)
        before = dx[at] if adds(row, 2 + P) else DTYPE(0)
        dx[at] = before + dy[at] * moves[0]
        at += row[ROW_PARTS]


@kernel
def backward_parameter(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = f(x, a), so out (chunks, 1) = Σ dy·∂f/∂a over each chunk of the numbers; x, dy (M,), a (1,)."""
    P = integer(row, code.PARAMETERS)
    x, dy, out = pointer(row, memory, 0), pointer(row, memory, 1 + P), pointer(row, memory, 2 + P)
    M, chunks = size(row, 0), size(row, 2 + P)
    stack, moves = scratch(768), scratch(768)
    begin, end = share(row, part, chunks)
    for p in range(begin, end):
        total = DTYPE(0)
        start, stop = M * p // chunks, M * (p + 1) // chunks
        for first in range(start, stop, BLOCK):
            count = min(BLOCK, stop - first)
            formula_slopes(row, memory, shifted(x, first), stack, moves, count)
            total += lane_dot(shifted(dy, first), moves, count)
        out[p] = total


def parameter_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Into how many parts the sum over all numbers is cut, from the size of x."""
    return shares_of(1, sizes[0])


@kernel
def parameter_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ dy·∂f/∂a over every parts-th number; x, dy (M,), a (1,)."""
    x, dy = pointer(row, memory, 0), pointer(row, memory, 1 + integer(row, code.PARAMETERS))
    stack, moves, at, total = scratch(STACK), scratch(STACK), part, DTYPE(0.0)
    while at < size(row, 0):
        formula_slopes(row, memory, shifted(x, at), stack, moves, 1)
        total += dy[at] * moves[0]
        at += row[ROW_PARTS]
    room(row, memory)[part] = total


@kernel
def parameter_fold(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[0] = Σ sums, and zeros in the other chunks of out (P, 1)."""
    fold_shares(row, memory, part, 2 + integer(row, code.PARAMETERS), 1)
