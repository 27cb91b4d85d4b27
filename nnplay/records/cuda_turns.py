"""Rows of a graphics card that are run several times in a row, as a time step after the other is."""

from __future__ import annotations

from dataclasses import dataclass

from nnplay.records.operation import CudaRow


@dataclass(frozen=True, slots=True)
class TurnRow(CudaRow):
    """A row that is run once for each place along an axis; which one stands in `nnplay.kernels.cuda.recurrence.TURN`.

    Attributes:
        operand, axis: whose length says how often.
    """

    operand: int = 0
    axis: int = 1
