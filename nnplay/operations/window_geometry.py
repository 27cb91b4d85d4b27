"""Where windows fit: output sizes and padding of convolutions and pooling, and refusals that name what would fit.

Windows are counted as PyTorch counts them: a remainder at the end, too small for one more step, is left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nnplay.errors import InputError
from nnplay.records.operation import Shape, shape_text
from nnplay.text import counted


@dataclass(frozen=True, slots=True)
class Axis:
    """Windows along one axis.

    Attributes:
        size: numbers along the input.
        kernel, stride, dilation: of the windows.
        before, after: zeros put at the two ends.
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
        """Size with the zeros at both ends."""
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


def fit(size: int, kernel: int, stride: int, padding: int | str, dilation: int = 1) -> Axis:
    """The windows along one axis.

    "same" pads by the span less one, the smaller half in front, and gives ⌈size / stride⌉ outputs; "valid" is 0.

    Raises:
        InputError: the kernel does not fit.
    """
    reach = span(kernel, dilation)
    if padding == "same":
        before = (reach - 1) // 2
        return Axis(size, kernel, stride, dilation, before, reach - 1 - before, -(-size // stride))
    width = 0 if padding == "valid" else int(padding)
    room = size + 2 * width - reach
    if room < 0:
        raise _misfit(size, kernel, width, dilation)
    return Axis(size, kernel, stride, dilation, width, width, room // stride + 1)


def _misfit(size: int, kernel: int, width: int, dilation: int) -> InputError:
    given = f"input {size}, kernel {kernel}"
    given += f", dilation {dilation}" if dilation > 1 else ""
    given += f", padding {width}" if width else ""
    room, reach = size + 2 * width, span(kernel, dilation)
    ways = (f"padding {width + (reach - room + 1) // 2}", f"kernel {(room - 1) // dilation + 1}", "padding same")
    return InputError(
        f"{given}: the kernel spans {reach}, but the input has only {room}", hint="use " + " or ".join(ways)
    )


#: What a place along each axis is called, by the count of axes.
_PLACES: Final = {1: ("steps",), 2: ("rows", "columns")}


def left_over(axes: Sequence[Axis]) -> str:
    """What the windows leave over at the end, as in `1 of 7 rows left over`; empty where they reach everything."""
    parts = [
        f"{axis.left_over} of {axis.size} {name}"
        for axis, name in zip(axes, _PLACES[len(axes)], strict=True)
        if axis.left_over
    ]
    return f"{' and '.join(parts)} left over" if parts else ""


def nearest_numbers(wanted: int, legal: Iterable[int], count: int = 2) -> str:
    """The legal numbers nearest to the wanted one, in words: `1, 2 or 5`; empty if there is none."""
    chosen = sorted(sorted(legal, key=lambda number: (abs(number - wanted), number))[:count])
    words = [str(number) for number in chosen]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def per_axis(value: Any, axes: int, name: str) -> tuple[Any, ...]:
    """One value for each axis, from one for all or one for each.

    Raises:
        InputError: some other count of values.
    """
    if not isinstance(value, tuple):
        return (value,) * axes
    if len(value) != axes:
        hint = "give one number" if axes == 1 else f"give one number or {axes}, such as {'x'.join(['3'] * axes)}"
        raise InputError(f"{name} has {len(value)} numbers for {counted(axes, 'axis')}", hint=hint)
    return value


#: What the axes of an input are called, by their count.
_KINDS = {2: "a sequence (steps × channels)", 3: "an image (height × width × channels)"}


def need_rank(shape: Shape, rank: int) -> None:
    """Refuses inputs that are not sequences (rank 2) or pictures (rank 3).

    Raises:
        InputError: the shape has another rank; the hint names a reshape where one is possible.
    """
    if len(shape) == rank:
        return
    hint = f"put a reshape before it, such as reshape {_example(shape, rank)}"
    raise InputError(f"needs {_KINDS[rank]}; its input is {shape_text(shape)}", hint=hint)


def _example(shape: Shape, rank: int) -> str:
    """A shape of the wanted rank with as many numbers, as square as can be."""
    count = 1
    for size in shape:
        count *= size
    if rank == 2:
        return f"{count}x1"
    side = next(s for s in range(int(count**0.5), 0, -1) if count % s == 0)
    return f"{side}x{count // side}x1"


def windows_of(values: dict[str, Any] | Any, sizes: Sequence[int], dilated: bool = True) -> tuple[Axis, ...]:
    """The windows along each axis for a layer's fields kernel, stride, padding and dilation.

    Raises:
        InputError: as of `per_axis` and `fit`.
    """
    axes = len(sizes)
    kernel = per_axis(values["kernel"], axes, "kernel")
    stride = per_axis(values["stride"], axes, "stride")
    padding = per_axis(values["padding"], axes, "padding")
    dilation = per_axis(values["dilation"], axes, "dilation") if dilated else (1,) * axes
    return tuple(fit(*one) for one in zip(sizes, kernel, stride, padding, dilation, strict=True))


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


def need_places(shape: Shape) -> None:
    """Refuses inputs that have channels only.

    Raises:
        InputError: the shape has fewer than two axes, or more than three.
    """
    if len(shape) == 1:
        what = f"its input, {shape_text(shape)}, has no axes besides its channels"
        raise InputError(what, hint="remove this layer")
    if len(shape) > 3:
        raise InputError(f"needs a sequence or an image with channels; its input is {shape_text(shape)}")
