"""A formula as the integers of a row: the steps of a stack machine, in bytes, and the numbers that they use."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from nnplay.errors import InputError
from nnplay.formula.tree import Node
from nnplay.kernels import formula_code as code

_FUNCTIONS: Final[Mapping[str, int]] = {
    "neg": code.NEGATIVE, "exp": code.EXP, "log": code.LOG, "sqrt": code.SQRT, "abs": code.ABS, "sign": code.SIGN,
    "step": code.STEP, "sin": code.SINE, "cos": code.COSINE, "tanh": code.TANH, "sigmoid": code.SIGMOID,
    "softplus": code.SOFTPLUS, "relu": code.RELU, "erf": code.ERF, "min": code.MINIMUM, "max": code.MAXIMUM,
    "+": code.ADD, "-": code.SUBTRACT, "*": code.MULTIPLY, "/": code.DIVIDE,
}  # fmt: skip


def compile_formula(node: Node, letters: tuple[str, ...]) -> tuple[int, ...]:
    """The integers from `FIRST_WORD` on.

    Args:
        letters: the names of the parameters, in the order of the row's operands.

    Raises:
        InputError: it has more steps and numbers than a row has room for.
    """
    numbers: list[float] = []
    steps = [*_steps(node, letters, numbers), code.END]
    if len(steps) + 8 * len(numbers) > code.ROOM or _depth(node) > code.DEPTH:
        raise InputError("the formula has too many parts", hint="split it over two layers")
    padded = bytes(steps).ljust(code.ROOM - 8 * len(numbers), b"\0")
    stored = b"".join(struct.pack("<d", value) for value in reversed(numbers))
    return struct.unpack(f"<{code.ROOM // 8}q", padded + stored)


def _steps(node: Node, letters: tuple[str, ...], numbers: list[float]) -> Iterator[int]:
    for part in node.parts:
        yield from _steps(part, letters, numbers)
    if node.kind == "variable":
        yield from (code.INPUT,) if node.name == "x" else (code.PARAMETER, letters.index(node.name))
    elif node.kind == "pow":
        yield from (code.POWER, int(node.number) + 128)
    elif node.kind == "number":
        yield from _number(node.number, numbers)
    else:
        yield _FUNCTIONS[node.kind]


def _number(value: float, numbers: list[float]) -> tuple[int, int]:
    if value in range(256):
        return code.SMALL, int(value)
    if value not in numbers:
        numbers.append(value)
    return code.NUMBER, numbers.index(value)


def _depth(node: Node) -> int:
    """How many values wait on the stack at most while the formula is worked out."""
    return max((place + _depth(part) for place, part in enumerate(node.parts)), default=1)
