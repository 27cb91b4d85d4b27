"""Recurrent cells in a form of their own: learned initial states, read backwards, other activations, and so on.

The usual form of each cell has kernels made for nothing else. All other forms of a cell share one pair of kernels,
`_recurrent_form_kernels`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nnplay.kernels.compile.jit import Kernel
from nnplay.layers._recurrent_cell import Extra, Loop
from nnplay.layers._through_time import Step, StepBack, Walk, go_back, go_forward
from nnplay.operations.cell_activations import ACTIVATIONS
from nnplay.operations.recurrent_parameters import initial_gradient
from nnplay.records.operation import CudaRow, Operation, Shape, Timed
from nnplay.records.worked import Term

#: Integers of a row, in front of those of one kind of cell: positions of operands, and 1 or 0 for yes and no.
NUMBERS: Final = ("directions", "reverse", "present", "initial", "written", "truncate", "activation", "gate_activation")


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a cell.

    Attributes:
        states: names of its states, `hidden` first.
        padded, learned, reverse: as the fields say; `learned` is about the initial state.
        activation, gate_activation: names out of `ACTIVATIONS`.
        extras: parameters besides the usual ones, in the order of the operands.
        choices: further integers of both rows.
    """

    states: tuple[str, ...]
    padded: bool
    learned: bool
    reverse: bool
    activation: str = "tanh"
    gate_activation: str = "sigmoid"
    extras: tuple[str, ...] = ()
    choices: tuple[tuple[str, int], ...] = ()

    @property
    def initial(self) -> tuple[str, ...]:
        """The parameters that are the states before the first step."""
        return tuple(f"initial_{state}" for state in self.states) if self.learned else ()

    @property
    def first_gradients(self) -> tuple[str, ...]:
        """Gradients of the states before the first step, row by row of the batch."""
        return tuple(f"dfirst_{state}" for state in self.states) if self.learned else ()

    @property
    def mask(self) -> tuple[str, ...]:
        """The operand that says which steps are there, if some may not be."""
        return ("present",) if self.padded else ()

    def numbers(self, own: tuple[str, ...], reads: tuple[str, ...], writes: tuple[str, ...]) -> dict[str, int]:
        """Integers of a row with these operands; `own` names operands that only one kind of cell has."""
        operands = (*reads, *writes)
        first = next((name for name in (*self.initial, *self.first_gradients) if name in operands), "")
        named = {"present": "present", "initial": first, **{name: name for name in own}}
        found = {key: operands.index(name) if name in operands else 0 for key, name in named.items()}
        codes = {key: ACTIVATIONS[getattr(self, key)].number for key in ("activation", "gate_activation")}
        return {"reverse": int(self.reverse), "written": len(reads), "truncate": 0} | found | codes | dict(self.choices)


@dataclass(frozen=True, slots=True)
class Texts:
    """What a row says of itself; see `Operation`."""

    formula: str
    words: str
    element: Callable[..., Term]


def form_forward(
    form: Form, torch: str, kernel: Kernel, own: tuple[str, ...], writes: tuple[str, ...],
    step_of: Callable[[Mapping[str, Any], int], Step], texts: Texts, timed: Timed, cuda: CudaRow,
) -> Loop:  # fmt: skip
    """The row that takes a cell from the first step to the last.

    Args:
        own: names of integers that only this kind of cell has.
        step_of: from the row's operands by name and a direction to what happens there at one step.
        cuda: the row on a graphics card.
    """
    reads = ("inputs", "weight_hh", "bias_hh", *form.mask, *form.initial, *form.extras)

    def reference(*arrays: Any, **numbers: int) -> Any:
        given = dict(zip(reads, arrays, strict=True))
        way = Walk(given.get("present"), tuple(given[name] for name in form.initial), numbers["reverse"])
        first = given["inputs"], given["weight_hh"], given["bias_hh"]
        return go_forward(lambda d: step_of(given, d), writes, form.states, timed.blocks, first, way)

    row = Operation(
        name=f"{torch.lower()}, step by step",
        kernel=kernel,
        cuda=(cuda,),
        reads=reads,
        writes=writes,
        reference=reference,
        formula=texts.formula,
        words=texts.words,
        element=texts.element,
        integers=(*NUMBERS, *own, *dict(form.choices)),
        torch=f"torch.nn.{torch}",
        timed=timed,
    )
    return Loop(row, row, form.numbers(own, reads, writes))


def form_backward(
    form: Form, torch: str, kernel: Kernel, own: tuple[str, ...], reads: tuple[str, ...], writes: tuple[str, ...],
    step_of: Callable[[Mapping[str, Any], int], StepBack], texts: Texts, gradients: tuple[str, ...], gates: int,
    cuda: CudaRow,
) -> Loop:  # fmt: skip
    """The row that goes back from the last step to the first; arguments as in `form_forward`.

    Args:
        gradients: of the states, that of `hidden` first.
    """
    reads, written = (*reads, *form.mask, *form.extras), (*writes, *form.first_gradients)

    def reference(*arrays: Any, **numbers: int) -> Any:
        given = dict(zip(reads, arrays, strict=True))
        way = Walk(given.get("present"), (), numbers["reverse"], numbers["truncate"])
        kept = {name: array for name, array in given.items() if name not in ("present", *form.extras)}
        found = go_back(lambda d: step_of(given, d), kept, writes, gradients, gates, way)
        return found[: len(written)]

    row = Operation(
        name=f"{torch.lower()} back through time",
        kernel=kernel,
        cuda=(cuda,),
        reads=reads,
        writes=written,
        reference=reference,
        formula=texts.formula,
        words=texts.words,
        element=texts.element,
        integers=(*NUMBERS, *own, *dict(form.choices)),
        torch="autograd",
        timed=Timed(sized_by="transposed", gradients=gradients),
    )
    return Loop(row, row, form.numbers(own, reads, written))


def initial_states(form: Form) -> tuple[Extra, ...]:
    """The parameters that are the states before the first step; they begin at 0."""
    return tuple(
        Extra(name, _of_state if state == "hidden" else _of_cell, initial_gradient(state))
        for name, state in zip(form.initial, form.states, strict=False)
    )


def _of_state(D: int, H: int, P: int) -> Shape:
    return (D * P,)


def _of_cell(D: int, H: int, P: int) -> Shape:
    return (D * H,)
