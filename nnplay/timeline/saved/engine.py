"""What ran a step: an earlier engine may have given other last digits."""

from __future__ import annotations

from typing import Final

#: Raised by one whenever a change gives any run other bits; `tests/golden/digests.json` shows when that is so. On what
#: processor, with how many threads and by what compiler a step was run does not matter. The digests are a processor's,
#: and so is this number: other bits on graphics cards (other shares of a cut sum) do not raise it. Steps are replayed
#: on whatever trains now, a card or a processor, and nothing stored says which of them ran a step: where it was the
#: other one, or another version's card, last digits may differ and no note says so.
ENGINE: Final = "4"
#: What is kept in place of a name where the steps of a run were not all run by the same.
SEVERAL: Final = "several"
