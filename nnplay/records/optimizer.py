"""Optimizers as data: the record that defines one, and an optimizer with its settings.

An optimizer is one elementwise rule over the vector of all parameters, declared by two scalar functions; the compiled
loop over the vector is made from them here.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nnplay.errors import InputError
from nnplay.fields import Field, bind, signature
from nnplay.kernels.abi import CLOCK_STEP
from nnplay.kernels.arithmetic import mark_not_finite
from nnplay.kernels.compile.jit import Kernel, inline
from nnplay.kernels.operands import flat, integer, part_of
from nnplay.records.help_text import help_text, helped_by
from nnplay.records.layer import Refused
from nnplay.records.operation import Operation
from nnplay.records.python_text import call_text, python_name, record_text
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term
from nnplay.text import clean


def _help(record: OptimizerRecord) -> str:
    name = python_name(record.name, record.torch)
    pairs = " ".join(f"{pair}=(…) gives {' and '.join(names)} at once." for pair, names in record.pairs.items())
    formulas = [record.operation.formula]
    return help_text(
        record,
        f"{name}{inspect.signature(record)}",
        folder="nnplay.optimizers",
        torch="torch.optim",
        formulas=formulas,
        more=pairs,
    )


@helped_by(_help)
@dataclass(frozen=True, slots=True)
class OptimizerRecord:
    """One optimizer; calling the record makes an optimizer: `Adam(lr=0.01)`.

    Attributes:
        fields: the learning rate `lr` first; all are live, so all can change while training.
        slots: names of the state vectors, each as long as the parameters.
        pairs: PyTorch's tuple arguments, and the neighbouring fields that they fill: `betas` → (`beta1`, `beta2`).
        operation: the update row. It reads `optimizer` (the field values, in order), `gradients`, `parameters` and the
            slots; it writes `parameters`, the slots and `finite_flags` (one number a part: 0, or NaN after a parameter
            that is not finite).
        torch: PyTorch's class, or a sentence why there is none.
        twin: the same as data, for parity tests and exports; None where there is none.
        cases, refused: settings that the tests try, and settings that must be refused.
    """

    name: str
    title: str
    about: str
    fields: tuple[Field, ...]
    slots: tuple[str, ...]
    operation: Operation
    pairs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    torch: str = ""
    twin: Twin | None = None
    cases: tuple[Mapping[str, Any], ...] = ()
    refused: tuple[Refused, ...] = ()

    def __repr__(self) -> str:
        return record_text(python_name(self.name, self.torch), self.fields, self.about)

    def __call__(self, *args: Any, **kwargs: Any) -> Optimizer:
        """This optimizer with its settings; betas may be given as one pair, as in PyTorch."""
        flat = [part for item in args for part in (item if isinstance(item, tuple | list) else (item,))]
        return Optimizer(self, bind(self.fields, flat, self._single(kwargs), self.name))

    def _single(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Settings with each pair taken apart into its fields."""
        single: dict[str, Any] = {}
        for key, value in given.items():
            names = self.pairs.get(key, (key,))
            parts = tuple(value) if key in self.pairs and isinstance(value, tuple | list) else (value,)
            if len(parts) != len(names):
                wanted = ", ".join(names)
                raise InputError(
                    f"'{clean(value)}' is not {len(names)} numbers",
                    where=f"{self.name}, {key}",
                    hint=f"give ({wanted})",
                )
            single |= dict(zip(names, parts, strict=True))
        return single

    @property
    def __signature__(self) -> inspect.Signature:
        return signature(self.fields)


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An optimizer with the values of its fields."""

    record: OptimizerRecord
    values: Mapping[str, Any]

    def __repr__(self) -> str:
        return call_text(python_name(self.record.name, self.record.torch), self.values)

    def with_values(self, **changes: Any) -> Optimizer:
        """A copy with some field values changed and checked."""
        return replace(self, values=self.record(**{**self.values, **self.record._single(changes)}).values)


@inline
def verdict(wrong: Any) -> Any:
    """NaN after any parameter that is not finite, else 0."""
    return math.nan if wrong != 0 else 0.0


@inline
def update_number(row: Any, clock: Any) -> int:
    """Which update of its parameters the row makes, from 1; `every` steps lie between two."""
    number: int = clock[CLOCK_STEP] // integer(row, 0) + 1
    return number


def update_count(clock: Mapping[str, int], every: int) -> int:
    """The same for definitions."""
    return clock["step"] // every + 1


def update_kernel(prepare: Callable[..., Any], update: Callable[..., Any], slots: int) -> Kernel:
    """The kernel of an optimizer with that many slots (0 to 3).

    Parameters that are not finite are marked in an integer: a sum of numbers would have to keep its order.

    Args:
        prepare: `(settings vector, t) -> tuple of numbers`, once a row; t counts updates from 1. Numbers are cast with
            `REAL`: one float64 among them would halve the speed of the loop.
        update: `(w, g, slot…, prepared) -> (w, slot…)`, for each parameter.
    """

    def none(row: Any, clock: Any, memory: Any, part: int) -> None:
        p = prepare(flat(row, memory, 0), update_number(row, clock))
        g, w = part_of(row, memory, 1, part), part_of(row, memory, 2, part)
        wrong = np.int32(0)
        for i in range(w.size):
            w[i] = update(w[i], g[i], p)
            wrong = mark_not_finite(wrong, w[i])
        flat(row, memory, 4)[part] = verdict(wrong)

    def one(row: Any, clock: Any, memory: Any, part: int) -> None:
        p = prepare(flat(row, memory, 0), update_number(row, clock))
        g, w, a = part_of(row, memory, 1, part), part_of(row, memory, 2, part), part_of(row, memory, 3, part)
        wrong = np.int32(0)
        for i in range(w.size):
            w[i], a[i] = update(w[i], g[i], a[i], p)
            wrong = mark_not_finite(wrong, w[i])
        flat(row, memory, 6)[part] = verdict(wrong)

    def two(row: Any, clock: Any, memory: Any, part: int) -> None:
        p = prepare(flat(row, memory, 0), update_number(row, clock))
        g, w = part_of(row, memory, 1, part), part_of(row, memory, 2, part)
        a, b = part_of(row, memory, 3, part), part_of(row, memory, 4, part)
        wrong = np.int32(0)
        for i in range(w.size):
            w[i], a[i], b[i] = update(w[i], g[i], a[i], b[i], p)
            wrong = mark_not_finite(wrong, w[i])
        flat(row, memory, 8)[part] = verdict(wrong)

    def three(row: Any, clock: Any, memory: Any, part: int) -> None:
        p = prepare(flat(row, memory, 0), update_number(row, clock))
        g, w, a = part_of(row, memory, 1, part), part_of(row, memory, 2, part), part_of(row, memory, 3, part)
        b, c = part_of(row, memory, 4, part), part_of(row, memory, 5, part)
        wrong = np.int32(0)
        for i in range(w.size):
            w[i], a[i], b[i], c[i] = update(w[i], g[i], a[i], b[i], c[i], p)
            wrong = mark_not_finite(wrong, w[i])
        flat(row, memory, 10)[part] = verdict(wrong)

    module = getattr(update, "__module__", "")
    return Kernel(f"{module}:update", (none, one, two, three)[slots])


def named(settings: Named, *names: str) -> list[Term]:
    """The settings vector as terms under the names of the fields, for worked-out elements."""
    return [Term(settings[k].value, name, settings[k].numbers) for k, name in enumerate(names)]
