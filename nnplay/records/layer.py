"""Layers as data: the record that defines a kind of layer, the layer that a user put into a network, its plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, cast

from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import Field, fill
from nnplay.records.operation import Planned, Shape, Use
from nnplay.records.python_text import call_text
from nnplay.records.record import Record
from nnplay.records.twin import Twin
from nnplay.text import clean, shown


@dataclass(frozen=True, slots=True)
class Parameter:
    """A trained tensor.

    Attributes:
        shape: for example (in, out).
        init: name of a scheme of `nnplay.records.init_schemes`, or "auto": chosen by the activation that follows.
        fan_in, fan_out: connections into and out of one unit, for the scheme.
        decays: whether L1 and L2 penalties apply (weights do, biases don't).
        raised: parts of the last axis that start higher, as (first, end, by how much): an LSTM's forget bias.
    """

    shape: Shape
    init: str = "zeros"
    fan_in: int = 1
    fan_out: int = 1
    decays: bool = False
    raised: tuple[tuple[int, int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a layer needs and does for one input shape (shapes without the batch; "N" stands for it where it occurs).

    Attributes:
        output: shape of one row's output.
        forward, backward: the rows, in order; a backward row is left out when nothing reads its outputs.
        evaluate: rows of the forward pass in evaluation, where they differ from training.
        curvature: of a curved activation, the rows dx = f″(x)·change·dy: how its slope grows along a change of its
            input, which a gradient penalty needs.
        evaluate_backward: the way back from those, for whoever asks how an answer depends on an input; None where the
            rows of training lead back from them too.
        parameters, saved, buffers, scratch: further operands; buffers are kept in the state and have a start value.
        multiply_adds: of the forward pass, for one row.
        note: what whoever reads the layer's line should know of this shape, such as what its windows leave over.
        fewest_rows: what a batch must have at least in training: batch statistics need two numbers a channel.
    """

    output: Shape
    forward: tuple[Use, ...]
    backward: tuple[Use, ...]
    evaluate: tuple[Use, ...] | None = None
    evaluate_backward: tuple[Use, ...] | None = None
    curvature: tuple[Use, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    saved: Mapping[str, Planned] = field(default_factory=dict)
    buffers: Mapping[str, tuple[Shape, float]] = field(default_factory=dict)
    scratch: Mapping[str, Planned] = field(default_factory=dict)
    multiply_adds: int = 0
    note: str = ""
    fewest_rows: int = 1


@dataclass(frozen=True, slots=True)
class Case:
    """A test case: values of the fields and one input shape (without the batch), or several for a combination.

    Attributes:
        tokens: inputs are whole numbers from 0 to `tokens` - 1, or any numbers where it is 0.
        exact: the backward rows are the derivative of the forward rows; False where they leave out a part on purpose
            (truncated backpropagation), so that finite differences cannot agree.
    """

    values: Mapping[str, Any]
    shape: Shape | tuple[Shape, ...]
    branches: int = 0
    tokens: int = 0
    exact: bool = True

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The input of each branch, or of the only one."""
        several = tuple(part for part in self.shape if isinstance(part, tuple))
        return several or (cast(Shape, self.shape),) * max(1, self.branches)


@dataclass(frozen=True, slots=True)
class Refused:
    """Fields and input shape that must be refused, and words that the message must hold."""

    values: Mapping[str, Any]
    shape: Shape | tuple[Shape, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Traits:
    """What the rest of the program needs to know of a kind of layer, so that nobody has to ask for layers by name.

    Attributes:
        rectifies: 0, with a slope of 0, for every number below 0 (ReLU): a unit that is off for all rows is dead.
        bounds: called with the field values, gives the two numbers near which an activation is flat (−1 and 1 for
            tanh): a unit that stands at one of them for nearly all rows is saturated.
        outputs: the field that says how many numbers it gives at each place; empty where that follows from its inputs.
        each_step: it treats each step of a sequence by itself, so it can be given one alone. Activations always do.
        samples: it draws its numbers from a distribution in training: what follows is a decoder of any such numbers.
        follows_activation: its weights begin as the activation behind it suggests, where `init` is auto.
        change: how a small change of its input becomes one of its output, as a gradient penalty needs to know: "linear"
            as its forward rows make it without the parameter `bias`; "pieces" as its backward rows turn dy into dx, for
            layers that treat every number alike, by straight pieces; empty where neither is so. Curved layers need not
            say it: their plans have `curvature`.
        members: where it is the last layer, its branches are networks that train independently, each with its own loss.
    """

    rectifies: bool = False
    bounds: Callable[[Mapping[str, Any]], tuple[float, float]] | None = None
    follows_activation: bool = False
    outputs: str = ""
    each_step: bool = False
    samples: bool = False
    change: str = ""
    members: bool = False


def _example(call: str, case: Case, planned: Plan) -> str:
    given = " and ".join(_rows_text(shape) for shape in case.shapes)
    made = f"{call} turns {given} into {_rows_text(planned.output)}"
    tensors = ", ".join(f"{key} {parameter.shape}" for key, parameter in planned.parameters.items())
    return f"{made}; its parameters are {tensors}. " if tensors else f"{made}. "


def _rows_text(shape: Shape) -> str:
    return f"({', '.join(('N', *map(str, shape)))})"


@dataclass(frozen=True, slots=True, repr=False)
class LayerRecord(Record):
    """One kind of layer; calling the record makes a layer: `Linear(8)`, `Linear(8, bias=False, name="hidden")`.

    Attributes:
        when: one line for people who choose: when to use it.
        plan: called with the field values and the input shape; raises InputError with the rule and a legal value. A
            combination's plan gets one shape for each branch, as a tuple of shapes, and plans the joining rows; their
            inputs are called x0, x1, ….
        initial: the scheme that suits weights in front of this layer, if it is an activation.
        joins: this layer has branches, whose outputs it joins.
        recalls: the field that names the layer whose output this one takes, instead of that of the layer in front.
        contains: this layer is a chain of its children and has no rows of its own.
        decode: called with the field values, the shape of one step of a sequence (1, features) and how many steps there
            may be, plans the forward rows of that step alone, at the position that the clock's step says; buffers hold
            what is kept of the steps before. Its plan is None where the settings make a step depend on later ones.
        fit: called with the field values and the training rows (N, …), gives what its buffers begin with; such a layer
            must take the network's own input.
        traits: what others ask about it.
        torch: the PyTorch module's name, or a sentence why there is none.
        twin: the same as data, for parity tests and exports; None where there is none.
    """

    folder: ClassVar[str] = "nnplay.layers"
    torch_folder: ClassVar[str] = "torch.nn"
    name: str
    title: str
    family: str
    about: str
    when: str
    plan: Callable[[Mapping[str, Any], Any], Plan]
    fields: tuple[Field, ...] = ()
    initial: str = ""
    joins: bool = False
    contains: bool = False
    recalls: str = ""
    decode: Callable[[Mapping[str, Any], Shape, int], Plan | None] | None = None
    fit: Callable[[Mapping[str, Any], NDArray[Any]], Mapping[str, NDArray[Any]]] | None = None
    traits: Traits = Traits()
    torch: str = ""
    twin: Twin | None = None
    cases: tuple[Case, ...] = ()
    refused: tuple[Refused, ...] = ()

    def __call__(self, *args: Any, name: str = "", frozen: bool = False, share: str = "", **kwargs: Any) -> Layer:
        """A layer of this kind; positional values fill the fields in order, or are the branches of a combination
        (each a layer or a list of layers)."""
        if self.joins or self.contains:
            given = args[0] if len(args) == 1 and isinstance(args[0], list | tuple) else args
            branches = (_chain(given),) if self.contains else tuple(_chain(branch) for branch in args)
            return Layer(self, self.bind((), kwargs), clean(name), frozen, branches, clean(share))
        return Layer(self, self.bind(args, kwargs), clean(name), frozen, share=clean(share))

    @property
    def python_name(self) -> str:
        """PyTorch's name where it has one, else the title where that is a single word (`Expression`)."""
        single = self.title.isidentifier() and not self.torch.isidentifier()
        return self.title if single else super(LayerRecord, self).python_name

    @property
    def call(self) -> str:
        """How one is made in Python; combinations are called with layers."""
        if self.joins or self.contains:
            return f"{self.python_name}({'branch' if self.joins else 'layer'}, …)"
        return super(LayerRecord, self).call

    @property
    def takes_steps_alone(self) -> bool:
        """Whether one step of a sequence alone becomes what it becomes among the others."""
        return self.traits.each_step or self.contains or self.family == "activation"

    @property
    def formulas(self) -> list[str]:
        """Those of the forward rows of the first test case."""
        return [] if self.contains else [use.operation.formula for use in self._planned_case().forward]

    @property
    def more_help(self) -> str:
        """The first test case as an example, and what every layer takes."""
        example = ""
        if not self.contains:
            case = self.cases[0]
            made = self.call if self.joins else call_text(self.python_name, case.values)
            example = _example(made, case, self._planned_case())
        more = "frozen=True to keep its parameters fixed, and share='…' to use those of another layer"
        return f"{example}Every layer also takes name='…', {more}."

    def _planned_case(self) -> Plan:
        """The plan of the first test case."""
        case = self.cases[0]
        return self.plan(fill(self.fields, case.values, self.name), case.shapes if self.joins else case.shape)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer in a network.

    Attributes:
        record: what kind it is.
        values: of the record's fields.
        name: given by the user, or empty.
        frozen: its parameters are not trained.
        branches: chains of layers, one for each branch of a combination; a Sequential has one.
        share: the layer or block whose weights it uses, by name or path; empty where it has its own.
    """

    record: LayerRecord
    values: Mapping[str, Any]
    name: str = ""
    frozen: bool = False
    branches: tuple[tuple[Layer, ...], ...] = ()
    share: str = ""

    def __post_init__(self) -> None:
        if _nesting(self) > MAX_DEPTH:
            raise too_deep()

    def with_values(self, **changes: Any) -> Layer:
        """A copy with some field values changed and checked."""
        return replace(self, values=fill(self.record.fields, {**self.values, **changes}, self.record.name))

    def __repr__(self) -> str:
        given = [repr(list(branch)) for branch in self.branches]
        given += [f"{key}={value!r}" for key, value in self.values.items()]
        return f"{self.record.title}({', '.join(given)})"


#: Layers within layers; more would only fill the stack of whoever walks them.
MAX_DEPTH: Final = 32


def too_deep() -> InputError:
    """The refusal of layers that are nested deeper, however they were written."""
    return InputError(
        f"layers are nested deeper than {MAX_DEPTH}", where="network", hint="put some of them one after another"
    )


def _nesting(layer: Layer) -> int:
    """How many layers stand around the innermost one."""
    return max((1 + max(map(_nesting, branch), default=0) for branch in layer.branches), default=0)


def _chain(branch: Any) -> tuple[Layer, ...]:
    """A branch given as one layer or as a list of layers."""
    items = branch if isinstance(branch, list | tuple) else (branch,)
    layers = tuple(item() if isinstance(item, LayerRecord) else item for item in items)
    for item in layers:
        if not isinstance(item, Layer):
            raise InputError(f"{shown(item)} is not a layer", hint="give layers such as Linear(8), or lists of layers")
    return layers
