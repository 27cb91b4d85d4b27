"""The ledger of a network: what each layer gives and costs, live while the user types, with problems where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from nnplay.errors import InputError
from nnplay.network.network import Network, NetworkPlan, suggested_scheme
from nnplay.network.notation import parse_layer, show_layer
from nnplay.network.shared_weights import shares_anything, unshared
from nnplay.records.init_schemes import DEFAULT
from nnplay.records.layer import Layer
from nnplay.records.operation import Shape, shape_text


@dataclass(frozen=True, slots=True)
class Line:
    """One layer: its text, output shape, units, parameters, multiply-adds, how its weights begin, and its problem.

    `remark` is what its plan has to say, such as what its windows leave over; `parts` are the layers of a block's
    branches.
    """

    text: str
    shape: str = ""
    units: int = 0
    parameters: int = 0
    multiply_adds: int = 0
    note: str = ""
    remark: str = ""
    problem: str = ""
    parts: tuple[tuple[Line, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """All layers, the names of inputs and outputs, and the totals for one row of data."""

    lines: tuple[Line, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: int
    multiply_adds: int
    bytes: int


def ledger(texts: Sequence[str], input_shape: Shape, inputs: Sequence[str], outputs: Sequence[str]) -> Ledger:
    """Works the layers out one after the other; behind a layer that cannot be, shapes are unknown."""
    parsed = [_try_parse(text) for text in texts]
    lines: list[Line] = []
    shape: Shape | None = input_shape
    named: dict[str, Shape] = {}
    parameters = adds = numbers = 0
    for position, (text, found) in enumerate(zip(texts, parsed, strict=True)):
        if isinstance(found, InputError):
            lines.append(Line(text, problem=_problem_text(found)))
            shape = None
        elif shape is None:
            lines.append(Line(text, shape="?"))
        else:
            after = [item for item in parsed[position + 1 :] if isinstance(item, Layer)]
            line, plan = _line(text, found, suggested_scheme(after), shape, named)
            front = [item for item in parsed[:position] if isinstance(item, Layer)]
            if plan and (problem := _sharing_problem([*front, found], input_shape)):
                line, plan = Line(text, problem=problem), None
            lines.append(line)
            shape = plan.output_shape if plan else None
            named |= _named(plan) if plan else {}
            parameters += line.parameters
            adds += line.multiply_adds
            numbers += sum(prod(value) for value in plan.values[1:]) if plan else 0
    size = 4 * (parameters + numbers + prod(input_shape))
    return Ledger(tuple(lines), tuple(inputs), tuple(outputs), parameters, adds, size)


def _try_parse(text: str) -> Layer | InputError:
    try:
        return parse_layer(text)
    except InputError as problem:
        return problem


def _problem_text(problem: InputError) -> str:
    return problem.what + (f"; {problem.hint}" if problem.hint else "")


def _sharing_problem(layers: Sequence[Layer], input_shape: Shape) -> str:
    """Why the last of the layers cannot use the weights that it names; empty if it can."""
    if not shares_anything(layers[-1]):
        return ""
    try:
        Network(layers).plan(input_shape)
    except InputError as problem:
        return _problem_text(problem)
    return ""


def _line(
    text: str, layer: Layer, suggested: str, came: Shape, outside: Mapping[str, Shape], *, shared: bool = False
) -> tuple[Line, NetworkPlan | None]:
    """The line of a layer, and its plan; `shared` stands for a layer in a block that uses the weights of another.

    Args:
        outside: shapes of the layers in front that it may recall, by name.
    """
    try:
        plan = Network([unshared(layer)]).plan(came, outside)
    except InputError as problem:
        return Line(text, problem=_problem_text(problem)), None
    shape = plan.output_shape
    shown = shape_text(came) if came == shape else f"{shape_text(came)}→{shape_text(shape)}"
    shared = shared or bool(layer.share)
    note = f"weights of {layer.share}" if layer.share else "frozen" if layer.frozen else _scheme(layer, suggested)
    inside = {**outside, **_named(plan)}
    parts = tuple(_chain(branch, suggested, came, inside, shared) for branch in layer.branches)
    units = shape[-1] if shape else 0
    inner = sum(line.parameters for branch in parts for line in branch)
    parameters = 0 if shared else inner if layer.branches else plan.parameter_count
    remark = "" if layer.branches else plan.layers[0].plan.note
    return Line(text, shown, units, parameters, plan.multiply_adds, note, remark, parts=parts), plan


def _named(plan: NetworkPlan) -> dict[str, Shape]:
    """The outputs of the layers that have a name."""
    return {item.layer.name: plan.values[item.output] for item in plan.layers if item.layer.name}


def _chain(
    layers: Sequence[Layer], behind: str, came: Shape, outside: Mapping[str, Shape], shared: bool
) -> tuple[Line, ...]:
    """The layers of a branch, which can be, since the block around them can."""
    lines: list[Line] = []
    for position, layer in enumerate(layers):
        after = suggested_scheme(layers[position + 1 :]) or behind
        line, plan = _line(show_layer(layer), layer, after, came, outside, shared=shared)
        lines.append(line)
        came = plan.output_shape if plan else came
    return tuple(lines)


def _scheme(layer: Layer, suggested: str) -> str:
    scheme = str(layer.values.get("init", ""))
    return (suggested or DEFAULT if scheme == "auto" else scheme).replace("_", "-")
