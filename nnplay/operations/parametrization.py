"""Weights that are made of other parameters before they are used: weight norm and spectral norm.

Salimans and Kingma: Weight normalization (2016). Miyato et al.: Spectral normalization for GANs (2018). The rows here
are put around the plan of any layer with a `weight` whose last axis is its outputs; to the layer's own rows the weight
and its gradient are as ever.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import Field, choice
from nnplay.kernels.cuda import weights as cuda
from nnplay.kernels.cuda.partial import fold, folds, once, parts
from nnplay.kernels.normalise import weights as kernels
from nnplay.records.layer import Parameter, Plan
from nnplay.records.operation import CudaRow, Operation, Use
from nnplay.records.worked import Named, Term, apply, total

Array = NDArray[Any]
PARAMETRIZATIONS: Final = ("none", "weight_norm", "spectral_norm")


def parametrization_field() -> Field:
    """The field that switches one on."""
    words = "what the weight is made of; PyTorch begins with the length that was drawn, and with 15 iterations"
    return choice("parametrization", "none", words, PARAMETRIZATIONS)


def parametrized(plan: Plan, kind: str) -> Plan:
    """`plan` with its parameter `weight` (…, O) made of others.

    With weight norm these are `weight_v` (…, O) and `weight_g` (O); with spectral norm `weight_orig` (…, O) and the
    buffers `u` (O) and `v`, of the other axes.
    """
    if kind == "none":
        return plan
    return _with_weight_norm(plan) if kind == "weight_norm" else _with_spectral_norm(plan)


def _with_weight_norm(plan: Plan) -> Plan:
    weight = plan.parameters["weight"]
    others = {name: one for name, one in plan.parameters.items() if name != "weight"}
    length = Parameter(weight.shape[-1:], "ones", decays=False)
    return replace(
        plan,
        parameters={"weight_v": weight, "weight_g": length, **others},
        saved={**plan.saved, "weight": weight.shape, "weight_rnorm": weight.shape[-1:]},
        scratch={**plan.scratch, "dweight": weight.shape, "weight_along": weight.shape[-1:]},
        forward=(Use(WEIGHT_NORM), *plan.forward),
        evaluate=None if plan.evaluate is None else (Use(WEIGHT_NORM), *plan.evaluate),
        backward=(*plan.backward, Use(WEIGHT_NORM_BACK)),
    )


def _with_spectral_norm(plan: Plan) -> Plan:
    weight = plan.parameters["weight"]
    others = {name: one for name, one in plan.parameters.items() if name != "weight"}
    outputs, inputs = weight.shape[-1], prod(weight.shape[:-1])
    usual = plan.forward if plan.evaluate is None else plan.evaluate
    return replace(
        plan,
        parameters={"weight_orig": weight, **others},
        buffers={**plan.buffers, "u": ((outputs,), outputs**-0.5), "v": ((inputs,), inputs**-0.5)},
        saved={**plan.saved, "weight": weight.shape, "sigma": (1,)},
        scratch={**plan.scratch, "dweight": weight.shape},
        forward=(Use(SPECTRAL_NORM), *plan.forward),
        evaluate=(Use(SPECTRAL_NORM_KEPT), *usual),
        backward=(*plan.backward, Use(SPECTRAL_NORM_BACK)),
    )


def _matrix(weight: Array) -> Array:
    """(inputs, outputs)."""
    return weight.reshape(-1, weight.shape[-1])


def weight_norm(weight_v: Array, weight_g: Array) -> tuple[Array, Array]:
    rnorm = 1 / np.sqrt((_matrix(weight_v) ** 2).sum(axis=0))
    return weight_v * (rnorm * weight_g), rnorm


def weight_norm_back(weight_v: Array, weight_g: Array, rnorm: Array, dweight: Array) -> tuple[Array, Array, Array]:
    along = (_matrix(dweight) * _matrix(weight_v)).sum(axis=0) * rnorm
    return along, weight_g * rnorm * (dweight - weight_v * rnorm * along), along


def _long_1(values: Array) -> Array:
    return np.asarray(values / max(float(np.sqrt((values**2).sum())), 1e-12))


def spectral_norm(weight_orig: Array, v: Array) -> tuple[Array, Array, Array, Array]:
    u = _long_1(_matrix(weight_orig).T @ v)
    v = _long_1(_matrix(weight_orig) @ u)
    return (*spectral_norm_kept(weight_orig, u, v), u, v)


def spectral_norm_kept(weight_orig: Array, u: Array, v: Array) -> tuple[Array, Array]:
    sigma = v @ _matrix(weight_orig) @ u
    return weight_orig / sigma, np.array([sigma])


def spectral_norm_back(weight: Array, sigma: Array, u: Array, v: Array, dweight: Array) -> Array:
    along = (dweight * weight).sum()
    return np.asarray((dweight - along * np.outer(v, u).reshape(weight.shape)) / sigma)


def _norm_element(at: tuple[int, ...], weight_v: Named, weight_g: Named) -> Term:
    o = at[-1]
    column = total(weight_v[(*place, o)] ** 2 for place in np.ndindex(*weight_v.shape[:-1]))
    return weight_g[o] * weight_v[at] / apply("√", lambda value: float(np.sqrt(value)), column)


def _norm_back_element(
    at: tuple[int, ...], weight_v: Named, weight_g: Named, weight_rnorm: Named, dweight: Named
) -> Term:
    (o,) = at
    places = np.ndindex(*weight_v.shape[:-1])
    return total(dweight[(*place, o)] * weight_v[(*place, o)] * weight_rnorm[o] for place in places)


def _spectral_element(at: tuple[int, ...], weight_orig: Named, v: Named) -> Term:
    sigma = spectral_norm(weight_orig.array, v.array)[1]
    return weight_orig[at] / Named("sigma", sigma)[0]


def _kept_element(at: tuple[int, ...], weight_orig: Named, u: Named, v: Named) -> Term:
    return weight_orig[at] / Named("sigma", spectral_norm_kept(weight_orig.array, u.array, v.array)[1])[0]


def _spectral_back_element(
    at: tuple[int, ...], weight: Named, sigma: Named, u: Named, v: Named, dweight: Named
) -> Term:
    *place, o = at
    k = int(np.ravel_multi_index(tuple(place), weight.shape[:-1]))
    along = total(dweight[one] * weight[one] for one in np.ndindex(*weight.shape))
    return (dweight[at] - along * v[k] * u[o]) / sigma[0]


WEIGHT_NORM = Operation(
    name="weight norm",
    kernel=kernels.weight_norm,
    cuda=(CudaRow(cuda.column_lengths), CudaRow(cuda.scale_columns)),
    reads=("weight_v", "weight_g"),
    writes=("weight", "weight_rnorm"),
    reference=weight_norm,
    formula="weight[…,o] = weight_g[o]·weight_v[…,o] / √(Σ weight_v[…,o]²)",
    words="The length of each unit's weights is a parameter of its own, and so is their direction.",
    element=_norm_element,
    torch="torch.nn.utils.parametrizations.weight_norm",
)
WEIGHT_NORM_BACK = Operation(
    name="weight norm backward",
    kernel=kernels.weight_norm_back,
    cuda=(CudaRow(cuda.column_slopes), CudaRow(cuda.weight_norm_back)),
    reads=("weight_v", "weight_g", "weight_rnorm", "dweight"),
    writes=("weight_along", "dweight_v", "dweight_g"),
    reference=weight_norm_back,
    formula="dweight_g = Σ dweight·weight_v·rnorm; dweight_v = weight_g·rnorm·(dweight - weight_v·rnorm·dweight_g)",
    words="What changes the length goes to weight_g; only what turns the direction is left for weight_v.",
    element=_norm_back_element,
    torch="autograd",
)
SPECTRAL_NORM = Operation(
    name="spectral norm",
    kernel=kernels.spectral_norm,
    cuda=(
        CudaRow(cuda.turn_left),
        CudaRow(cuda.turn_right, cuda.line_parts),
        CudaRow(cuda.directions, once),
        CudaRow(cuda.divide),
    ),
    reads=("weight_orig", "v"),
    writes=("weight", "sigma", "u", "v"),
    reference=spectral_norm,
    formula="weight = W / sigma, sigma = vᵀW·u, after u = Wᵀv / ‖Wᵀv‖, v = W·u / ‖W·u‖, where W = weight_orig",
    words="Divides by the largest singular value, which one power iteration a step follows: the layer then stretches "
    "nothing by more than 1.",
    element=_spectral_element,
    torch="torch.nn.utils.parametrizations.spectral_norm",
)
SPECTRAL_NORM_KEPT = Operation(
    name="spectral norm of evaluation",
    kernel=kernels.spectral_norm_kept,
    cuda=(CudaRow(cuda.kept_partial, cuda.kept_line_parts), CudaRow(cuda.kept_sum, once), CudaRow(cuda.divide_kept)),
    reads=("weight_orig", "u", "v"),
    writes=("weight", "sigma"),
    reference=spectral_norm_kept,
    formula="weight = W / sigma, sigma = vᵀW·u, where W = weight_orig",
    words="In evaluation the vectors u and v stay as training left them.",
    element=_kept_element,
    torch="torch.nn.utils.parametrizations.spectral_norm",
)
SPECTRAL_NORM_BACK = Operation(
    name="spectral norm backward",
    kernel=kernels.spectral_norm_back,
    cuda=(CudaRow(cuda.spectral_norm_back_partial, parts), CudaRow(fold, folds), CudaRow(cuda.spectral_norm_back)),
    reads=("weight", "sigma", "u", "v", "dweight"),
    writes=("dweight_orig",),
    reference=spectral_norm_back,
    formula="dweight_orig = (dweight - v·uᵀ·Σ dweight·weight) / sigma",
    words="What would only make all weights longer is taken off, as the division undoes it; u and v count as fixed.",
    element=_spectral_back_element,
    torch="autograd",
)
