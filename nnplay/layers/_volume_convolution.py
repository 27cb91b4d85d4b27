"""What convolutions of volumes and their transposes share: integers of their rows, and the gradient of the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from nnplay.layers._convolution import gradient_border
from nnplay.operations.extension import MODES, check_extension
from nnplay.operations.volume_border import INSIDE, PAD, volume_border
from nnplay.operations.volume_convolution import VOLUME
from nnplay.operations.volume_extension import EXTEND, EXTEND_BACK
from nnplay.operations.window_geometry import Axis
from nnplay.records.operation import Planned, Shape, Use


def volume_window(axes: Sequence[Axis], groups: int) -> dict[str, int]:
    """Integers of the rows that correlate; "HP" is the height of a slice of what they read."""
    named = {
        f"{letter}{axis}": number
        for axis, one in zip("DHW", axes, strict=True)
        for letter, number in (("K", one.kernel), ("S", one.stride), ("D", one.dilation), ("O", one.output))
    }
    return {**named, "G": groups, "HP": axes[1].padded}


def padded_axes(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """The same windows over a volume that has its padding already."""
    return tuple(replace(axis, size=axis.padded, before=0, after=0) for axis in axes)


def border_around(axes: Sequence[Axis]) -> dict[str, int]:
    """The integers that put the padding around a volume, and take it away."""
    return volume_border([(axis.before, axis.size, axis.after) for axis in axes])


def border_rows(mode: str, axes: Sequence[Axis], cost: int, gradient: str) -> tuple[Use, Use]:
    """The row that makes `padded` of x, and the one that makes dx of the gradient of `padded`.

    Raises:
        InputError: the input is too small for this mode.
    """
    around = border_around(axes)
    if mode == "zeros":
        return Use(PAD, around, cost, {"y": "padded"}), Use(INSIDE, around, cost, {"x": gradient, "y": "dx"})
    check_extension(mode, [(axis.before, axis.size, axis.after) for axis in axes])
    around |= {"mode": MODES[mode]}
    return Use(EXTEND, around, cost, {"y": "padded"}), Use(EXTEND_BACK, around, cost, {"dy": gradient})


def gradient_rows(
    axes: Sequence[Axis], groups: int, channels: tuple[int, int], cost: int, names: dict[str, str], bias: bool
) -> tuple[list[Use], dict[str, Planned]]:
    """The weights transposed, zeros around what is spread, and the spreading over volumes with their padding.

    Args:
        channels: those of the volume that is spread over, and of what is spread.
        names: the operands that stand for `dy`, which is spread, and `dx`.
        bias: whether a bias is added to what comes out.
    """
    C, F = channels
    axes = padded_axes(axes)
    source = names["dy"]
    bordered = [(front, axis.output, behind) for axis in axes for front, behind in [gradient_border(axis)]]
    weight = (*(axis.kernel for axis in axes), F // groups, C)
    uses = [Use(VOLUME.transpose, {"G": groups}, 1)]
    scratch: dict[str, Planned] = {"transposed": weight}
    if any(front or behind for front, _, behind in bordered):
        around = f"{source}_around"
        whole: Shape = tuple(sum(parts) for parts in bordered)
        scratch[around] = ("N", *whole, F)
        uses.append(Use(PAD, volume_border(bordered), prod(whole) * F, {"x": source, "y": around}))
        names = {**names, "dy": around}
    sizes = dict(zip("DHW", (axis.size for axis in axes), strict=True))
    spread = VOLUME.input_gradient_bias if bias else VOLUME.input_gradient
    return [*uses, Use(spread, volume_window(axes, groups) | sizes, cost, names)], scratch
