"""Initial weights: schemes named after their papers, seeded, so that the same seed gives the same weights back."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay import exact, rng
from nnplay.errors import unknown
from nnplay.records.layer import Parameter
from nnplay.records.operation import Shape

#: Scheme → (variance · fan, which fan). Uniform and normal forms share the variance.
_VARIANCE: Final[dict[str, tuple[float, str]]] = {
    "xavier": (2.0, "sum"),  # Glorot and Bengio, 2010
    "he": (2.0, "in"),  # He et al., 2015
    "lecun": (1.0, "in"),  # LeCun et al., 1998
    "pytorch": (1 / 3, "in"),  # its uniform form is what PyTorch's Linear and Conv begin with
}
#: The frequency that the weights of a sine network are drawn for (Sitzmann et al., 2020).
SIREN_FREQUENCY: Final = 30.0
_SYNONYMS: Final = {"glorot": "xavier", "kaiming": "he"}
SCHEMES: Final = (
    "auto",
    *(f"{family}_{form}" for family in _VARIANCE for form in ("uniform", "normal")),
    *(f"{family}_{form}" for family in _SYNONYMS for form in ("uniform", "normal")),
    "siren",
    "uniform",
    "normal",
    "zeros",
    "ones",
)
#: Of linear layers alone: weights and biases that spread the bends of bounded units over inputs from −1 to 1 (Nguyen
#: and Widrow, 1990), which MATLAB begins with.
NGUYEN_WIDROW: Final = "nguyen_widrow"
#: Without an activation behind it, a layer gets the scheme that PyTorch users call Glorot's.
DEFAULT: Final = "xavier_uniform"


def first_values(parameter: Parameter, suggested: str, seed: rng.Seeds, stream: int) -> NDArray[np.float64]:
    """Initial values of a parameter; `suggested` is the scheme of one that says "auto", otherwise as `draw`."""
    scheme = suggested if parameter.init == "auto" else parameter.init
    values = draw(scheme, parameter.shape, parameter.fan_in, parameter.fan_out, seed, stream)
    for first, end, amount in parameter.raised:
        values[..., first:end] += amount
    return values


def draw(scheme: str, shape: Shape, fan_in: int, fan_out: int, seed: rng.Seeds, stream: int) -> NDArray[np.float64]:
    """Initial values of one tensor, of `shape`; for several seeds (S,) with an axis in front.

    Args:
        scheme: one of `SCHEMES` except "auto". "uniform" is U(-0.5, 0.5), as in TensorFlow Playground; "normal" is
            N(0, 0.05²); "siren" is "he_uniform" divided by the frequency of the sine behind it, 30.
        shape: of the tensor.
        fan_in, fan_out: connections into and out of one unit.
        seed: of the run.
        stream: position of the tensor in the network.

    Raises:
        InputError: an unknown scheme.
    """
    if scheme in ("zeros", "ones"):
        return np.full(np.shape(seed) + tuple(shape), float(scheme == "ones"))
    if scheme == "uniform":
        return rng.uniform(seed, rng.WEIGHTS + stream, 0, shape) - 0.5
    if scheme == "normal":
        return rng.normal(seed, rng.WEIGHTS + stream, 0, shape) * 0.05
    if scheme == NGUYEN_WIDROW:
        if isinstance(seed, np.ndarray):
            return np.stack([_spread_bends(shape, fan_in, int(one), stream) for one in seed])
        return _spread_bends(shape, fan_in, seed, stream)
    if scheme == "siren":
        return draw("he_uniform", shape, fan_in, fan_out, seed, stream) / SIREN_FREQUENCY
    family, _, form = scheme.partition("_")
    family = _SYNONYMS.get(family, family)
    if family not in _VARIANCE or form not in ("uniform", "normal"):
        raise unknown("initialisation scheme", scheme, SCHEMES)
    factor, fan = _VARIANCE[family]
    deviation = math.sqrt(factor / max(1, fan_in + fan_out if fan == "sum" else fan_in))
    if form == "uniform":
        return (rng.uniform(seed, rng.WEIGHTS + stream, 0, shape) * 2.0 - 1.0) * deviation * math.sqrt(3.0)
    return rng.normal(seed, rng.WEIGHTS + stream, 0, shape) * deviation


def _spread_bends(shape: Shape, fan_in: int, seed: int, stream: int) -> NDArray[np.float64]:
    """Weights (I, H) in random directions of length 0.7·H^(1/I); biases (H,) evenly from minus that length to it.

    The first weight of each unit is positive: units of odd activations are the same turned around, and MATLAB gives
    that sign to the bias instead.
    """
    units = shape[-1]
    length = 0.7 * float(exact.exp(exact.log(float(units)) / fan_in))
    if len(shape) == 1:
        return np.linspace(-length, length, units) if units > 1 else np.zeros(1)
    drawn = rng.uniform(seed, rng.WEIGHTS + stream, 0, shape) * 2.0 - 1.0
    drawn *= np.where(drawn[:1] < 0, -1.0, 1.0)
    return np.asarray(drawn * (length / np.sqrt(np.sum(drawn * drawn, axis=0))))
