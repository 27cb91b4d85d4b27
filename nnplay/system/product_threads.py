"""Products of matrices in NumPy stay in the thread that asks for them.

The program trains with kernels of its own. What NumPy multiplies are small matrices of views; threads of OpenBLAS wait
for each other by spinning, which takes processors away from the training and makes views several times as slow.
"""

from __future__ import annotations

import os
from typing import Final

_COUNTS: Final = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


def keep_to_one() -> None:
    """Works until NumPy is imported; a count that the user has set stays."""
    for name in _COUNTS:
        os.environ.setdefault(name, "1")
