"""How a worked-out number reads: parentheses where a sign would be misread, and nowhere else."""

from __future__ import annotations

import math

import numpy as np

from nnplay.records.worked import Named, Term, apply


def term(value: float) -> Term:
    """An element of an array x."""
    return Named("x", np.array([value]))[0]


def test_a_negative_number_has_parentheses_only_beside_a_sign() -> None:
    """Alone, or as an argument, it has none."""
    assert (term(-1.5) * term(2.0)).numbers == "(-1.5)·2"
    assert term(-1.5).bare_numbers == "-1.5"
    assert apply("tanh", math.tanh, term(-1.5)).numbers == "tanh(-1.5)"


def test_a_function_of_a_function_keeps_both_parentheses() -> None:
    """`exp(tanh(2))`, not `exp(tanh(2)`."""
    nested = apply("exp", math.exp, apply("tanh", math.tanh, term(2.0)))
    assert (nested.numbers, nested.symbols) == ("exp(tanh(2))", "exp(tanh(x[0]))")
