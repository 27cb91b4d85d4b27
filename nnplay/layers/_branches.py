"""What combinations share: how many branches they take, and what the shapes at their ends must have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from nnplay.errors import InputError
from nnplay.records.operation import Shape, shape_text

MAX_BRANCHES: Final = 64


def refuse_branches(
    name: str, shapes: Sequence[Shape], common: Callable[[Shape], Shape], rule: str, *, example: str, way_out: str
) -> None:
    """Refuses branches that the combination of that name cannot join.

    Args:
        shapes: in which each branch ends.
        common: the part of a shape that all must have in common.
        rule: the same in words.
        example: how branches are written.
        way_out: what to do where a shape differs.

    Raises:
        InputError: fewer than two branches, too many, or the first one whose shape differs.
    """
    if len(shapes) < 2:
        raise InputError(f"needs at least two branches, but has {len(shapes)}", where=name, hint=f"write {example}")
    if len(shapes) > MAX_BRANCHES:
        what = f"takes at most {MAX_BRANCHES} branches, but has {len(shapes)}"
        raise InputError(what, where=name, hint=f"write {example}")
    for number, shape in enumerate(shapes[1:], 2):
        if common(shape) != common(shapes[0]):
            what = f"branch {number} outputs {shape_text(shape)}, branch 1 {shape_text(shapes[0])}: {rule}"
            raise InputError(what, where=name, hint=way_out)
