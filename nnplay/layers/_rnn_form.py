"""RNN in a form of its own: other activations, a learned initial state, read backwards."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from nnplay.kernels.bending import bend, slope
from nnplay.kernels.compile.jit import inline, noalias
from nnplay.kernels.matmul import multiply
from nnplay.kernels.operands import integer, pointer, shifted
from nnplay.kernels.recurrent_batches import add, copy, zero
from nnplay.layers import _recurrent_form_cards as cards
from nnplay.layers._recurrent_cell import Cell
from nnplay.layers._recurrent_form import (
    Form,
    Texts,
    form_backward,
    form_forward,
    initial_states,
)
from nnplay.layers._recurrent_form_kernels import (
    ACTIVATION,
    form_backward_kernel,
    form_forward_kernel,
    gradient_before,
    is_absent,
    start_of,
    take_state,
)
from nnplay.layers._through_time import Array, Step, StepBack, from_state
from nnplay.operations.cell_activations import ACTIVATIONS, bent, sign_of, slope_at
from nnplay.records.cuda_rows import TurnRow
from nnplay.records.operation import Timed
from nnplay.records.worked import Named, Term, as_term


@cache
def rnn_cell(form: Form, forward_words: str, backward_words: str) -> Cell:
    """The cell in that form; its rows say the same words as the usual one's."""
    name = sign_of(form.activation)
    shown = ACTIVATIONS[form.activation].shown.replace("h", "hidden[t]")
    forward = Texts(
        f"hidden[t] = {name}(inputs[t] + hidden[t−1]·weight_hh + bias_hh)", forward_words, _element_of(form)
    )
    backward = Texts(
        "dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ; dgates[t] = dstate[t]" + (f"·{shown}" if shown else ""),
        backward_words,
        _element_back_of(form),
    )
    return Cell(
        gates=1,
        forward=form_forward(
            form, "RNN", FORWARD, (), ("hidden", "previous"), lambda given, d: _step_of(form), forward,
            Timed(sized_by="weight_hh", unit={"h": ("hidden", 0, 1)}), TurnRow(cards.rnn_forward),
        ),
        backward=form_backward(
            form, "RNN", BACKWARD, (), ("dhidden", "hidden", "transposed"), ("dgates", "dstate"),
            lambda given, d: _step_back_of(form), backward, ("dstate",), 1,
            TurnRow(cards.rnn_backward, ends=int(form.learned)),
        ),
        extras=initial_states(form),
    )  # fmt: skip


def _step_of(form: Form) -> Step:
    value = ACTIVATIONS[form.activation].value

    def step(x: Array, u: Array, h: Array) -> tuple[dict[str, Array], tuple[Array]]:
        return {}, (value(x + u),)

    return step


def _step_back_of(form: Form) -> StepBack:
    slope_of = ACTIVATIONS[form.activation].slope

    def step_back(
        dstates: tuple[Array], now: Mapping[str, Array], then: Mapping[str, Array]
    ) -> tuple[dict[str, Array], Array, tuple[float]]:
        dgates = dstates[0] * slope_of(now["hidden"])
        return {"dgates": dgates}, dgates, (0.0,)

    return step_back


def _element_of(form: Form) -> Any:
    def element(
        at: tuple[int, ...], inputs: Named, weight_hh: Named, bias_hh: Named, *more: Named, **numbers: int
    ) -> Term:
        cell = rnn_cell(form, "", "")
        arrays = [item.array for item in (inputs, weight_hh, bias_hh, *more)]
        previous = cell.forward.plain.reference(*arrays, **numbers)[1]
        if form.padded and more[0].array[at[0], at[1]] == 0:
            return Named("previous", previous)[at] * 1.0
        return bent(form.activation, inputs[at] + from_state(at, previous, weight_hh, 1) + bias_hh[at[2]])

    return element


def _element_back_of(form: Form) -> Any:
    def element_back(
        at: tuple[int, ...], dhidden: Named, hidden: Named, transposed: Named, *more: Named, **numbers: int
    ) -> Term:
        if form.padded and more[0].array[at[0], at[1]] == 0:
            return as_term(0.0)
        arrays = [item.array for item in (dhidden, hidden, transposed, *more)]
        dstate = np.asarray(rnn_cell(form, "", "").backward.plain.reference(*arrays, **numbers)[1])
        return Named("dstate", dstate)[at] * slope_at(form.activation, hidden[at])

    return element_back


@inline
def at_step(
    row: Any, memory: Any, at: int, d: int, D: int, rows: int, s: int, T: int, H: int, P: int, to: int
) -> None:  # fmt: skip
    """hidden, previous (N, T, D·H) of one step: hidden = bend(x + previous·weight_hh + bias_hh)."""
    written, stride = integer(row, 4), T * D * H
    w, b = shifted(pointer(row, memory, 1), d * H * H), shifted(pointer(row, memory, 2), d * H)
    x, hidden = shifted(pointer(row, memory, 0), at * H), shifted(pointer(row, memory, written), at * H)
    previous = shifted(pointer(row, memory, written + 1), at * H)
    take_state(row, memory, integer(row, 3), previous, hidden, stride, to * H, rows, d, s, H)
    multiply(previous, stride, 1, w, H, 1, hidden, stride, x, stride, rows, H, H)
    for n in range(rows):
        h = shifted(hidden, n * stride)
        if is_absent(row, memory, at, n, T, D):
            copy(h, shifted(previous, n * stride), H)
        else:
            add(h, b, H)
            bend(integer(row, ACTIVATION), h, H)


@inline
def back_at_step(
    row: Any, memory: Any, at: int, n: int, d: int, D: int, rows: int, s: int, T: int, H: int, P: int, to: int,
    keeps: bool,
) -> None:  # fmt: skip
    """dgates, dstate (N, T, D·H) of one step.

    hidden = bend(x + previous·weight_hh + bias_hh), so dgates = dstate·bend′, and the state before gets
    dgates·weight_hhᵀ.
    """
    written, initial, stride = integer(row, 4), integer(row, 3), T * D * H
    transposed = shifted(pointer(row, memory, 2), d * H * H)
    dhidden, hidden = shifted(pointer(row, memory, 0), at * H), shifted(pointer(row, memory, 1), at * H)
    dgates = shifted(pointer(row, memory, written), at * H)
    dstate = shifted(pointer(row, memory, written + 1), at * H)
    for m in range(rows):
        dh, dz, h = shifted(dstate, m * stride), shifted(dgates, m * stride), shifted(hidden, m * stride)
        if s == T - 1:
            copy(dh, shifted(dhidden, m * stride), H)
        if is_absent(row, memory, at, m, T, D):
            zero(dz, H)
        else:
            unbend(integer(row, ACTIVATION), h, dh, dz, H)
    if s > 0 or initial != 0:
        before, apart = gradient_before(row, memory, initial, dstate, n, d, D, s, to * H, stride, H)
        start = start_of(dhidden, s, to * H)
        multiply(
            dgates, stride, 1, transposed, H, 1, before, apart, start, stride, rows, H, H if keeps else 0
        )  # fmt: skip
        for m in range(rows):
            if keeps and is_absent(row, memory, at, m, T, D):
                add(shifted(before, m * apart), shifted(dstate, m * stride), H)


@noalias
def unbend(kind: int, hidden: Any, dstate: Any, dgates: Any, H: int) -> None:
    """hidden = bend(z), so dgates = dstate·bend′, for one row (H)."""
    for j in range(H):
        dgates[j] = dstate[j] * slope(kind, hidden[j])


FORWARD = form_forward_kernel(at_step, gates=1)
BACKWARD = form_backward_kernel(back_at_step, gates=1, transposed=2)
