"""Networks as data: a tree of layers, and what it amounts to for one input shape. No arrays, no memory."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from nnplay.arguments import kind_of, sizes
from nnplay.errors import InputError, Problems
from nnplay.fields import integer
from nnplay.network.notation import parse_layers, show_layers
from nnplay.network.shared_weights import borrow, find_output, find_shared
from nnplay.records.init_schemes import DEFAULT
from nnplay.records.layer import Layer, LayerRecord, Plan
from nnplay.records.operation import Shape
from nnplay.text import counted, shown

_HINT: Final = "give layers such as Linear(8)"
_SEED: Final = integer("seed", 0, "initial weights", low=0, high=2**62)
_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class PlannedLayer:
    """One planned layer in the order of the forward pass.

    Attributes:
        path: name of the layer in files and views: its own name, or its position ("0", "2.1.0").
        layer, plan: what it is and what it does.
        inputs, output: numbers of the values that it reads and writes; value 0 is the network's input.
        initial: scheme of initial weights that the activation behind it suggests.
        frozen: the layer, or a block around it, is not trained.
        shares: path of the layer whose parameters it uses; its plan then has none. Empty where it has its own.
        borrowed: names of those parameters.
    """

    path: str
    layer: Layer
    plan: Plan
    inputs: tuple[int, ...]
    output: int
    initial: str
    frozen: bool
    shares: str = ""
    borrowed: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, str]:
        """The full name of each parameter that its rows use, by the name that they use."""
        owner = self.shares or self.path
        return {name: f"{owner}.{name}" for name in (*self.plan.parameters, *self.borrowed)}


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """A network worked out for one input shape.

    Attributes:
        layers: planned layers in order.
        values: shape of every value, without the batch; value 0 is the input.
        output: number of the value that is the network's answer.
    """

    layers: tuple[PlannedLayer, ...]
    values: tuple[Shape, ...]
    output: int

    @property
    def output_shape(self) -> Shape:
        """Shape of one row's answer."""
        return self.values[self.output]

    @property
    def parameter_count(self) -> int:
        """How many numbers the network learns."""
        return sum(_count(p.shape) for planned in self.layers for p in planned.plan.parameters.values())

    @property
    def fewest_rows(self) -> int:
        """Rows that a batch must have at least in training."""
        return max((planned.plan.fewest_rows for planned in self.layers), default=1)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one row's forward pass."""
        return sum(planned.plan.multiply_adds for planned in self.layers)


def _count(shape: Shape) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


MAX_LAYERS: Final = 10_000
"""Beyond this a plan takes minutes, and nothing is gained."""


def _counted(layer: Layer) -> int:
    """The layer and all within it."""
    return 1 + sum(_counted(item) for branch in layer.branches for item in branch)


class Network:
    """A tree of layers with a seed for its initial weights; shapes and weights come with the data.

    Args:
        layers: layers in order, or a text such as "linear 8, tanh, linear 2".
        seed: decides the initial weights; the same seed gives the same weights.

    Attributes:
        layers: the layers, as a tuple; blocks hold theirs in `branches`.
        seed: see above.

    Raises:
        InputError: a text that is not a list of layers, something that is not a layer, or more than 10,000 layers.
    """

    def __init__(self, layers: Sequence[Layer | LayerRecord] | str, seed: int = 0) -> None:
        if isinstance(layers, str):
            self.layers = parse_layers(layers)
        else:
            given = kind_of(layers, Iterable, "network", "network", _HINT)
            self.layers = tuple(item() if isinstance(item, LayerRecord) else item for item in given)
        for item in self.layers:
            if not isinstance(item, Layer):
                raise InputError(f"{shown(item)} is not a layer", where="network", hint=_HINT)
        count = sum(_counted(item) for item in self.layers)
        if count > MAX_LAYERS:
            raise InputError(f"has {counted(count, 'layer')}; at most {MAX_LAYERS:,}", where="network")
        self.seed: int = _SEED.read(seed, "network")

    def with_seed(self, seed: int) -> Network:
        """The same layers with another seed."""
        network = copy.copy(self)
        network.seed = _SEED.read(seed, "network")
        return network

    def plan(self, input_shape: Shape, outside: Mapping[str, Shape] | None = None) -> NetworkPlan:
        """Shapes, parameters and rows of every layer for one input shape.

        Args:
            input_shape: of one row, without the batch: (features,), (steps, features) or (height, width, channels).
            outside: outputs of named layers that do not belong to these and may be recalled, where a part of a network
                is planned by itself; its shapes are right then, and it cannot be run.

        Raises:
            Problems: every invalid layer, each with the rule and a legal value.
        """
        return _Planner(sizes(input_shape, "input_shape"), outside=outside or {}).run(self.layers)

    def plan_step(self, context: int) -> NetworkPlan | None:
        """The network for one token of a sequence at a time, where rows may look at what they kept of those before.

        None where a layer needs more than that. Nothing is trained, but parameters are called as in `plan`.

        Args:
            context: tokens that a sequence may have.
        """
        try:
            return _Planner((1,), context).run(self.layers)
        except InputError:
            return None

    def __repr__(self) -> str:
        return f"Network({show_layers(self.layers)!r}, seed={self.seed})"


@dataclass(slots=True)
class _Planner:
    input_shape: Shape
    context: int = 0
    outside: Mapping[str, Shape] = field(default_factory=dict)
    layers: list[PlannedLayer] = field(default_factory=list)
    values: list[Shape] = field(default_factory=list)
    problems: list[InputError] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    known: dict[str, list[str]] = field(default_factory=dict)
    by_path: dict[str, PlannedLayer] = field(default_factory=dict)

    def run(self, layers: tuple[Layer, ...]) -> NetworkPlan:
        self.values.append(self.input_shape)
        if not layers:
            self.problems.append(InputError("has no layers", where="network", hint='add one, such as "linear 2"'))
        output = self.chain(layers, 0, "", bool(self.context), "")
        if self.problems:
            raise self.problems[0] if len(self.problems) == 1 else Problems(self.problems)
        return NetworkPlan(tuple(self.layers), tuple(self.values), output)

    def chain(
        self, layers: tuple[Layer, ...], value: int, prefix: str, frozen: bool, behind: str, twin: str = ""
    ) -> int:
        """Plans layers one after the other; stops at the first problem, since shapes behind it are unknown.

        Args:
            twin: prefix of the block whose weights these layers use, if any.
        """
        for position, layer in enumerate(layers):
            path = self.path(layer, f"{prefix}{position}", prefix)
            found = len(self.problems)
            after = suggested_scheme(layers[position + 1 :]) or behind
            own = twin and f"{twin}{path[len(prefix) :]}"
            value = self.place(layer, value, path, frozen or layer.frozen, after, own)
            if len(self.problems) > found:
                break
        return value

    def place(self, layer: Layer, value: int, path: str, frozen: bool, behind: str, twin: str) -> int:
        """The number of the value that a layer gives; of its input where the layer cannot be."""
        if layer.share:
            try:
                twin = find_shared(layer.share, self.known)
            except InputError as problem:
                return self.refuse(problem, layer, path, value)
        self.known.setdefault(path.rpartition(".")[2], []).append(path)
        if layer.record.contains:
            if len(layer.branches) != 1:
                return self.refuse(_not_one_chain(layer), layer, path, value)
            return self.chain(layer.branches[0], value, f"{path}.", frozen, behind, twin and f"{twin}.")
        if layer.record.recalls:
            try:
                value = self.recall(layer.values[layer.record.recalls])
            except InputError as problem:
                return self.refuse(problem, layer, path, value)
        if not layer.record.joins:
            return self.add(layer, (value,), path, frozen, behind, twin)
        found = len(self.problems)
        ends = tuple(
            self.chain(branch, value, f"{path}.{number}.", frozen, behind, twin and f"{twin}.{number}.")
            for number, branch in enumerate(layer.branches)
        )
        if len(self.problems) > found:
            return value
        return self.add(layer, ends, path, frozen, behind)

    def recall(self, name: str) -> int:
        """The number of the value that a layer in front gives, or one outside of what is planned."""
        last = name.rpartition(".")[2]
        if last not in self.outside or last in self.known:
            return find_output(name, self.known, self.by_path)
        self.values.append(self.outside[last])
        return len(self.values) - 1

    def add(self, layer: Layer, inputs: tuple[int, ...], path: str, frozen: bool, behind: str, twin: str = "") -> int:
        shapes = tuple(self.values[number] for number in inputs)
        shares = ""
        borrowed: tuple[str, ...] = ()
        try:
            plan = self.plan_layer(layer, shapes)
            if twin and (plan.parameters or (layer.share and not layer.record.joins)):
                borrowed = tuple(plan.parameters)
                plan, owner = borrow(layer, plan, self.by_path, twin)
                shares = owner.path
        except InputError as problem:
            return self.refuse(problem, layer, path, inputs[0] if inputs else 0)
        self.values.append(plan.output)
        output = len(self.values) - 1
        planned = PlannedLayer(path, layer, plan, inputs, output, behind or DEFAULT, frozen, shares, borrowed)
        self.layers.append(planned)
        self.by_path[path] = planned
        return output

    def plan_layer(self, layer: Layer, shapes: tuple[Shape, ...]) -> Plan:
        """The plan of a layer for a whole row, or for one step of a sequence."""
        record, values = layer.record, layer.values
        plan: Plan | None
        if not self.context or record.takes_steps_alone:
            plan = record.plan(values, shapes if record.joins else shapes[0])
        else:
            plan = record.decode(values, shapes[0], self.context) if record.decode else None
        if plan is None or (self.context and len(plan.output) < 2):  # without an axis of features, a row is one step
            raise InputError("needs the whole sequence")
        return plan

    def refuse(self, problem: InputError, layer: Layer, path: str, value: int) -> int:
        """Notes why a layer cannot be; planning ends with `value`, as nothing follows from it."""
        where = f"layer {path}, {layer.record.name}"
        self.problems.append(InputError(problem.what, where=where, hint=problem.hint))
        return value

    def path(self, layer: Layer, position: str, prefix: str) -> str:
        path = f"{prefix}{layer.name}" if layer.name else position
        if layer.name and not _NAME.fullmatch(layer.name):
            hint = "use up to 64 lower-case letters, digits, '-' and '_'"
            self.problems.append(InputError(f"'{layer.name}' cannot be a layer's name", where="network", hint=hint))
        if path in self.taken:
            self.problems.append(InputError(f"two layers are called '{path}'", where="network", hint="rename one"))
        self.taken.add(path)
        return path


def _not_one_chain(layer: Layer) -> InputError:
    held = f"has {len(layer.branches)}" if layer.branches else "has none"
    name = layer.record.name
    return InputError(f"takes one chain of layers, but {held}", hint=f"write {name}[linear 8, relu]")


def suggested_scheme(layers: Iterable[Layer]) -> str:
    """The scheme of initial weights that the next activation suggests; layers without an opinion are passed over.

    Empty where none follows before the next layer that such an activation would be meant for.
    """
    for layer in layers:
        if layer.record.initial:
            return layer.record.initial
        if layer.record.traits.follows_activation:
            return ""
    return ""
