"""Recurrent layers: fields that RNN, LSTM and GRU share, their PyTorch twins, and test cases that suit every cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nnplay.fields import REQUIRED, Field, choice, flag, integer, number
from nnplay.operations.cell_activations import ACTIVATIONS, GATE_ACTIVATIONS
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Case, Refused
from nnplay.records.operation import Shape
from nnplay.records.twin import Place, Twin

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

#: They stand behind those of one kind of cell, so that values by position mean what they always did.
FORM_FIELDS: Final = (
    number(
        "dropout",
        0.0,
        "fraction of the states set to 0, while training, on their way from one stacked layer to the next",
        low=0.0,
        high=0.999,
        live=True,
    ),
    choice("initial_state", "zero", "state before the first step: 0, or learned, from 0 on", ("zero", "learned")),
    flag("reverse", False, "read the sequence backwards, from its last step to its first"),
)
#: The last of every kind of cell.
BIAS_FIELD: Final = flag("bias", True, "add biases to what comes from the input and from the state")


def activation_field() -> Field:
    """The field of what the proposal, and an LSTM's cell, go through."""
    return choice("activation", "tanh", "activation of what enters the state; always tanh in PyTorch", (*ACTIVATIONS,))


def gate_activation_field() -> Field:
    """The field of what the gates go through."""
    return choice("gate_activation", "sigmoid", "activation of the gates; always sigmoid in PyTorch", GATE_ACTIVATIONS)


def _places(name: str, shape: Shape, values: Mapping[str, Any]) -> tuple[Place, ...]:
    """Both directions are one tensor here: side by side, or for the state's weights one below the other."""
    axes = (1, 0) if len(shape) == 2 else (0,)
    if not values["bidirectional"]:
        return (Place(name, axes),)
    axis = 0 if name.startswith(("weight_hh", "weight_hr")) else len(shape) - 1
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
            **({} if values["bias"] else {"bias": False}),
            **{name: values[name] for name in own},
            **({"proj_size": values["proj_size"]} if values.get("proj_size") else {}),
        }

    def output(result: Any, values: Mapping[str, Any]) -> Any:
        states = result[0]
        units = states.shape[2] // 2  # a projection has fewer than the cell
        if values["output"] == "sequence":
            return states
        if not values["bidirectional"]:
            return states[:, -1]
        last = states[:, -1].clone()
        last[:, units:] = states[:, 0, units:]  # the backward state has read the whole sequence at its first step
        return last

    def covers(values: Mapping[str, Any], shape: Shape) -> bool:
        chosen = "initial_state", "activation", "gate_activation", "reset_after", "nonlinearity"
        usual = "zero", "tanh", "sigmoid", True
        return not (
            values["padded"]
            or values["truncate"]
            or values["reverse"]
            or values["dropout"]
            or values.get("peepholes")
            or any(values.get(name, usual[k]) != usual[k] for k, name in enumerate(chosen[:4]))
            or values.get("nonlinearity", "tanh") not in ("tanh", "relu")
        )

    return Twin(path, arguments, places=_places, output=output, covers=covers)


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
    Refused({"units": 3, "reverse": True, "bidirectional": True}, (5, 2), "already reads backwards"),
    Refused({"units": 3, "dropout": 0.5}, (5, 2), "there is only one layer"),
    Refused({"units": 3, "init": "auto"}, (5, 2), "one of"),
    Refused({"units": 3}, (5,), "needs a sequence (steps, features)"),
    Refused({"units": 3}, (28, 28, 1), "needs a sequence (steps, features)"),
)
