"""Activations with numbers that their records have no fields for, as formulas of `expr`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tests.conformance.layer_by_layer import run
from tests.conformance.question import Question

Compared = Iterator[tuple[str, Any, Any]]
Given = Mapping[str, Any]


def _softplus(given: Given) -> str:
    beta, limit = given.get("beta", 1), given.get("threshold", 20)
    return f"step({beta}*x - ({limit}))*x + step(({limit}) - {beta}*x)*softplus({beta}*x)/{beta}"


def _hardtanh(given: Given) -> str:
    low, high = given.get("min_val", -1.0), given.get("max_val", 1.0)
    inner = "x" if math.isinf(low) else f"max({low}, x)"
    return inner if math.isinf(high) else f"min({high}, {inner})"


def _shrink(given: Given) -> str:
    limit, bias = given.get("lambd", 0.5), given.get("bias", given.get("lambd", 0.5))
    return f"step(x - ({limit}))*(x - ({bias})) + step(-x - ({limit}))*(x + {bias})"


def _selu(given: Given) -> str:
    return f"{given['gamma']}*(relu(x) + {given['alpha']}*(exp(min(x, 0)) - 1))"


#: By PyTorch's name, the formula for its arguments.
FORMULAS: Final[dict[str, Callable[[Given], str]]] = {
    "Softplus": _softplus,
    "Hardtanh": _hardtanh,
    "Softshrink": _shrink,
    "Hardsigmoid": lambda given: f"max(0, min(1, {given['slope']}*x + {given['shift']}))",
    "SELU": _selu,
    "Hardshrink": lambda given: f"x*max(step(x - ({given['lambd']})), step(-x - ({given['lambd']})))",
}


def formula(question: Question) -> Compared:
    """Number by number."""
    x, text = question.inputs[0], FORMULAS[question.path.removeprefix("nn.")](question.arguments)
    flat = x.reshape(1, -1)
    y = run("identity", flat) if text == "x" else run("expr", flat, formula=text)
    yield "output", y.reshape(x.shape), question.result()


def gated(question: Question) -> Compared:
    """ONNX's SwiGLU, whose halves are two inputs: a formula and a product."""
    one, other = (x.reshape(1, -1) for x in question.inputs)
    alpha = question.arguments["alpha"]
    y = run("product", run("expr", one, formula=f"x*sigmoid({alpha}*x)"), other)
    yield "output", y.reshape(question.inputs[0].shape), question.result()
