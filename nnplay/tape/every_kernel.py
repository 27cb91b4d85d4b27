"""All kernels that any network can need."""

from __future__ import annotations

from nnplay.kernels import loop
from nnplay.kernels.compile.jit import KERNELS, Kernel
from nnplay.records import registry
from nnplay.tape import assembler, machine_cpu

#: What declares kernels when it is imported: the loop, and what stands around the rows of records.
_DECLARE = (loop, assembler, machine_cpu)


def every_kernel() -> list[Kernel]:
    """Those that records and the loop declare when they are imported, in the order of their names."""
    for records in (registry.layer_records, registry.loss_records, registry.optimizer_records):
        records()
    return [kernel for name, kernel in sorted(KERNELS.items()) if name.startswith("nnplay.")]
