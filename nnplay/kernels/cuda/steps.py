"""What the first number of a row says on a graphics card besides which kernel it calls: who meets behind it, and more.

    bits 0 … 19     number of the kernel
    bit 20          threads go on to the next row without a meeting
    bit 21          only the threads of each block meet
    bits 24 …       how many groups of samples the row has: so many lines of the table, one for each, stand for it

A line of a group ends with two more numbers: the part that is its first, and the one behind its last.
"""

from __future__ import annotations

from typing import Final

#: Added to the number of a row's kernel where threads go on to the next row without a meeting.
GOES_ON: Final = 1 << 20
#: The same where only the threads of a block meet: what is behind it needs nothing of another block.
IN_BLOCK: Final = 1 << 21
#: `code >> GROUPS` is how many groups of samples a row has; 0 where all threads share it.
GROUPS: Final = 24
#: Numbers of a card's line behind those of the tape's: first part of a group, and the one behind its last.
PARTS_OF_GROUP: Final = 2


def kernel_of(code: int) -> int:
    """The number of the kernel."""
    return code & (GOES_ON - 1)
