"""LSTM in a form of its own: peepholes, a projection, other activations, learned initial states, read backwards.

Peepholes (Gers and Schmidhuber, 2000) let the gates see the cell: i and f the one before, o the new one. With a
projection (Sak et al., 2014) the hidden state has P numbers, weighted sums of what the H cells show.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from nnplay.layers import _recurrent_form_cards as cards
from nnplay.layers._lstm_form_kernels import BACKWARD, FORWARD
from nnplay.layers._recurrent_cell import Cell, Extra
from nnplay.layers._recurrent_form import (
    Form,
    Texts,
    form_backward,
    form_forward,
    initial_states,
)
from nnplay.layers._through_time import Array, Step, StepBack, from_state
from nnplay.operations.cell_activations import ACTIVATIONS, bent, sign_of, slope_at
from nnplay.operations.recurrent_parameters import PEEPHOLE_BACK, PROJECTION_BACK
from nnplay.records.cuda_rows import TurnRow
from nnplay.records.operation import Timed
from nnplay.records.worked import Named, Term, as_term

_OWN = ("peephole", "weight_hr")


def lstm_form(padded: bool, learned: bool, reverse: bool, bends: tuple[str, str], extras: tuple[str, ...]) -> Form:
    """The form with these activations of cell and gates; `extras` are of peephole and weight_hr."""
    return Form(("hidden", "cell"), padded, learned, reverse, *bends, extras)


@cache
def lstm_cell(form: Form, forward_words: str, backward_words: str) -> Cell:
    """The cell in that form; its rows say the same words as the usual one's."""
    projects = "weight_hr" in form.extras
    shown, rows = (("shown",), 2) if projects else ((), 1)
    unit = {name: ("gates", k, 4) for k, name in enumerate("ifgo")} | {"c": ("cell", 0, 1)}
    unit |= {"m": ("shown", 0, 1)} if projects else {"h": ("hidden", 0, 1)}
    return Cell(
        gates=4,
        forward=form_forward(
            form, "LSTM", FORWARD, _OWN, ("gates", "previous", "before", "cell", "hidden", *shown),
            lambda given, d: _step_of(form, given, d), Texts(_formula(form), forward_words, _element_of(form)),
            Timed(sized_by="weight_hh", blocks=4, unit=unit), TurnRow(cards.lstm_forward, rows=rows),
        ),
        backward=form_backward(
            form, "LSTM", BACKWARD, _OWN, ("dhidden", "gates", "cell", "before", "transposed"),
            ("dgates", "dstate", "dcell", *(f"d{name}" for name in shown)),
            lambda given, d: _step_back_of(form, given, d),
            Texts(_formula_back(form), backward_words, _element_back_of(form)), ("dstate", "dcell"), 4,
            TurnRow(cards.lstm_backward, rows=rows, ends=rows * form.learned),
        ),
        extras=(*initial_states(form), *(EXTRAS[name] for name in form.extras)),
    )  # fmt: skip


EXTRAS = {
    "peephole": Extra("peephole", lambda D, H, P: (D * 3 * H,), PEEPHOLE_BACK, drawn=True),
    "weight_hr": Extra("weight_hr", lambda D, H, P: (D * H, P), PROJECTION_BACK, drawn=True),
}


def _formula(form: Form) -> str:
    gate, bend, peeps = sign_of(form.gate_activation), sign_of(form.activation), "peephole" in form.extras
    seen = " + peephole·cell[t−1] (o: ·cell[t])" if peeps else ""
    end = f"hidden[t] = o·{bend}(cell[t])"
    if "weight_hr" in form.extras:
        end = f"shown[t] = o·{bend}(cell[t]); hidden[t] = shown[t]·weight_hr"
    return (
        f"i,f,o = {gate}(inputs[t] + hidden[t−1]·weight_hh + bias_hh{seen}), g = {bend}(…); "
        f"cell[t] = f·cell[t−1] + i·g; {end}"
    )


def _formula_back(form: Form) -> str:
    gate, bend = sign_of(form.gate_activation), sign_of(form.activation)
    projects, peeps = "weight_hr" in form.extras, "peephole" in form.extras
    dshown = "dshown" if projects else "dstate"
    return (
        "dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ; "
        + ("dshown = dstate·weight_hrᵀ; " if projects else "")
        + f"do = {dshown}·{bend}(cell)·{gate}′; "
        + f"dcell[t] = {dshown}·o·{bend}′(cell) + dcell[t+1]·f[t+1]"
        + (" + peephole·(do[t], di[t+1], df[t+1]); " if peeps else "; ")
        + f"di = dcell·g·{gate}′, df = dcell·cell[t−1]·{gate}′, dg = dcell·i·{bend}′"
    )


def _parts(given: Mapping[str, Array], d: int, units: int) -> tuple[tuple[Array, ...], Array | None]:
    """Of one direction: the peepholes of i, f, o, each (H), 0 where there are none; and weight_hr (H, P), if any."""
    peepholes = given["peephole"] if "peephole" in given else np.zeros(3 * units * (d + 1))
    weight = given["weight_hr"][d * units : (d + 1) * units] if "weight_hr" in given else None
    return tuple(np.split(peepholes[d * 3 * units : (d + 1) * 3 * units], 3)), weight


def _step_of(form: Form, given: Mapping[str, Array], d: int) -> Step:
    gate, bend = ACTIVATIONS[form.gate_activation].value, ACTIVATIONS[form.activation].value
    units = given["weight_hh"].shape[1] // 4
    (p_i, p_f, p_o), weight = _parts(given, d, units)

    def step(x: Array, u: Array, h: Array, c: Array) -> tuple[dict[str, Array], tuple[Array, Array]]:
        i, f, g, o = np.split(x + u, 4, axis=1)
        i, f, g = gate(i + p_i * c), gate(f + p_f * c), bend(g)
        new = f * c + i * g
        o = gate(o + p_o * new)
        shown = o * bend(new)
        kept = {"gates": np.concatenate([i, f, g, o], axis=1), "before": c, "shown": shown}
        return kept, (shown if weight is None else shown @ weight, new)

    return step


def _step_back_of(form: Form, given: Mapping[str, Array], d: int) -> StepBack:
    gate, bend = ACTIVATIONS[form.gate_activation], ACTIVATIONS[form.activation]
    units = given["gates"].shape[2] // 4 // (given["dhidden"].shape[2] // given["transposed"].shape[1])
    (p_i, p_f, p_o), weight = _parts(given, d, units)

    def step_back(
        dstates: tuple[Array, Array], now: Mapping[str, Array], then: Mapping[str, Array]
    ) -> tuple[dict[str, Array], Array, tuple[float, Array]]:
        (dh, dc), (i, f, g, o), bent = dstates, np.split(now["gates"], 4, axis=1), bend.value(now["cell"])
        dshown = dh if weight is None else dh @ weight.T
        do = dshown * bent * gate.slope(o)
        dc = dc + dshown * o * bend.slope(bent) + do * p_o
        di, df, dg = dc * g * gate.slope(i), dc * now["before"] * gate.slope(f), dc * i * bend.slope(g)
        dgates = np.concatenate([di, df, dg, do], axis=1)
        return {"dgates": dgates, "dcell": dc, "dshown": dshown}, dgates, (0.0, dc * f + di * p_i + df * p_f)

    return step_back


def _element_of(form: Form) -> Any:
    def element(
        at: tuple[int, ...], inputs: Named, weight_hh: Named, bias_hh: Named, *more: Named, **numbers: int
    ) -> Term:
        row = lstm_cell(form, "", "").forward.plain
        found = row.reference(*(item.array for item in (inputs, weight_hh, bias_hh, *more)), **numbers)
        made = dict(zip(row.writes, found, strict=True))
        n, t, k = at
        H = weight_hh.shape[1] // 4
        d, gate, j = k // (4 * H), k % (4 * H) // H, k % H
        state = weight_hh.shape[0] // (inputs.shape[2] // (4 * H))
        told = inputs[at] + from_state(at, made["previous"], weight_hh, 4, state) + bias_hh[k]
        given = dict(zip(row.reads[3:], more, strict=True))
        if gate == 2:
            return bent(form.activation, told)
        if "peephole" in given:
            seen = Named("before", made["before"])
            if gate == 3:
                seen = Named("cell", _new_cell(made, numbers["directions"]))
            told = told + given["peephole"][d * 3 * H + (0, 1, -1, 2)[gate] * H + j] * seen[n, t, d * H + j]
        return bent(form.gate_activation, told)

    return element


def _new_cell(made: Mapping[str, Array], directions: int) -> Array:
    """f·before + i·g at every step: the cell that o sees, also where a step is padding and the cell is carried over."""
    before = made["before"]
    i, f, g, _ = (
        part.reshape(before.shape)
        for part in made["gates"].reshape(*before.shape[:2], directions, 4, -1).transpose(3, 0, 1, 2, 4)
    )
    return np.asarray(f * before + i * g)


def _element_back_of(form: Form) -> Any:
    def element_back(
        at: tuple[int, ...], dhidden: Named, gates: Named, cell: Named, before: Named, transposed: Named,
        *more: Named, **numbers: int,
    ) -> Term:  # fmt: skip
        n, t, k = at
        if form.padded and more[0].array[n, t] == 0:
            return as_term(0.0)
        row = lstm_cell(form, "", "").backward.plain
        arrays = [item.array for item in (dhidden, gates, cell, before, transposed, *more)]
        made = {
            name: Named(name, array) for name, array in zip(row.writes, row.reference(*arrays, **numbers), strict=True)
        }
        H = cell.shape[2] // numbers["directions"]
        d, gate, j = k // (4 * H), k % (4 * H) // H, k % H
        place = (n, t, d * H + j)
        dcell, dshown = made["dcell"][place], made.get("dshown", made["dstate"])[place]
        i, f, g, o = (gates[n, t, d * 4 * H + number * H + j] for number in range(4))
        return (
            dcell * g * slope_at(form.gate_activation, i),
            dcell * before[place] * slope_at(form.gate_activation, f),
            dcell * i * slope_at(form.activation, g),
            dshown * bent(form.activation, cell[place]) * slope_at(form.gate_activation, o),
        )[gate]

    return element_back
