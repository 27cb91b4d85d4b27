"""The settings of a parameter group: the optimizer's learning rate times the group's factor, and the group's values."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.cuda.partial import once
from nnplay.kernels.operands import flat
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term


@kernel
def apply_factor(row: Any, clock: Any, memory: Any, part: int) -> None:
    """s ← group, but s[0] ← optimizer[0]·group[0], for s, optimizer and group (K,)."""
    optimizer, group, s = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    for i in range(s.size):
        s[i] = group[i]
    s[0] = optimizer[0] * group[0]


def _element(at: Any, optimizer: Named, group: Named) -> Term:
    return optimizer[0] * group[0] if at[0] == 0 else group[at] * 1.0


GROUP_SETTINGS = Operation(
    name="settings of a group",
    kernel=apply_factor,
    cuda=(CudaRow(apply_factor, once),),
    reads=("optimizer", "group"),
    writes=("settings",),
    reference=lambda optimizer, group: np.concatenate([optimizer[:1] * group[:1], group[1:]]),
    formula="lr ← lr·lr_factor; all other settings are the group's",
    words="Some layers have a learning rate and settings of their own; the schedule acts on all of them.",
    element=_element,
    torch="param_groups of an optimizer",
)
