"""Recurrent layers: the fields and plans that RNN, LSTM and GRU share; `nnplay.layers._recurrent_cell` has their loops.

Sequences are (N, T, C): rows of the batch, steps, features. A layer of H units in D directions (1, or 2 when
bidirectional) with G gates a unit has for each of its stacked layers l, named as in PyTorch:

    weight_ih_l (C, D·G·H)   bias_ih_l (D·G·H)   from the input, all directions side by side
    weight_hh_l (D·H, G·H)   bias_hh_l (D·G·H)   from the state before, one direction under the other

The state before the first step is 0. Unequal lengths: with `padded`, a step whose features are all exactly 0 is no
step: the state is carried over it, and the output there is 0, so that the next `padded` layer sees the same padding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, choice, flag, integer
from nnplay.layers._recurrent_cell import Cell
from nnplay.operations.recurrent import (
    BIAS_GRADIENT,
    INPUT_GRADIENT,
    INPUTS,
    LAST,
    LAST_BACK,
    PRESENT,
    TRANSPOSE,
    VISIBLE,
    VISIBLE_BACK,
    WEIGHT_GRADIENT,
)
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Case, Parameter, Plan, Refused
from nnplay.records.operation import BATCH, Planned, Shape, Use, shape_text
from nnplay.records.twin import Place, Twin

Array = NDArray[Any]

FIELDS: Final = (
    integer("units", REQUIRED, "size of the state, per direction"),
    integer("layers", 1, "number of stacked layers, each reading the states of the one below", high=64),
    flag("bidirectional", False, "add a second state that reads the sequence backwards; the two are concatenated"),
    choice("output", "last", "output the state after the last step, or the states of all steps", ("last", "sequence")),
    integer("truncate", 0, "truncate backpropagation through time after this many steps; 0: never", low=0),
    choice(
        "init", "xavier_uniform", "initialisation of the input weights; recurrent ones are U(±1/√units)", SCHEMES[1:]
    ),
    flag("padded", False, "treat steps whose features are all 0 as padding: the state is carried over them"),
)


def _places(name: str, shape: Shape, values: Mapping[str, Any]) -> tuple[Place, ...]:
    """Both directions are one tensor here: side by side, or for the state's weights one below the other."""
    axes = (1, 0) if len(shape) == 2 else (0,)
    if not values["bidirectional"]:
        return (Place(name, axes),)
    axis = 0 if name.startswith("weight_hh") else len(shape) - 1
    half = shape[axis] // 2
    parts = slice(0, half), slice(half, None)
    before = (slice(None),) * axis
    return tuple(Place(name + end, axes, (*before, part)) for end, part in zip(("", "_reverse"), parts, strict=True))


def recurrent_twin(path: str, *own: str) -> Twin:
    """PyTorch's module; `own` are fields of one kind of cell that are arguments too."""

    def arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
        return {
            "input_size": shape[-1],
            "hidden_size": values["units"],
            "num_layers": values["layers"],
            "bidirectional": values["bidirectional"],
            "batch_first": True,
            **{name: values[name] for name in own},
        }

    def output(result: Any, values: Mapping[str, Any]) -> Any:
        states, units = result[0], values["units"]
        if values["output"] == "sequence":
            return states
        if not values["bidirectional"]:
            return states[:, -1]
        last = states[:, -1].clone()
        last[:, units:] = states[:, 0, units:]  # the backward state has read the whole sequence at its first step
        return last

    def covers(values: Mapping[str, Any], shape: Shape) -> bool:
        return not (values["padded"] or values["truncate"])

    return Twin(path, arguments, places=_places, output=output, covers=covers)


def plan_recurrent(
    cell: Cell, values: Mapping[str, Any], shape: Shape, raised: tuple[tuple[int, int, float], ...] = ()
) -> Plan:
    """A sequence (N, T, C) → its last state (N, D·H), or all states (N, T, D·H); parameters as the module says.

    Args:
        raised: parts of `bias_ih` that start higher.
    """
    steps, features = sequence(shape)
    return _Stack(cell, values, steps, raised).plan(features)


def sequence(shape: Shape) -> tuple[int, int]:
    """Steps and features of an input shape.

    Raises:
        InputError: it is no sequence.
    """
    if len(shape) == 2:
        return shape[0], shape[1]
    hint = "put a reshape before it, such as reshape 28x28"
    if len(shape) == 1:
        hint = f"put reshape {shape[0]}x1 before it, or embedding if the numbers are tokens"
    raise InputError(f"needs a sequence (steps, features); the input is {shape_text(shape)}", hint=hint)


class _Stack:
    """Plans stacked layers one after the other."""

    def __init__(
        self, cell: Cell, values: Mapping[str, Any], steps: int, raised: tuple[tuple[int, int, float], ...]
    ) -> None:
        self.cell, self.values, self.steps, self.raised = cell, values, steps, raised
        self.units: int = values["units"]
        self.directions = 1 + values["bidirectional"]
        self.width = self.directions * self.units
        self.padded: bool = values["padded"]
        self.last = values["output"] == "last"
        self.forward: list[Use] = []
        self.backward: list[Use] = []
        self.parameters: dict[str, Parameter] = {}
        self.saved: dict[str, Planned] = {}
        self.scratch: dict[str, Planned] = {}
        self.multiply_adds = 0

    def plan(self, features: int) -> Plan:
        """(N, T, C) → (N, D·H) or (N, T, D·H), for C features."""
        if self.padded:
            self.saved["present"] = (BATCH, self.steps)
            self.forward.append(Use(PRESENT, cost=self.steps * features))
        for level in range(self.values["layers"]):
            self.layer(level, features if level == 0 else self.width)
        self.finish(self.values["layers"] - 1)
        return Plan(
            output=(self.width,) if self.last else (self.steps, self.width),
            forward=tuple(self.forward),
            backward=tuple(self.backward),
            parameters=self.parameters,
            saved=self.saved,
            scratch=self.scratch,
            multiply_adds=self.multiply_adds,
        )

    def layer(self, level: int, features: int) -> None:
        cell, units, gates = self.cell, self.units, self.width * self.cell.gates
        names = self.names(level)
        self.declare(level, features, gates)
        input_cost, step_cost = self.steps * features * gates, self.steps * units * gates
        loop, loop_back = cell.forward.plain, cell.backward.plain
        if self.padded:
            loop, loop_back = cell.forward.padded, cell.backward.padded
        self.forward += [Use(INPUTS, cost=input_cost, names=names), Use(loop, cost=step_cost, names=names)]
        counts = {"directions": self.directions, "truncate": self.values["truncate"]}
        rows = [
            Use(TRANSPOSE, {"directions": self.directions}, cost=0, names=names),
            Use(loop_back, counts, cost=step_cost, names=names),
            Use(cell.weight_back, {"directions": self.directions}, cost=step_cost, names=names),
            Use(WEIGHT_GRADIENT, cost=input_cost, names=names),
            Use(BIAS_GRADIENT, cost=self.steps * gates, names=names | {"dbias": names["dbias_ih"]}),
            Use(
                cell.bias_back,
                {"directions": self.directions},
                self.steps * gates,
                names | {"dbias": names["dbias_hh"]},
            ),
            Use(INPUT_GRADIENT, cost=input_cost, names=names),
        ]
        self.backward = rows + self.backward
        self.multiply_adds += input_cost + step_cost

    def declare(self, level: int, features: int, gates: int) -> None:
        units, width, steps = self.units, self.width, self.steps
        each = self.cell.gates * units
        scale = 3 * units  # lecun_uniform with this fan is U(±1/√units)
        self.parameters |= {
            f"weight_ih_l{level}": Parameter((features, gates), self.values["init"], features, units, decays=True),
            f"weight_hh_l{level}": Parameter((width, each), "lecun_uniform", scale, units, decays=True),
            f"bias_ih_l{level}": Parameter((gates,), raised=self.raised),
            f"bias_hh_l{level}": Parameter((gates,)),
        }
        names = self.names(level)
        self.saved |= {names[name]: (BATCH, steps, gates) for name in ("inputs", *self.cell.saved_gates)}
        self.saved |= {names[name]: (BATCH, steps, width) for name in self.cell.saved_states if names[name] != "y"}
        self.scratch |= {f"transposed_l{level}": (self.directions * each, units)}
        self.scratch |= {names[name]: (BATCH, steps, gates) for name in self.cell.gate_gradients}
        self.scratch |= {names[name]: (BATCH, steps, width) for name in self.cell.state_gradients}
        if names["dhidden"] != "dy":
            self.scratch[names["dhidden"]] = (BATCH, steps, width)

    def names(self, level: int) -> dict[str, str]:
        """Operand names of the rows of one stacked layer → names of the plan."""
        own = ("inputs", "transposed", "dhidden", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
        cell = self.cell
        every = (*own, *cell.saved_gates, *cell.saved_states, *cell.gate_gradients, *cell.state_gradients)
        names = {name: f"{name}_l{level}" for name in every}
        names |= {f"d{name}": f"d{name}_l{level}" for name in own if name[:4] in ("weig", "bias")}
        if level > 0:
            names |= {"x": f"hidden_l{level - 1}", "dx": f"dhidden_l{level - 1}"}
        if level == self.values["layers"] - 1 and not self.last and not self.padded:
            names |= {"hidden": "y", "dhidden": "dy"}
        return names

    def finish(self, level: int) -> None:
        """The rows between the states of the uppermost layer and the output."""
        names = {"hidden": f"hidden_l{level}", "dhidden": f"dhidden_l{level}"}
        if self.last:
            self.forward.append(Use(LAST, {"directions": self.directions}, cost=self.width, names=names))
            counts = {"directions": self.directions, "steps": self.steps}
            self.backward.insert(0, Use(LAST_BACK, counts, cost=self.steps * self.width, names=names))
        elif self.padded:
            self.forward.append(Use(VISIBLE, cost=self.steps * self.width, names=names))
            self.backward.insert(0, Use(VISIBLE_BACK, cost=self.steps * self.width, names=names))


# -- test cases that suit every cell -----------------------------------------------------------------------------------

CASES: Final = (
    Case({"units": 3}, (5, 2)),
    Case({"units": 1}, (1, 1)),
    Case({"units": 17, "output": "sequence"}, (3, 5)),
    Case({"units": 16, "layers": 2}, (4, 3)),
    Case({"units": 5, "bidirectional": True}, (6, 3)),
    Case({"units": 4, "bidirectional": True, "layers": 3, "output": "sequence"}, (3, 2)),
    Case({"units": 3, "padded": True, "output": "sequence", "bidirectional": True, "layers": 2}, (4, 3)),
    Case({"units": 3, "padded": True}, (3, 2)),
    Case({"units": 3, "truncate": 2}, (5, 2), exact=False),
    Case({"units": 3, "truncate": 1, "bidirectional": True, "output": "sequence"}, (4, 2), exact=False),
)
REFUSED: Final = (
    Refused({"units": 0}, (5, 2), "≥ 1"),
    Refused({"units": 3, "layers": 0}, (5, 2), "≥ 1"),
    Refused({"units": 3, "truncate": -1}, (5, 2), "≥ 0"),
    Refused({"units": 3, "output": "first"}, (5, 2), "one of last, sequence"),
    Refused({"units": 3, "init": "auto"}, (5, 2), "one of"),
    Refused({"units": 3}, (5,), "needs a sequence (steps, features)"),
    Refused({"units": 3}, (28, 28, 1), "needs a sequence (steps, features)"),
)
