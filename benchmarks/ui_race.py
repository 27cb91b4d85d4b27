"""What a race of eight variants sends to the terminal, beside the limit of the playground; prints one row.

`python benchmarks/ui_race.py [columns rows]`
"""

from __future__ import annotations

import sys
from typing import Final

from ui import Line

#: KiB a second that a screen may send.
LIMIT: Final = 40
_SETTLE, _SECONDS = 4.0, 10.0


def measure(columns: int = 120, rows: int = 40) -> float:
    """KiB a second while eight variants of the first run train flat out."""
    with Line(["-m", "nnplay", "--no-tour"], columns=columns, rows=rows) as line:
        line.until(b"press space", 120.0)
        line.during(_SETTLE)
        line.press(b":set epochs 100000\r")
        line.during(_SETTLE)
        line.press(b":race optimizer=sgd,adam,rmsprop,adamw optimizer.lr=0.003,0.03\r")
        line.until(b"running", 120.0)
        line.during(_SETTLE)
        return line.during(_SECONDS) / _SECONDS / 1024


def main() -> None:
    """Measures at the size that is asked for."""
    columns, rows = map(int, sys.argv[1:3] or (120, 40))
    print(f"a race of eight at {columns}×{rows}: {measure(columns, rows):.1f} KiB/s (limit {LIMIT})")


if __name__ == "__main__":
    main()
