"""Where the compiled loop finds averaged weights: entries of its program, beside those of `nnplay.kernels.abi`."""

from __future__ import annotations

from typing import Final

#: Offset of the trained weights, which give way to averaged ones in evaluations at the end of an epoch.
PROGRAM_TRAINED: Final = 42
#: Offset of the averaged weights.
PROGRAM_AVERAGE: Final = 43
#: How many of each there are; 0: trained weights are evaluated.
PROGRAM_AVERAGE_SIZE: Final = 44
#: Offset of how often the average has taken in the weights.
PROGRAM_AVERAGE_COUNT: Final = 45
