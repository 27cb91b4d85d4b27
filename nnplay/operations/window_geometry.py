"""Where windows fit: output sizes and padding of convolutions and pooling, and refusals that name what would fit.

Windows are counted as PyTorch counts them: a remainder at the end, too small for one more step, is left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nnplay.errors import InputError
from nnplay.fields import Field, integers
from nnplay.records.operation import Shape, shape_text
from nnplay.text import counted


@dataclass(frozen=True, slots=True)
class Axis:
    """Windows along one axis.

    Attributes:
        size: numbers along the input.
        kernel, stride, dilation: of the windows.
        before, after: padding put at the two ends.
        output: how many windows there are.
    """

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    output: int

    @property
    def padded(self) -> int:
        """Size with the padding at both ends."""
        return self.before + self.size + self.after

    @property
    def span(self) -> int:
        """Distance from the first to the last number of a window, both counted."""
        return span(self.kernel, self.dilation)

    @property
    def left_over(self) -> int:
        """How many numbers at the end of the input no window reaches."""
        return max(0, self.before + self.size - (self.output - 1) * self.stride - self.span)


def span(kernel: int, dilation: int) -> int:
    """How far a kernel with holes reaches."""
    return (kernel - 1) * dilation + 1


#: Padding along one axis: a name, one number for both ends, or one for each.
Padding = str | int | tuple[int, int]


def fit(size: int, kernel: int, stride: int, padding: Padding, dilation: int = 1, ceil_mode: bool = False) -> Axis:
    """The windows along one axis; with `ceil_mode` the last may reach over the end, if it begins in front of it.

    Raises:
        InputError: the kernel does not fit.
    """
    before, after = ends(size, kernel, stride, padding, dilation)
    room = size + before + after - span(kernel, dilation)
    if room < 0:
        raise _misfit(size, kernel, (before, after), dilation)
    last = -(-room // stride) if ceil_mode else room // stride
    if ceil_mode and last * stride >= size + before:
        last -= 1
    return Axis(size, kernel, stride, dilation, before, after, last + 1)


def ends(size: int, kernel: int, stride: int, padding: Padding, dilation: int = 1) -> tuple[int, int]:
    """The padding at the two ends of one axis.

    "same" pads by the span less one, the smaller half in front. "same_upper" and "same_lower" pad by what ⌈size /
    stride⌉ windows need, the smaller half in front and behind. All three give ⌈size / stride⌉ windows.
    """
    if isinstance(padding, tuple):
        return padding
    if isinstance(padding, int):
        return padding, padding
    if padding == "valid":
        return 0, 0
    reach = span(kernel, dilation)
    whole = reach - 1 if padding == "same" else max(0, (size - 1) // stride * stride + reach - size)
    smaller, larger = whole // 2, whole - whole // 2
    return (larger, smaller) if padding == "same_lower" else (smaller, larger)


def _misfit(size: int, kernel: int, padding: tuple[int, int], dilation: int) -> InputError:
    before, after = padding
    given = f"input {size}, kernel {kernel}"
    given += f", dilation {dilation}" if dilation > 1 else ""
    given += f", padding {before}" if before else ""
    given += f":{after}" if before != after else ""
    room, reach = size + before + after, span(kernel, dilation)
    ways = (f"padding {(reach - size + 1) // 2}", f"kernel {(room - 1) // dilation + 1}", "padding same")
    return InputError(
        f"{given}: the kernel spans {reach}, but the input has only {room}", hint="use " + " or ".join(ways)
    )


def even_padding(axes: Sequence[Axis]) -> tuple[int, ...] | None:
    """The padding of each axis as PyTorch takes it, the same at both ends; None where some axis has two."""
    return None if any(axis.before != axis.after for axis in axes) else tuple(axis.before for axis in axes)


#: What a place along each axis is called, by the count of axes.
_PLACES: Final = {1: ("step",), 2: ("row", "column"), 3: ("slice", "row", "column")}


def left_over(axes: Sequence[Axis]) -> str:
    """What the windows leave over at the end, as in `leaves 1 row over`; empty where they reach everything."""
    parts = [
        counted(axis.left_over, name) for axis, name in zip(axes, _PLACES[len(axes)], strict=True) if axis.left_over
    ]
    return f"leaves {' and '.join(parts)} over" if parts else ""


def nearest_numbers(wanted: int, legal: Iterable[int], count: int = 2) -> str:
    """The legal numbers nearest to the wanted one, in words: `1, 2 or 5`; empty if there is none."""
    chosen = sorted(sorted(legal, key=lambda number: (abs(number - wanted), number))[:count])
    words = [str(number) for number in chosen]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def padding_field(help: str) -> Field:
    """The padding of windows: a number, one for each axis, two for an axis (`0:1`), or a name; `help` says of what."""
    names = (
        "0:1 is 0 before and 1 after; same is alike at any stride (kernel//2 for an odd kernel), same_upper (Keras' "
        "same) and same_lower are what the stride needs"
    )
    choices = ("same", "valid", "same_upper", "same_lower")
    return integers("padding", "valid", f"{help}; {names}", low=0, choices=choices, short="p", pairs=True)


def per_axis(value: Any, axes: int, name: str) -> tuple[Any, ...]:
    """One value for each axis, from one for all or one for each.

    Raises:
        InputError: some other count of values.
    """
    if not isinstance(value, tuple) or len(value) == 1:  # one pair for all axes is ((0, 1),)
        return (value[0] if isinstance(value, tuple) else value,) * axes
    if len(value) != axes:
        hint = "give one number" if axes == 1 else f"give one number or {axes}, such as {'x'.join(['3'] * axes)}"
        raise InputError(f"{name} has {len(value)} numbers for {counted(axes, 'axis')}", hint=hint)
    return value


#: What the axes of an input are called, by their count.
_KINDS = {
    2: "a sequence (steps × channels)",
    3: "an image (height × width × channels)",
    4: "a volume or clip (depth × height × width × channels)",
}


def need_rank(shape: Shape, rank: int) -> None:
    """Refuses inputs that are not sequences (rank 2), pictures (rank 3) or volumes (rank 4).

    Raises:
        InputError: the shape has another rank; the hint names a reshape where one is possible.
    """
    if len(shape) == rank:
        return
    hint = f"put a reshape before it, such as reshape {_example(shape, rank)}"
    raise InputError(f"needs {_KINDS[rank]}; its input is {shape_text(shape)}", hint=hint)


def _example(shape: Shape, rank: int) -> str:
    """A shape of the wanted rank with as many numbers, as square as can be; volumes are strips of their slices."""
    count = 1
    for size in shape:
        count *= size
    if (len(shape), rank) == (4, 3):
        return f"{shape[0] * shape[1]}x{shape[2]}x{shape[3]}"
    if (len(shape), rank) == (3, 4):
        deep = _near_root(shape[0], 2)
        return f"{deep}x{shape[0] // deep}x{shape[1]}x{shape[2]}"
    sides = []
    for left in range(rank - 1, 1, -1):
        sides.append(_near_root(count, left))
        count //= sides[-1]
    return "x".join(map(str, (*sides, count, 1)))


def _near_root(count: int, root: int) -> int:
    """The divisor of a number that is nearest to its root, or below it."""
    highest = int(round(count ** (1 / root), 6))
    return next(side for side in range(max(1, highest), 0, -1) if count % side == 0)


def windows_of(values: Mapping[str, Any], sizes: Sequence[int]) -> tuple[Axis, ...]:
    """The windows along each axis for a layer's fields kernel, stride, padding, dilation, and ceil_mode if it has one.

    Raises:
        InputError: as of `per_axis` and `fit`.
    """
    names = ("kernel", "stride", "padding", "dilation")
    kernels, strides, paddings, dilations = (per_axis(values[name], len(sizes), name) for name in names)
    given = zip(sizes, kernels, strides, paddings, dilations, strict=True)
    ceil_mode = bool(values.get("ceil_mode", False))
    return tuple(fit(size, k, s, p, d, ceil_mode) for size, k, s, p, d in given)


def check_groups(groups: int, channels: int, filters: int) -> None:
    """Refuses groups that do not divide both the input's channels and the filters.

    Raises:
        InputError: names the legal counts.
    """
    if channels % groups == 0 and filters % groups == 0:
        return
    common = [g for g in range(1, min(channels, filters) + 1) if channels % g == 0 and filters % g == 0]
    raise InputError(
        f"{counted(channels, 'channel')} and {counted(filters, 'filter')} cannot both be split "
        f"into {groups} equal groups",
        hint=f"use groups {nearest_numbers(groups, common, 3)}",
    )


def need_places(shape: Shape, most: int = 3) -> None:
    """Refuses inputs that have channels only.

    Raises:
        InputError: the shape has fewer than two axes, or more than `most`: 4 lets volumes in.
    """
    if len(shape) == 1:
        what = f"its input, {shape_text(shape)}, has no axes besides its channels"
        raise InputError(what, hint="remove this layer")
    if len(shape) > most:
        kinds = "a sequence or an image" if most == 3 else "a sequence, an image or a volume"
        hint = f"put a reshape before it, such as reshape {_example(shape, 3)}"
        raise InputError(f"needs {kinds} with channels; its input is {shape_text(shape)}", hint=hint)
