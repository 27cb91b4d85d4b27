"""Into how many parts a row is cut, which threads can take; fixed by shapes, so that no bit depends on threads."""

from __future__ import annotations

from typing import Final

#: Multiply-adds that make a share worth handing to another thread (some 8 µs of work), and the most shares of a row.
SHARE: Final = 200_000
MAX_SHARES: Final = 8
#: Multiply-adds that take as long as reading or writing one number does, once tensors are too large for the caches.
MOVE: Final = 8


def shares(cost: int) -> int:
    """Into how many parts a row of that many multiply-adds is cut."""
    return max(1, min(MAX_SHARES, cost // SHARE))
