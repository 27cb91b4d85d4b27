"""What ran a step: an earlier engine may have given other last digits."""

from __future__ import annotations

from typing import Final

#: Raised by one whenever a change gives any run other bits; `tests/golden/digests.json` shows when that is so. On what
#: processor, with how many threads and by what compiler a step was run does not matter.
ENGINE: Final = "4"
#: What is kept in place of a name where the steps of a run were not all run by the same.
SEVERAL: Final = "several"
