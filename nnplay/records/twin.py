"""Twins: the same thing in PyTorch, as data. The parity tests are made from it, and exports read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nnplay.records.operation import Shape

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parameter is in PyTorch: `Place("weight", (1, 0))` is a weight that is transposed there.

    Attributes:
        name: PyTorch's.
        axes: the order of our axes there.
        part: which part of ours it is, where PyTorch has several tensors for one of ours.
        into: which part of PyTorch's it is, where PyTorch has one tensor for several of ours.
    """

    name: str
    axes: tuple[int, ...]
    part: tuple[slice, ...] = ()
    into: tuple[slice, ...] = ()


def no_arguments(values: Values, shape: Shape) -> Values:
    """PyTorch's call takes none."""
    return {}


def same_arguments(values: Values, shape: Shape) -> Values:
    """Every field is an argument of the same name."""
    return values


def same_place(name: str, shape: Shape, values: Values) -> tuple[Place, ...]:
    """A parameter of the same name and shape."""
    return (Place(name, tuple(range(len(shape)))),)


def transposed(name: str, shape: Shape, values: Values) -> tuple[Place, ...]:
    """A parameter of the same name; a matrix is (out, in) there and (in, out) here."""
    return (Place(name, (1, 0) if len(shape) == 2 else (0,)),)


def always(values: Values, shape: Any) -> bool:
    """There is a twin whatever the settings are."""
    return True


def only_output(result: Any, values: Values) -> Any:
    """PyTorch's call returns the output and nothing else."""
    return result


def same_inputs(prediction: Any, target: Any, values: Values) -> tuple[Any, Any]:
    """A loss takes prediction and target as they are."""
    return prediction, target


def smoothed(prediction: Any, target: Any, values: Values) -> tuple[Any, Any]:
    """Binary targets moved towards one half, which PyTorch leaves to its caller."""
    smoothing = values["label_smoothing"]
    return prediction, target * (1 - smoothing) + 0.5 * smoothing


@dataclass(frozen=True, slots=True)
class Twin:
    """A PyTorch module, function or optimizer, and how settings and tensors map.

    Attributes:
        path: below `torch`, as in "nn.Linear"; `{axes}` stands for the axes in front of the channels, at least 1. A
            name in small letters is a function's, which takes the inputs and the arguments in one call.
        arguments: from field values and one row's input shape (without the batch; for a combination, the shape of each
            branch's output) to PyTorch's keyword arguments. The twin of a layer that contains others is made of their
            twins, given in front of the arguments.
        places: from a parameter's name and shape here, and the field values, to where it is there.
        channels_first: PyTorch has the channels, which are our last axis, behind the batch; inputs and outputs move.
        order: numbers of the inputs in the order in which they are given, where it is not each of them once.
        listed: the outputs of a combination's branches are given as one list, not one by one.
        output: picks the output, in PyTorch's layout, from what the call returns.
        loss_inputs: for a loss, from prediction and target to what PyTorch's function takes.
        covers: whether there is a twin for these settings and this input shape (for a combination, the shape of each
            branch's output).
        random: it draws numbers of its own, so that only evaluation agrees.
    """

    path: str
    arguments: Callable[[Values, Any], Values] = no_arguments
    places: Callable[[str, Shape, Values], tuple[Place, ...]] = same_place
    channels_first: bool = False
    order: tuple[int, ...] = ()
    listed: bool = False
    output: Callable[[Any, Values], Any] = only_output
    loss_inputs: Callable[[Any, Any, Values], tuple[Any, ...]] = same_inputs
    covers: Callable[[Values, Any], bool] = always
    random: bool = False

    @property
    def is_function(self) -> bool:
        """Whether PyTorch has a function, which takes inputs and arguments in one call, and not a class."""
        return self.path.rpartition(".")[2].islower()

    def path_for(self, shape: Shape) -> str:
        """The path for rows of that input shape, without the batch."""
        return self.path.format(axes=max(1, len(shape) - 1))
