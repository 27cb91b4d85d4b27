"""About what instructions of PTX take on a card of NVIDIA's Hopper generation: how many of machine code, for how long.

Latencies are published (Luo et al., "Benchmarking and Dissecting the Nvidia Hopper GPU Architecture via
Microbenchmarking", 2024), those of memory stand in card.c; counts are what `ptxas` makes of each. One number, how long
code is waited for (`FETCH` in card.c), was chosen so that four times that were measured come out within an eighth.
"""

from __future__ import annotations

import re
from typing import Final

#: Pattern of an instruction, how many there are of it in machine code, and cycles until its result can be used.
_PACES: Final = tuple(
    (re.compile(pattern), issues, latency)
    for pattern, issues, latency in (
        (r"mov\..*|cvta\..*|cvt\.[us](32|64)\.[us](32|64)|(ld|st)\.param.*", 0, 0),
        (r"(div|rem)\.[us]32", 18, 110),
        (r"(div|rem)\.[us]64", 100, 500),
        (r"(div|rcp|sqrt)\.rn\.f32", 11, 50),
        (r"(div|rcp|sqrt)\.rn\.f64", 20, 200),
        (r"cvt\..*f(32|64).*", 1, 20),
        (r"(add|sub|mul|fma)\.rn\.f64", 1, 8),
        (r"(mul\.lo|mad\.lo)\.[us]64", 4, 14),
        (r"(min|max)\.[us]64", 4, 12),
        (r"(add|sub|shl|shr|and|or|xor|setp|selp|neg|abs|not)(\.\w+)*\.[busf]64", 2, 8),
        (r"mul\.wide.*", 1, 5),
        (r"setp.*", 1, 6),
        (r"mma\..*", 1, 33),
        (r"bra.*|ret", 1, 0),
        (r"(ld|atom).*", 1, "me->latency"),
        (r"(st|bar).*", 1, 0),
    )
)
_OTHERS: Final = (1, 4)
#: Lines of PTX whose machine code is read at once.
CODE_LINE: Final = 4
#: Cycles until the instruction at the place that is jumped to is issued.
JUMP: Final = 10


def pace_of(code: str) -> tuple[int, int | str]:
    """How many instructions of machine code it is, and cycles until its result can be used, as C."""
    return next(((issues, latency) for pattern, issues, latency in _PACES if pattern.fullmatch(code)), _OTHERS)
