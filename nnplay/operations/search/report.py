"""What an optimizer that tries points keeps of its search: a vector of numbers, each with its place."""

from __future__ import annotations

from typing import Final

#: Evaluations so far; 0 begins anew: the next step looks at the parameters as they are.
LOOKS: Final = 0
#: 1 while a step looks at the parameters as they are, and does not try a point.
FRESH: Final = 1
#: Loss of the accepted point, and of the point tried last.
LOSS: Final = 2
TRIAL: Final = 3
#: 1 where the last evaluation moved the parameters, 0 where it did not.
MOVED: Final = 4
#: Points that were accepted, and rejected, so far.
ACCEPTED: Final = 5
REJECTED: Final = 6
#: Length of the move that is tried next, and the cosine of its angle to the steepest descent.
LENGTH: Final = 7
COSINE: Final = 8
#: Levenberg–Marquardt's μ; and what a direction is multiplied by.
DAMPING: Final = 9
SCALE: Final = 10
#: From here on each optimizer has numbers of its own.
OWN: Final = 11
SIZE: Final = 48
