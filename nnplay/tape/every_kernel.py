"""All kernels that any network can need."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from typing import Any

import nnplay.operations
from nnplay.kernels.compile.jit import KERNELS, Kernel
from nnplay.records import registry
from nnplay.records.cuda_rows import WithNextRow
from nnplay.records.operation import Operation, Use


def every_kernel() -> list[Kernel]:
    """Those that a processor runs, in the order of their names."""
    declared = declared_kernels()
    called = {operation.kernel.name for operation in _operations()}
    for_cards = {kernel.name for kernel in every_card_kernel()} - called
    return [kernel for kernel in declared if kernel.name not in for_cards]


def declared_kernels() -> list[Kernel]:
    """Those that records, operations and the loop declare when they are imported, in the order of their names."""
    for records in (registry.layer_records, registry.loss_records, registry.optimizer_records):
        records()
    for module in pkgutil.walk_packages(nnplay.operations.__path__, "nnplay.operations."):
        importlib.import_module(module.name)
    importlib.import_module("nnplay.kernels.loop")
    return [kernel for name, kernel in sorted(KERNELS.items()) if name.startswith("nnplay.")]


def every_card_kernel() -> list[Kernel]:
    """Those that rows of graphics cards call, in the order of their names: of all cases of all records."""
    declared_kernels()
    items = (
        item
        for operation in _operations()
        for rows in (operation.cuda, *(form.rows for form in operation.tiled))
        for item in rows
    )
    rows = (row for item in items for row in (item, *((item.both,) if isinstance(item, WithNextRow) else ())))
    found = {item.kernel.name: item.kernel for item in rows}
    return [found[name] for name in sorted(found)]


def _operations() -> Iterator[Operation]:
    """The operations that modules name, and those of all cases of all records."""
    for name, module in list(sys.modules.items()):
        if name.startswith("nnplay."):
            yield from (item for item in vars(module).values() if isinstance(item, Operation))
    yield from (use.operation for use in _uses())


def _uses() -> Iterator[Use]:
    for layer in registry.layer_records().values():
        for case in layer.cases:
            shape: Any = case.shapes if layer.joins else case.shape
            plan = layer.plan(layer(**case.values).values, shape)
            evaluated = (plan.evaluate or (), plan.evaluate_backward or ())
            for rows in (plan.forward, plan.backward, *evaluated, plan.curvature):
                yield from rows
    for loss in registry.loss_records().values():
        for case in loss.cases:
            given: Any = (loss(**case.values).values, case.shape)
            for whole in (loss.plan, loss.weighted):
                if whole is not None:
                    made = whole(*given)
                    yield from (*made.forward, *made.backward, *(made.evaluate or ()))
    for optimizer in registry.optimizer_records().values():
        for values in optimizer.cases:
            made_for = optimizer(**values)
            yield from (Use(made_for.operation),) if optimizer.rule is not None else ()
            for shape in ((3,), (3, 2), (2, 3, 4)):
                rule = optimizer.by_tensor(shape)
                yield from rule.uses if rule is not None else ()
