"""How a user's formula stands in the integers of a row: a stack machine's steps in bytes, and their numbers behind.

The steps begin in integer `FIRST_WORD` and end with `END`. Numbers that are no whole ones from 0 to 255 stand at the
end, as the bits of a float64: number k in integer `LAST_WORD - k`.
"""

from __future__ import annotations

from typing import Final

from nnplay.kernels.abi import MAX_INTEGERS

#: Integers in front of the steps: how many parameters the row reads, and which variable a gradient is for.
PARAMETERS: Final = 0
SEED: Final = 1
FIRST_WORD: Final = 2
LAST_WORD: Final = MAX_INTEGERS - 1
ROOM: Final = 8 * (MAX_INTEGERS - FIRST_WORD)
#: Values that may wait on the stack, and numbers that a block of values holds.
DEPTH: Final = 12
BLOCK: Final = 64

END: Final = 0
INPUT: Final = 1
PARAMETER: Final = 2  # and a byte: which one
SMALL: Final = 3  # and a byte: the number itself
NUMBER: Final = 4  # and a byte: which one
POWER: Final = 5  # and a byte: the exponent + 128
NEGATIVE: Final = 6
EXP: Final = 7
LOG: Final = 8
SQRT: Final = 9
ABS: Final = 10
SIGN: Final = 11
STEP: Final = 12
SINE: Final = 13
COSINE: Final = 14
TANH: Final = 15
SIGMOID: Final = 16
SOFTPLUS: Final = 17
RELU: Final = 18
ERF: Final = 19
ADD: Final = 20
SUBTRACT: Final = 21
MULTIPLY: Final = 22
DIVIDE: Final = 23
MINIMUM: Final = 24
MAXIMUM: Final = 25
