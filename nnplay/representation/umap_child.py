"""Where the process that works UMAP out begins: run by its path with `python -P -s -S`.

UMAP (McInnes, Healy and Melville, 2018) comes with Numba and takes seconds, so it has a process of its own. The first
line of standard input is JSON: `folders` to import from. Each question is a line with N and D, and as float32 the rows
(N, D) and where they are to begin (N, 2); the answer is their places (N, 2). When standard input ends, so does this.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

#: Rows that count as near by; UMAP's own default. Fewer rows have fewer neighbours.
NEIGHBOURS = 15
SEED = 0
_NICE = 10
_ONE_THREAD = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def embed(rows: Any, start: Any) -> Any:
    """The embedding (N, 2) of rows (N, D) by UMAP, always the same one: its seed is fixed, as is where it begins."""
    import umap

    neighbours = max(2, min(NEIGHBOURS, len(rows) - 1))
    return umap.UMAP(n_neighbors=neighbours, init=start, random_state=SEED, n_jobs=1).fit_transform(rows)


def main() -> None:
    """Takes rows and gives places until nobody asks any more."""
    order = json.loads(sys.stdin.buffer.readline())
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no array
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    os.nice(_NICE)
    sys.path += order["folders"]
    import numpy as np

    for line in iter(sys.stdin.buffer.readline, b""):
        count, units = json.loads(line)
        rows, start = (
            np.frombuffer(sys.stdin.buffer.read(4 * count * width), np.float32).reshape(count, width)
            for width in (units, 2)
        )
        out.write(np.asarray(embed(rows, start), np.float32).tobytes())
        out.flush()


if __name__ == "__main__":
    main()
