"""Focal loss of single numbers in NumPy, and worked out: cost and slope for a logit and what it should say, 0 or 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.records.worked import Term, apply

Array = NDArray[Any]


def _alpha(t: Array, alpha: Array) -> Array:
    return np.asarray(np.where(alpha < 0, 1.0, np.where(t > 0.5, alpha, 1 - alpha)))


def cost(z: Array, t: Array, gamma: Array, alpha: Array) -> Array:
    own = np.where(t > 0.5, z, -z)
    surprise = np.logaddexp(0, -own)
    return np.asarray(_alpha(t, alpha) * np.exp(-gamma * np.logaddexp(0, own)) * surprise)


def slope(z: Array, t: Array, gamma: Array, alpha: Array) -> Array:
    sign = np.where(t > 0.5, 1.0, -1.0)
    own = sign * z
    surprise, missing = np.logaddexp(0, -own), sigmoid_of(-own)
    raised = np.exp(-gamma * np.logaddexp(0, own))
    return np.asarray(-sign * _alpha(t, alpha) * raised * (missing + gamma * sigmoid_of(own) * surprise))


def _parts(z: Term, t: Term, gamma: Term, alpha: Term) -> tuple[Term, Term, Term]:
    """What the class weighs, p, and (1 − p)^γ."""
    weight = 0 * alpha + 1 if alpha.value < 0 else alpha if t.value > 0.5 else 1 - alpha
    p = apply("sigmoid", lambda x: float(sigmoid_of(np.asarray(x))), z if t.value > 0.5 else -z)
    return weight, p, apply("pow", math.pow, 1 - p, gamma)


def term(z: Term, t: Term, gamma: Term, alpha: Term) -> Term:
    weight, p, raised = _parts(z, t, gamma, alpha)
    return -(weight * raised * apply("log", math.log, p))


def term_back(z: Term, t: Term, gamma: Term, alpha: Term) -> Term:
    weight, p, raised = _parts(z, t, gamma, alpha)
    pushed = weight * raised * (1 - p - gamma * p * apply("log", math.log, p))
    return -pushed if t.value > 0.5 else pushed
