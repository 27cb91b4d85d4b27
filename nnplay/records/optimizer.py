"""Optimizers as data: the record that defines one, and an optimizer with its settings.

Most optimizers are one elementwise rule over the vector of all parameters, declared by two scalar functions; the
compiled loop over the vector is made from them here. One that must know the shape of what it changes has a rule by
tensor: rows of its own for each parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from nnplay.errors import InputError
from nnplay.fields import Field, bind
from nnplay.kernels.abi import CLOCK_STEP
from nnplay.kernels.arithmetic import mark_not_finite
from nnplay.kernels.compile.jit import ON_CARD, Kernel, inline
from nnplay.kernels.operands import flat, integer, part_of, ratio
from nnplay.records.layer import Refused
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.record import Chosen, Record
from nnplay.records.twin import Twin
from nnplay.records.whole_rule import WholeRule, WholeSizes
from nnplay.records.worked import Named, Term
from nnplay.text import clean


class VectorRule(NamedTuple):
    """One elementwise row over neighbouring parameters.

    Attributes:
        slots: names of the state vectors, each as long as the parameters.
        rule: gives the row, an operation that stands below the record.
    """

    slots: tuple[str, ...]
    rule: Callable[[], Operation]


@dataclass(frozen=True, slots=True)
class TensorRule:
    """The rows that change one parameter, made for its shape.

    Attributes:
        slots: what is kept of it from step to step, shape by name; it begins at 0.
        scratch: what goes from row to row, shape by name.
        uses: the rows in order. They read `optimizer` (the field values), `gradient`, `parameter`, slots and scratch;
            the last one writes `parameter` first and `finite_flags` last.
    """

    slots: Mapping[str, Shape]
    scratch: Mapping[str, Shape]
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True, repr=False)
class OptimizerRecord(Record):
    """One optimizer; calling the record makes an optimizer: `Adam(lr=0.01)`.

    Attributes:
        when: one line for people who choose: when to use it.
        fields: the learning rate `lr` first; all can change while training but the flags of `switched`.
        slots: names of the state vectors of `rule`, each as long as the parameters.
        squares: those of all that is kept that are running means or sums of squares: their roots are as long as a
            gradient.
        pairs: PyTorch's tuple arguments, and the neighbouring fields that they fill: `betas` → (`beta1`, `beta2`).
        rule: gives the update row, an operation that stands below the record. It reads `optimizer` (the field values,
            in order), `gradients`, `parameters` and the slots; it writes `parameters`, the slots and `finite_flags`
            (one number a part: 0, or NaN after a parameter that is not finite). None where `by_tensor` has a rule for
            every shape.
        switched: flags that choose another rule as long as they are on, with that rule.
        by_tensor: the rule for a parameter of that shape, or None where `rule` is its rule too.
        whole: the rule of an optimizer that looks at all parameters at once, one evaluation of the loss a step, for the
            sizes of network and data and the field values; None where `rule` and `by_tensor` say what it does.
        fixed: fields that decide what is kept from step to step, besides those of `switched`.
        least_squares: it asks how each answer depends on each parameter, so it takes squared errors only.
        most_weights: parameters that it can have at the most, as it keeps a number for each pair; 0 sets no limit.
        torch: PyTorch's class, or a sentence why there is none.
        twin: the same as data, for parity tests and exports; None where there is none.
        cases, refused: settings that the tests try, and settings that must be refused.
    """

    folder: ClassVar[str] = "nnplay.optimizers"
    torch_folder: ClassVar[str] = "torch.optim"
    name: str
    title: str
    about: str
    when: str
    fields: tuple[Field, ...]
    slots: tuple[str, ...]
    rule: Callable[[], Operation] | None
    switched: Mapping[str, VectorRule] = field(default_factory=dict)
    by_tensor: Callable[[Shape], TensorRule | None] = lambda shape: None
    whole: Callable[[WholeSizes, Mapping[str, Any]], WholeRule] | None = None
    fixed: tuple[str, ...] = ()
    least_squares: bool = False
    most_weights: int = 0
    squares: tuple[str, ...] = ()
    pairs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    torch: str = ""
    twin: Twin | None = None
    cases: tuple[Mapping[str, Any], ...] = ()
    refused: tuple[Refused, ...] = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Optimizer:
        """This optimizer with its settings; betas may be given as one pair, as in PyTorch."""
        flat = [part for item in args for part in (item if isinstance(item, tuple | list) else (item,))]
        return Optimizer(self, self.bind(flat, kwargs))

    def rule_for(self, values: Mapping[str, Any]) -> VectorRule | None:
        """The elementwise rule for these settings."""
        chosen = [rule for flag, rule in self.switched.items() if values[flag]]
        if chosen or self.rule is None:
            return chosen[0] if chosen else None
        return VectorRule(self.slots, self.rule)

    @property
    def structural(self) -> tuple[str, ...]:
        """Fields that decide what is kept of each parameter, so that they cannot change while a network trains."""
        return (*self.switched, *self.fixed)

    @property
    def formulas(self) -> list[str]:
        """The update of one parameter: first of a matrix, where that has a rule of its own."""
        matrix = self.by_tensor((2, 2))
        rows = [use.operation.formula for use in matrix.uses] if matrix is not None else []
        if self.whole is not None:
            made = self.whole(WholeSizes(16, np.arange(2), 1, 4), {item.name: item.default for item in self.fields})
            rows = [use.operation.formula for use in (made.trial, *made.outer, *made.judge, *made.update)]
        return rows + ([_operation(self.rule).formula] if self.rule is not None else [])

    @property
    def more_help(self) -> str:
        """Which fields PyTorch's tuple arguments fill."""
        return " ".join(f"{pair}=(…) sets {' and '.join(names)} together." for pair, names in self.pairs.items())

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the fields; one of PyTorch's tuples gives several."""
        return bind(self.fields, args, self._single(kwargs), self.name)

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


@cache
def _operation(rule: Callable[[], Operation]) -> Operation:
    """What a rule gives, made once: a row is known by its operation."""
    return rule()


class Optimizer(Chosen[OptimizerRecord]):
    """An optimizer with the values of its fields."""

    __slots__ = ()

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the state vectors of the elementwise rule."""
        rule = self.record.rule_for(self.values)
        return () if rule is None else rule.slots

    @property
    def operation(self) -> Operation:
        """The row of the elementwise rule."""
        rule = self.record.rule_for(self.values)
        assert rule is not None, self.record.name
        return _operation(rule.rule)

    @property
    def numbers(self) -> list[float]:
        """The field values as rows read them."""
        return [item.number_of(self.values[item.name]) for item in self.record.fields]

    def state_of(self, shape: Shape) -> dict[str, Shape]:
        """What is kept of a parameter of that shape from step to step, shape by name."""
        rule = self.record.by_tensor(shape)
        return dict.fromkeys(self.slots, shape) if rule is None else dict(rule.slots)

    def with_live(self, **changes: Any) -> Optimizer:
        """A copy with some values changed, as they can while a network trains.

        Raises:
            InputError: a value that its field refuses, or one that decides what is kept of each parameter.
        """
        changed = self.with_values(**changes)
        for name in self.record.structural:
            if changed.values[name] != self.values[name]:
                what = f"{name} decides what is kept of each parameter, so it cannot change while a network trains"
                raise InputError(what, where=self.record.name, hint="remake(trainer, optimizer=…) makes a new trainer")
        return changed


@inline
def verdict(wrong: Any) -> Any:
    """NaN after any parameter that is not finite, else 0."""
    return math.nan if wrong != 0 else 0.0


@inline
def update_number(row: Any, clock: Any) -> int:
    """Which update of its parameters the row makes, from 1; `every` steps lie between two."""
    number: int = ratio(clock[CLOCK_STEP], integer(row, 0)) + 1
    return number


def update_count(clock: Mapping[str, int], every: int) -> int:
    """The same for definitions."""
    return clock["step"] // every + 1


def update_kernel(prepare: Callable[..., Any], update: Callable[..., Any], slots: int) -> Kernel:
    """The kernel of an optimizer with that many slots (0 to 3).

    Parameters that are not finite are marked in an integer: a sum of numbers would have to keep its order.

    Args:
        prepare: `(settings vector, t) -> tuple of numbers`, once a row; t counts updates from 1. Numbers are cast with
            `DTYPE`: one float64 among them would halve the speed of the loop.
        update: `(w, g, slot…, prepared) -> (w, slot…)`, for each parameter.
    """
    first, second, third = (3 + k if k < slots else 2 for k in range(3))
    finite_flags = 4 + 2 * slots  # behind the settings, g, w and the slots, which are read, then written

    def update_all(row: Any, clock: Any, memory: Any, part: int) -> None:
        """(w, slots…)[i] ← update(w[i], g[i], slots[i]…, prepare(settings, t)), for w and each slot (M,)."""
        p = prepare(flat(row, memory, 0), update_number(row, clock))
        g, w = part_of(row, memory, 1, part), part_of(row, memory, 2, part)
        # A slot that the optimizer lacks points at w; branches that would use it are not compiled.
        a, b, c = (
            part_of(row, memory, first, part),
            part_of(row, memory, second, part),
            part_of(row, memory, third, part),
        )
        wrong = np.int32(0)
        for i in range(w.size):
            if slots == 0:
                w[i] = update(w[i], g[i], p)
            elif slots == 1:
                w[i], a[i] = update(w[i], g[i], a[i], p)
            elif slots == 2:
                w[i], a[i], b[i] = update(w[i], g[i], a[i], b[i], p)
            else:
                w[i], a[i], b[i], c[i] = update(w[i], g[i], a[i], b[i], c[i], p)
            wrong = mark_not_finite(wrong, w[i])
        if not ON_CARD:
            flat(row, memory, finite_flags)[part] = verdict(wrong)
        elif wrong != 0:  # the loop has cleared it, and whoever writes writes the same
            flat(row, memory, finite_flags)[0] = math.nan

    return Kernel(f"{update.__module__}:{update.__name__}", update_all)


def setting_terms(settings: Named, *names: str) -> list[Term]:
    """The settings vector as terms under the names of the fields, for worked-out elements."""
    return [Term(settings[k].value, name, settings[k].numbers) for k, name in enumerate(names)]
