"""Recurrent layers: the plans that RNN, LSTM and GRU share; `nnplay.layers._recurrent_cell` has their loops.

Sequences are (N, T, C): rows of the batch, steps, features. A layer of H units in D directions (1, or 2 when
bidirectional) with G gates a unit has for each of its stacked layers l, named as in PyTorch:

    weight_ih_l (C, D·G·H)   bias_ih_l (D·G·H)   from the input, all directions side by side
    weight_hh_l (D·H, G·H)   bias_hh_l (D·G·H)   from the state before, one direction under the other

A cell in a form of its own may have more: initial_hidden_l (D·H), initial_cell_l, peephole_l (D·3H), and a projection
weight_hr_l (D·H, P), with which the state has P numbers. The state before the first step is 0, or learned.

Unequal lengths: with `padded`, a step whose features are all exactly 0 is no step: the state is carried over it, and
the output there is 0, so that the next `padded` layer sees the same padding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nnplay.errors import InputError
from nnplay.layers._recurrent_cell import Cell
from nnplay.layers._through_time import OF_STATE
from nnplay.operations.first_state import FIRST, FIRST_BACK
from nnplay.operations.inner_dropout import INNER_DROPOUT, INNER_DROPOUT_BACK
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
from nnplay.records.layer import Parameter, Plan
from nnplay.records.operation import BATCH, Planned, Shape, Use, shape_text


def plan_recurrent(
    cell: Cell, values: Mapping[str, Any], shape: Shape, raised: tuple[tuple[int, int, float], ...] = ()
) -> Plan:
    """A sequence (N, T, C) → its last state (N, D·H), or all states (N, T, D·H); parameters as the module says.

    Args:
        raised: parts of `bias_ih` that start higher.
    """
    steps, features = sequence(shape)
    _refuse_form(values)
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
        self.state: int = values.get("proj_size", 0) or self.units
        self.directions = 1 + values["bidirectional"]
        self.width = self.directions * self.state
        self.padded: bool = values["padded"]
        self.last = values["output"] == "last"
        self.drops = values["dropout"] > 0
        self.forward: list[Use] = []
        self.backward: list[Use] = []
        self.parameters: dict[str, Parameter] = {}
        self.buffers: dict[str, tuple[Shape, float]] = {}
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
            evaluate=self.evaluate(self.forward),
            evaluate_backward=self.evaluate(self.backward),
            parameters=self.parameters,
            buffers=self.buffers,
            saved=self.saved,
            scratch=self.scratch,
            multiply_adds=self.multiply_adds,
        )

    def layer(self, level: int, features: int) -> None:
        cell, gates = self.cell, self.directions * self.units * self.cell.gates
        names = self.names(level)
        self.declare(level, features, gates)
        input_cost, step_cost = self.steps * features * gates, self.steps * self.state * gates
        loop, loop_back = cell.forward.plain, cell.backward.plain
        if self.padded:
            loop, loop_back = cell.forward.padded, cell.backward.padded
        counts = {"directions": self.directions}
        if level > 0 and self.drops:
            self.drop(level)
        self.forward += [
            Use(INPUTS, cost=input_cost, names=names),
            Use(loop, {**cell.forward.numbers, **counts}, cost=step_cost, names=names),
        ]
        backward = {**cell.backward.numbers, **counts, "truncate": self.values["truncate"]}
        rows = [
            Use(TRANSPOSE, counts, cost=0, names=names),
            Use(loop_back, backward, cost=step_cost, names=names),
            Use(cell.weight_back, counts, cost=step_cost, names=names),
            Use(WEIGHT_GRADIENT, cost=input_cost, names=names),
            *(self.bias_gradients(gates, names) if self.values["bias"] else ()),
            *(Use(extra.back, counts, step_cost, names) for extra in cell.extras),
            Use(INPUT_GRADIENT, cost=input_cost, names=names),
        ]
        self.backward = rows + self.backward
        self.multiply_adds += input_cost + step_cost

    def bias_gradients(self, gates: int, names: Mapping[str, str]) -> tuple[Use, Use]:
        counts, cost = {"directions": self.directions}, self.steps * gates
        return (
            Use(BIAS_GRADIENT, cost=cost, names={**names, "dbias": names["dbias_ih"]}),
            Use(self.cell.bias_back, counts, cost, {**names, "dbias": names["dbias_hh"]}),
        )

    def declare(self, level: int, features: int, gates: int) -> None:
        units, names = self.units, self.names(level)
        scale = 3 * units  # lecun_uniform with this fan is U(±1/√units)
        self.parameters |= {
            f"weight_ih_l{level}": Parameter((features, gates), self.values["init"], features, units, decays=True),
            f"weight_hh_l{level}": Parameter(
                (self.width, self.cell.gates * units), "lecun_uniform", scale, units, decays=True
            ),
        }
        if self.values["bias"]:
            self.parameters |= {
                f"bias_ih_l{level}": Parameter((gates,), raised=self.raised),
                f"bias_hh_l{level}": Parameter((gates,)),
            }
        else:  # the rows read zeros in their place, which nothing trains
            self.buffers |= {f"bias_{end}_l{level}": ((gates,), 0.0) for end in ("ih", "hh")}
        for extra in self.cell.extras:
            shape = extra.shape(self.directions, units, self.state)
            scheme = "lecun_uniform" if extra.drawn else "zeros"
            self.parameters[names[extra.name]] = Parameter(shape, scheme, scale, units, decays=extra.drawn)
        kept = ("inputs", *self.cell.saved_gates, *(name for name in self.cell.saved_states if names[name] != "y"))
        self.saved |= {names[name]: self.shape_of(name) for name in kept}
        self.scratch |= {f"transposed_l{level}": (gates, self.state)}
        gradients = (*self.cell.gate_gradients, *self.cell.state_gradients)
        self.scratch |= {names[name]: self.shape_of(name) for name in gradients}
        if names["dhidden"] != "dy":
            self.scratch[names["dhidden"]] = self.shape_of("dhidden")

    def shape_of(self, name: str) -> Planned:
        """Of what the loops keep or find."""
        gates, own = self.cell.gates * self.units, self.units
        if name.startswith("dfirst_"):
            return (BATCH, self.directions * (self.state if name == "dfirst_hidden" else own))
        size = gates if name in ("inputs", "gates", "dgates") else self.state if name in OF_STATE else own
        return (BATCH, self.steps, self.directions * size)

    def drop(self, level: int) -> None:
        """The rows of dropout between two stacked layers; an evaluation has no such rows."""
        below, place, cost = level - 1, {"place": level - 1}, self.steps * self.width
        names = {"x": f"hidden_l{below}", "p": "dropout", "dx": f"dhidden_l{below}"}
        names |= {name: f"{name}_l{below}" for name in ("dropped", "ddropped", "mask")}
        self.forward.append(Use(INNER_DROPOUT, place, 32 * cost, names))
        self.backward.insert(0, Use(INNER_DROPOUT_BACK, place, cost, names))
        whole: Planned = (BATCH, self.steps, self.width)
        self.saved |= {names["dropped"]: whole, names["mask"]: whole}
        self.scratch[names["ddropped"]] = whole

    def evaluate(self, rows: list[Use]) -> tuple[Use, ...] | None:
        """Rows without dropout, where there is some: each layer reads the states below as they are."""
        if not self.drops:
            return None
        kept = [use for use in rows if use.operation not in (INNER_DROPOUT, INNER_DROPOUT_BACK)]
        return tuple(replace(use, names=_undropped(use.names)) for use in kept)

    def names(self, level: int) -> dict[str, str]:
        """Operand names of the rows of one stacked layer → names of the plan."""
        own = ("inputs", "transposed", "dhidden", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
        cell, extras = self.cell, tuple(extra.name for extra in self.cell.extras)
        every = (*own, *extras, *cell.saved_gates, *cell.saved_states, *cell.gate_gradients, *cell.state_gradients)
        names = {name: f"{name}_l{level}" for name in every}
        names |= {f"d{name}": f"d{name}_l{level}" for name in (*own[3:], *extras)}
        if level > 0:
            below = "dropped" if self.drops else "hidden"
            names |= {"x": f"{below}_l{level - 1}", "dx": f"d{below}_l{level - 1}"}
        if level == self.values["layers"] - 1 and not self.last and not self.padded:
            names |= {"hidden": "y", "dhidden": "dy"}
        return names

    def finish(self, level: int) -> None:
        """The rows between the states of the uppermost layer and the output."""
        names = {"hidden": f"hidden_l{level}", "dhidden": f"dhidden_l{level}"}
        if self.last and self.values["reverse"]:
            self.forward.append(Use(FIRST, cost=self.width, names=names))
            self.backward.insert(0, Use(FIRST_BACK, {"steps": self.steps}, self.steps * self.width, names))
        elif self.last:
            self.forward.append(Use(LAST, {"directions": self.directions}, cost=self.width, names=names))
            counts = {"directions": self.directions, "steps": self.steps}
            self.backward.insert(0, Use(LAST_BACK, counts, cost=self.steps * self.width, names=names))
        elif self.padded:
            self.forward.append(Use(VISIBLE, cost=self.steps * self.width, names=names))
            self.backward.insert(0, Use(VISIBLE_BACK, cost=self.steps * self.width, names=names))


def _refuse_form(values: Mapping[str, Any]) -> None:
    if values["reverse"] and values["bidirectional"]:
        hint = "leave out reverse, or bidirectional"
        raise InputError("a bidirectional layer already reads backwards as well", hint=hint)
    if values["dropout"] and values["layers"] == 1:
        hint = f"set layers to 2 or more, or put dropout {values['dropout']:g} behind it"
        raise InputError("dropout acts between stacked layers, and there is only one layer", hint=hint)


def _undropped(names: Mapping[str, str]) -> dict[str, str]:
    return {name: target.replace("dropped_", "hidden_") for name, target in names.items()}
