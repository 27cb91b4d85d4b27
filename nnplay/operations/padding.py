"""Layers that work on each step of a sequence by itself, and leave steps that are padding all 0.

A step whose features are all exactly 0 is padding. A bias would make it look like a step that is there; with the rows
that are put around a plan here, it stays 0, so that every layer behind sees the same padding.
"""

from __future__ import annotations

from dataclasses import replace

from nnplay.errors import InputError
from nnplay.fields import Field, flag
from nnplay.operations.recurrent import PRESENT, VISIBLE, VISIBLE_BACK
from nnplay.records.layer import Plan
from nnplay.records.operation import BATCH, Planned, Shape, Use, shape_text


def padded_field() -> Field:
    """The field that switches it on."""
    return flag("padded", False, "treat steps whose features are all 0 as padding: they stay 0")


def keep_padding(plan: Plan, shape: Shape) -> Plan:
    """`plan`, for a sequence (steps, features), with its output 0 where the input is padding.

    The plan's own rows may read `present` (N, steps), which is 1 at steps that are there.

    Raises:
        InputError: the input is no sequence.
    """
    if len(shape) != 2:
        what = f"padding only applies to sequences (steps, features); the input is {shape_text(shape)}"
        raise InputError(what, hint="leave out padded")
    steps, features = shape
    whole: Planned = (BATCH, *plan.output)
    visible = Use(VISIBLE, cost=steps * plan.output[-1], names={"hidden": "unmasked"})

    def kept(uses: tuple[Use, ...]) -> tuple[Use, ...]:
        return (Use(PRESENT, cost=steps * features), *(_unmasked(use) for use in uses), visible)

    def back(uses: tuple[Use, ...]) -> tuple[Use, ...]:
        first = Use(VISIBLE_BACK, cost=steps * plan.output[-1], names={"dhidden": "dunmasked"})
        return (first, *(_unmasked(use) for use in uses))

    return replace(
        plan,
        forward=kept(plan.forward),
        evaluate=None if plan.evaluate is None else kept(plan.evaluate),
        backward=back(plan.backward),
        evaluate_backward=None if plan.evaluate_backward is None else back(plan.evaluate_backward),
        saved={**plan.saved, "present": (BATCH, steps), "unmasked": whole},
        scratch={**plan.scratch, "dunmasked": whole},
    )


def _unmasked(use: Use) -> Use:
    """The row with `unmasked` for the output and `dunmasked` for its gradient."""
    names = {name: use.names.get(name, name) for name in (*use.operation.reads, *use.operation.writes)}
    other = {"y": "unmasked", "dy": "dunmasked"}
    return replace(use, names={name: other.get(target, target) for name, target in names.items()})
