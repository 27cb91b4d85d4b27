"""The last line of a saved record: a checksum that tells damage from an edit made by hand.

A record may be edited by hand, so a wrong checksum alone is no reason to refuse it. One that is a single bit away from
the checksum, or that has lost its last line, was not edited but damaged.
"""

from __future__ import annotations

import re
import zlib
from typing import Final, Literal

Condition = Literal["whole", "edited", "damaged"]

_LINE: Final = re.compile(rb"^# end of session, crc32 ([0-9a-f]{8})\n", re.MULTILINE)
_POLYNOMIAL: Final = 0xEDB88320


def seal(text: bytes) -> bytes:
    """`text` (ends in a newline) with the checksum line below it."""
    return text + b"# end of session, crc32 %08x\n" % zlib.crc32(text)


def unseal(data: bytes) -> tuple[bytes, Condition]:
    """The text without its checksum line, and what has become of it since it was sealed."""
    lines = list(_LINE.finditer(data))
    if not lines:
        return data, "damaged"
    match = lines[-1]
    text = data[: match.start()] + data[match.end() :]
    found, sealed = zlib.crc32(text), int(match[1], 16)
    if found == sealed:
        return text, "whole"
    one_digit = sum(a != b for a, b in zip(match[1], b"%08x" % found, strict=True)) == 1
    return text, "damaged" if one_digit or _one_bit_apart(len(text), found ^ sealed) else "edited"


def _one_bit_apart(length: int, difference: int) -> bool:
    """Whether flipping one bit of a text of `length` bytes changes its CRC-32 by `difference`.

    CRC-32 is linear: a flipped bit changes it by a value that depends on its distance from the end only. The last bit
    contributes the polynomial itself, each bit before it one more shift.
    """
    change = _POLYNOMIAL
    for _ in range(8 * length):
        if change == difference:
            return True
        change = (change >> 1) ^ (_POLYNOMIAL if change & 1 else 0)
    return False
