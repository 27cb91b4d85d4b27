"""All kernels that any network can need."""

from __future__ import annotations

import importlib
import pkgutil

import nnplay.operations
from nnplay.kernels.compile.jit import KERNELS, Kernel
from nnplay.records import registry


def every_kernel() -> list[Kernel]:
    """Those that records, operations and the loop declare when they are imported, in the order of their names."""
    for records in (registry.layer_records, registry.loss_records, registry.optimizer_records):
        records()
    for module in pkgutil.walk_packages(nnplay.operations.__path__, "nnplay.operations."):
        importlib.import_module(module.name)
    importlib.import_module("nnplay.kernels.loop")
    return [kernel for name, kernel in sorted(KERNELS.items()) if name.startswith("nnplay.")]
