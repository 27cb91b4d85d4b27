"""Optimizers that look at all parameters at once, one evaluation of the loss a step.

Such an optimizer tries a point, sees the loss there, and decides: it goes there, goes back, or tries another one. A
training step is one evaluation. Its first row puts the point that the step before has chosen into the parameters, and
rows behind the gradient judge it: afterwards the parameters are the best point so far again. What is decided is state
of the optimizer, so a run can stop, go back and go on between any two evaluations, with the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.records.operation import Planned, Shape, Use


@dataclass(frozen=True, slots=True, eq=False)
class WholeSizes:
    """What such an optimizer is told of the network and the data.

    Attributes:
        span: numbers of the vector of all parameters, with the padding between tensors.
        places: (M,) of each of the M parameters in that vector.
        outputs: numbers that the network answers for one row.
        rows: rows of data in a step.
    """

    span: int
    places: NDArray[np.int64]
    outputs: int
    rows: int

    @property
    def weights(self) -> int:
        """How many parameters there are."""
        return len(self.places)

    @property
    def residuals(self) -> int:
        """How many differences between answers and targets there are."""
        return self.outputs * self.rows


@dataclass(frozen=True, slots=True)
class WholeRule:
    """The rows of such an optimizer. They read and write the slots declared here, and besides: `optimizer`, `loss`,
    `parameters` and `gradients` (spans), `output`, `target`.

    Attributes:
        slots: what is kept from step to step, shape by name; it begins at 0.
        gathered: what the blocks of a step add up, shape by name, with "N" for the rows of a block.
        scratch: what goes from row to row.
        constants: slots that hold the same numbers in every step, and these.
        trial: the first row of a step: puts the point to be tried into the parameters.
        seed: writes the gradient of one output as the start of the way back; integer `output` says which one. None
            where the way back begins at the loss, and gives the gradient.
        outer: with `seed`, the row behind each way back, which adds up what the Jacobian's rows of a block come to.
        judge: rows behind the last block: they put the accepted point back, and write `accepted` (its loss) and the
            gradient there.
        update: rows that choose the next point to be tried; the last one writes `finite_flags` last.
    """

    slots: Mapping[str, Shape]
    scratch: Mapping[str, Shape]
    trial: Use
    judge: tuple[Use, ...]
    update: tuple[Use, ...]
    gathered: Mapping[str, Planned] = field(default_factory=dict)
    constants: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    seed: Use | None = None
    outer: tuple[Use, ...] = ()
