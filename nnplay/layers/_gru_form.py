"""GRU in a form of its own: the reset gate in front of the weights, other activations, learned initial states, read
backwards.

With `reset_after`, n sees r·(state·weight_hh + bias_hh), as in PyTorch; without it (r·state)·weight_hh + bias_hh, as in
the first paper (Cho et al., 2014). What n sees so, or what goes into those weights, is kept as `recalled`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from nnplay.layers import _recurrent_form_cards as cards
from nnplay.layers._gru_form_kernels import BACKWARD, FORWARD
from nnplay.layers._recurrent_cell import Cell
from nnplay.layers._recurrent_form import (
    Form,
    Texts,
    form_backward,
    form_forward,
    initial_states,
)
from nnplay.layers._through_time import Array, Step, StepBack, from_state
from nnplay.operations.cell_activations import ACTIVATIONS, bent, sign_of, slope_at
from nnplay.operations.gru_gate import BIAS_BACK, WEIGHT_BACK, WEIGHT_BACK_BEFORE
from nnplay.operations.recurrent import BIAS_GRADIENT
from nnplay.records.cuda_rows import TurnRow
from nnplay.records.operation import Timed
from nnplay.records.worked import Named, Term, as_term, total


@cache
def gru_cell(form: Form, forward_words: str, backward_words: str) -> Cell:
    """The cell in that form; its rows say the same words as the usual one's."""
    after = _resets_after(form)
    rows = 1 if after else 2
    unit = {"r": ("gates", 0, 3), "z": ("gates", 1, 3), "n": ("gates", 2, 3), "h": ("hidden", 0, 1)}
    return Cell(
        gates=3,
        forward=form_forward(
            form, "GRU", FORWARD, (), ("gates", "recalled", "previous", "hidden"),
            lambda given, d: _step_of(form, given, d), Texts(_formula(form), forward_words, _element_of(form)),
            Timed(sized_by="weight_hh", blocks=3, unit=unit), TurnRow(cards.gru_forward, rows=rows),
        ),
        backward=form_backward(
            form, "GRU", BACKWARD, (), ("dhidden", "gates", "recalled", "previous", "transposed"),
            ("dgates", "drecalled", "dstate"), lambda given, d: _step_back_of(form, given, d),
            Texts(_formula_back(form), backward_words, _element_back_of(form)), ("dstate",), 3,
            TurnRow(cards.gru_backward, rows=rows, ends=int(form.learned)),
        ),
        weight_back=WEIGHT_BACK if after else WEIGHT_BACK_BEFORE,
        bias_back=BIAS_BACK if after else BIAS_GRADIENT,
        extras=initial_states(form),
    )  # fmt: skip


def _resets_after(form: Form) -> bool:
    return bool(dict(form.choices)["reset_after"])


def _names(form: Form) -> tuple[str, str]:
    """Of the gates' activation and of the proposal's, as formulas show them."""
    return sign_of(form.gate_activation), sign_of(form.activation)


def _formula(form: Form) -> str:
    gate, bend = _names(form)
    first = f"r,z = {gate}(inputs[t] + hidden[t−1]·weight_hh + bias_hh), "
    proposal = f"recalled[t] = r·hidden[t−1], n = {bend}(inputs[t] + recalled[t]·weight_hh + bias_hh); "
    if _resets_after(form):
        proposal = f"recalled[t] = hidden[t−1]·weight_hh + bias_hh, n = {bend}(inputs[t] + r·recalled[t]); "
    return f"{first}{proposal}hidden[t] = (1 − z)·n + z·hidden[t−1]"


def _formula_back(form: Form) -> str:
    gate, bend = _names(form)
    first = f"dn = dstate·(1−z)·{bend}′, dz = dstate·(hidden[t−1] − n)·{gate}′; "
    if _resets_after(form):
        return (
            "dstate[t] = dhidden[t] + dstate[t+1]·z[t+1] + (dr, dz, drecalled)[t+1]·weight_hhᵀ; "
            f"{first}drecalled = dn·r, dr = dn·recalled·{gate}′"
        )
    return (
        "dstate[t] = dhidden[t] + dstate[t+1]·z[t+1] + (dr, dz)[t+1]·weight_hhᵀ + drecalled[t+1]·r[t+1]; "
        f"{first}drecalled = dn·weight_hhᵀ, dr = drecalled·hidden[t−1]·{gate}′"
    )


def _step_of(form: Form, given: Mapping[str, Array], d: int) -> Step:
    gate, bend, after = ACTIVATIONS[form.gate_activation].value, ACTIVATIONS[form.activation].value, _resets_after(form)
    units = given["weight_hh"].shape[1] // 3
    weight = given["weight_hh"][d * units : (d + 1) * units, 2 * units :]
    bias = given["bias_hh"][(3 * d + 2) * units : (3 * d + 3) * units]

    def step(x: Array, u: Array, h: Array) -> tuple[dict[str, Array], tuple[Array]]:
        (x_r, x_z, x_n), (u_r, u_z, u_n) = np.split(x, 3, axis=1), np.split(u, 3, axis=1)
        r, z = gate(x_r + u_r), gate(x_z + u_z)
        recalled = u_n if after else r * h
        n = bend(x_n + (r * recalled if after else recalled @ weight + bias))
        return {"gates": np.concatenate([r, z, n], axis=1), "recalled": recalled}, ((1 - z) * n + z * h,)

    return step


def _step_back_of(form: Form, given: Mapping[str, Array], d: int) -> StepBack:
    gate, bend, after = ACTIVATIONS[form.gate_activation].slope, ACTIVATIONS[form.activation].slope, _resets_after(form)
    units = given["transposed"].shape[1]
    weight = given["transposed"][(3 * d + 2) * units : (3 * d + 3) * units]

    def step_back(
        dstates: tuple[Array], now: Mapping[str, Array], then: Mapping[str, Array]
    ) -> tuple[dict[str, Array], Array, tuple[Array]]:
        (dh,), (r, z, n), h = dstates, np.split(now["gates"], 3, axis=1), now["previous"]
        dn, dz = dh * (1 - z) * bend(n), dh * (h - n) * gate(z)
        drecalled = dn * r if after else dn @ weight
        dr = (dn * now["recalled"] if after else drecalled * h) * gate(r)
        found = {"dgates": np.concatenate([dr, dz, dn], axis=1), "drecalled": drecalled}
        if after:
            return found, np.concatenate([dr, dz, drecalled], axis=1), (dh * z,)
        return found, np.concatenate([dr, dz, np.zeros_like(dn)], axis=1), (dh * z + drecalled * r,)

    return step_back


def _element_of(form: Form) -> Any:
    def element(
        at: tuple[int, ...], inputs: Named, weight_hh: Named, bias_hh: Named, *more: Named, **numbers: int
    ) -> Term:
        arrays = [item.array for item in (inputs, weight_hh, bias_hh, *more)]
        gates, recalled, previous, _ = gru_cell(form, "", "").forward.plain.reference(*arrays, **numbers)
        n, t, k = at
        units = weight_hh.shape[1] // 3
        if k % (3 * units) < 2 * units:
            u = from_state(at, previous, weight_hh, 3) + bias_hh[k]
            return bent(form.gate_activation, inputs[at] + u)
        d, j = k // (3 * units), k % units
        if not _resets_after(form):
            kept = Named("recalled", recalled)
            u = total(kept[n, t, d * units + m] * weight_hh[d * units + m, 2 * units + j] for m in range(units))
            return bent(form.activation, inputs[at] + u + bias_hh[k])
        u = from_state(at, previous, weight_hh, 3) + bias_hh[k]
        return bent(form.activation, inputs[at] + Named("r", gates)[n, t, k - 2 * units] * u)

    return element


def _element_back_of(form: Form) -> Any:
    def element_back(
        at: tuple[int, ...], dhidden: Named, gates: Named, recalled: Named, previous: Named, transposed: Named,
        *more: Named, **numbers: int,
    ) -> Term:  # fmt: skip
        n, t, k = at
        if form.padded and more[0].array[n, t] == 0:
            return as_term(0.0)
        arrays = [item.array for item in (dhidden, gates, recalled, previous, transposed, *more)]
        _, drecalled, dstate = gru_cell(form, "", "").backward.plain.reference(*arrays, **numbers)[:3]
        H = transposed.shape[1]
        d, j = k // (3 * H), k % H
        place = (n, t, d * H + j)
        r, z, proposed = (gates[n, t, d * 3 * H + number * H + j] for number in range(3))
        dh = Named("dstate", dstate)[place]
        dn = dh * (1.0 - z) * slope_at(form.activation, proposed)
        if k % (3 * H) >= 2 * H:
            return dn
        if k % (3 * H) >= H:
            return dh * (previous[place] - proposed) * slope_at(form.gate_activation, z)
        if _resets_after(form):
            return dn * recalled[place] * slope_at(form.gate_activation, r)
        return Named("drecalled", drecalled)[place] * previous[place] * slope_at(form.gate_activation, r)

    return element_back
