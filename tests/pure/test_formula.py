"""Users' formulas: what is read and what is refused, derivatives beside differences, and the room of a row."""

from __future__ import annotations

import math

import pytest

import nnplay as nn
from nnplay.errors import InputError
from nnplay.formula.derivative import differentiate
from nnplay.formula.parse import parse
from nnplay.formula.program import compile_formula
from nnplay.formula.tree import SCALARS, show, work_out
from nnplay.network.layer_text import split_layers

FUNCTIONS = {"number": float, **SCALARS, "where": lambda low, high, then, other: then if low < high else other}
FORMULAS = (
    "x * sigmoid(1.7*x)",
    "x**3 - 2*x**-2 + x/3 - 1/x",
    "sin(x)*cos(2*x) + tanh(x)/erf(x)",
    "softplus(x) - relu(x - 1)*sqrt(1 + x*x) + log(3 + x)",
    "max(x, 0.3)*min(exp(x), 2) + abs(x - 0.5) + sign(x)*step(x)",
    "-x**2 - (x - (1 - x)) - -x",
    "pi*x^2·x−x×x÷2",
)
REFUSED = {
    "": "there is no formula",
    "x +": "something is missing at character 4",
    "* x": "'*' does not belong at character 1",
    "(x": "a parenthesis is not closed at character 1",
    "x)": "')' does not belong at character 2",
    "x x": "'x' follows without a sign at character 3",
    "2x": "'x' follows without a sign at character 2 of '2x'; write * to multiply",
    "x(3)": "there is no function 'x' at character 1",
    "sin x": "sin needs parentheses at character 1 of 'sin x'; write sin(x)",
    "sin()": "')' does not belong at character 5",
    "sin(x, 1)": "sin takes 1 number, but has 2 at character 1",
    "max(x)": "max takes 2 numbers, but has 1",
    "sigmiod(x)": "did you mean 'sigmoid'?",
    "__import__('os')": "there is no function '__import__'",
    "x.__class__": "'.' does not belong at character 2",
    "lambda: x": "'lambda' is not a name that a formula knows at character 1",
    "x if x > 0 else 0": "'if' follows without a sign",
    "x > 0": "a formula does not compare; step(x) is 1 where x > 0",
    "x = 3": "'=' does not belong at character 3",
    "x; import os": "';' does not belong at character 2",
    "x # note": "'#' does not belong",
    "'x'": "does not belong at character 1",
    "x[0]": "'[' does not belong at character 2",
    "{x}": "'{' does not belong",
    "x // 2": "'/' does not belong at character 4",
    "x % 2": "'%' does not belong",
    "x & 1": "'&' does not belong",
    "~x": "'~' does not belong",
    "x**x": "a power must be a whole number from −9 to 9 except 0 at character 4",
    "x**0.5": "write sqrt(…) for a root",
    "x**99": "a power must be a whole number",
    "x**2**3": "a power of a power needs parentheses",
    "x^-": "a power must be a whole number",
    "1e999*x": "a number is too large or undefined at character 1",
    "1/0 + x": "a number is too large or undefined at character 2",
    "log(-1)*x": "a number is too large or undefined at character 1",
    "nan*x": "'nan' is not a name",
    "3.5": "'3.5' does not use x",
    "a + b": "does not use x, the number that comes in",
    "a+b+c+d+f*x": "the letters a, b, c, d, f; at most 4 can be trained",
    "(" * 90 + "x" + ")" * 90: "parts are nested deeper than 24 at character 25",
    "-" * 100 + "x": "parts are nested deeper than 24",
    "x" + "+x" * 150: "has 301 characters; at most 200",
    "x\0": "'␀' does not belong at character 2",
    "ｘ": "'ｘ' does not belong",
    "😀*x": "'😀' does not belong at character 1",
    "x*alpha": "'alpha' is not a name that a formula knows at character 3",
    "0x10*x": "'x10' follows without a sign at character 2",
    "eval(x)": "there is no function 'eval'",
}


@pytest.mark.parametrize("text", FORMULAS)
def test_derivatives_agree_with_differences(text: str) -> None:
    """The derivative that is found by rules is the slope that differences find, on both sides of every corner."""
    tree = parse(text)
    slope = differentiate(tree, "x")
    for x in (-1.7, -0.4, 0.2, 0.8, 2.6):
        ahead, behind = (work_out(tree, {"x": x + h}, FUNCTIONS) for h in (1e-6, -1e-6))
        assert work_out(slope, {"x": x}, FUNCTIONS) == pytest.approx((ahead - behind) / 2e-6, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("text", FORMULAS)
def test_what_is_shown_is_the_formula(text: str) -> None:
    """The text for readers, with signs put back as they are typed, is read as the same formula."""
    shown = show(parse(text)).replace("²", "**2").replace("³", "**3").replace("⁻**2", "**-2")
    assert work_out(parse(shown), {"x": 0.7}, FUNCTIONS) == pytest.approx(work_out(parse(text), {"x": 0.7}, FUNCTIONS))


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_formula_is_refused_in_one_sentence(text: str) -> None:
    """Nothing is run: each text is refused in one line, with the place where it stops to be a formula."""
    with pytest.raises(InputError) as refused:
        nn.Network([nn.Expression(text)]).plan((3,))
    assert REFUSED[text] in refused.value.message
    assert "\n" not in refused.value.message


def test_letters_are_differentiated_too() -> None:
    """The gradient of a constant is that of the formula by its letter."""
    assert show(differentiate(parse("a*tanh(b*x) + c"), "b")) == "a·x·(1 − tanh(b·x)²)"
    assert show(differentiate(parse("a*x + c"), "c")) == "1"


def test_a_formula_fits_into_a_row_or_is_refused() -> None:
    """Steps and numbers share the integers of a row; whole numbers up to 255 need no room of their own."""
    assert len(compile_formula(parse("x" + "+x" * 40), ())) == len(compile_formula(parse("x"), ())) == 12
    assert compile_formula(parse("x*2*3"), ())[-1] == 0
    assert compile_formula(parse("x*0.5"), ())[-1] != 0
    with pytest.raises(InputError, match="too many parts"):
        compile_formula(parse("+".join(f"{k}.5*x" for k in range(12))), ())
    with pytest.raises(InputError, match="too many parts"):
        compile_formula(parse("x+(" * 12 + "x" + ")" * 12), ())


def test_a_line_with_a_formula_is_one_layer() -> None:
    """Commas within quotes separate nothing, and a quote that is not closed ends with its line."""
    assert split_layers('linear 2, expr "max(x, 1)", tanh') == ("linear 2", 'expr "max(x, 1)"', "tanh")
    assert split_layers("expr 'x, \ntanh, relu") == ("expr 'x,", "tanh", "relu")


def test_functions_are_worked_out_where_they_are_flat() -> None:
    """Sigmoid and softplus of very large and very small numbers are their limits, not an overflow."""
    assert SCALARS["sigmoid"](-800.0) == 0.0
    assert SCALARS["softplus"](800.0) == 800.0
    assert math.isclose(SCALARS["sigmoid"](0.3), 1 / (1 + math.exp(-0.3)))
