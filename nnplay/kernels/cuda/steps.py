"""What the table of a graphics card says besides the numbers of its kernels."""

from __future__ import annotations

from typing import Final

#: Added to the number of a row's kernel where threads go on to the next row without a meeting.
GOES_ON: Final = 1 << 20
