"""Formulas as trees: what each node can be, how it is worked out in any arithmetic, and how it reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a formula.

    Attributes:
        kind: "number", "variable", one of `+ - * / neg pow where`, or a function's name.
        parts: what it is made of; `where` has four: the third where the first is less than the second, else the fourth.
        number: of a number, and the exponent of a power.
        name: of a variable.
    """

    kind: str
    parts: tuple[Node, ...] = ()
    number: float = 0.0
    name: str = ""


X: Final = Node("variable", name="x")
#: Functions that a formula may call, with how many numbers each takes.
FUNCTIONS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("exp", "log", "sqrt", "abs", "sign", "step", "sin", "cos"), 1),
    **dict.fromkeys(("tanh", "sigmoid", "softplus", "relu", "erf"), 1),
    **dict.fromkeys(("min", "max"), 2),
}
#: The same on plain numbers.
SCALARS: Final[Mapping[str, Callable[..., float]]] = {
    **{name: getattr(math, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf")},
    "abs": abs,
    "min": min,
    "max": max,
    "sign": lambda u: float((u > 0) - (u < 0)),
    "step": lambda u: float(u > 0),
    "relu": lambda u: max(u, 0.0),
    "sigmoid": lambda u: 0.5 + 0.5 * math.tanh(0.5 * u),
    "softplus": lambda u: max(u, 0.0) + math.log1p(math.exp(-abs(u))),
}
_SIGNS: Final = {"+": " + ", "-": " − ", "*": "·", "/": " / "}
_SUM, _PRODUCT, _ATOM = 1, 2, 3
_BINDING: Final = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "neg": _PRODUCT}
_SUPERSCRIPTS: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(value: float) -> Node:
    """A number as a node."""
    return Node("number", number=float(value))


def work_out(node: Node, variables: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    """The formula in any arithmetic: arrays, or terms that remember how they were made.

    Args:
        variables: what stands for x and for each letter.
        functions: what stands for each function of `FUNCTIONS`, for `where`, and (as "number") for a plain number.
    """
    if node.kind == "number":
        return functions["number"](node.number)
    if node.kind == "variable":
        return variables[node.name]
    parts = [work_out(part, variables, functions) for part in node.parts]
    if node.kind == "neg":
        return -parts[0]
    if node.kind == "pow":
        raised = parts[0] ** abs(int(node.number))
        return raised if node.number > 0 else 1 / raised
    if node.kind in functions:
        return functions[node.kind](*parts)
    one, other = parts
    if node.kind in "+-":
        return one + other if node.kind == "+" else one - other
    return one * other if node.kind == "*" else one / other


def variables_of(node: Node) -> Iterator[str]:
    """The names of its variables, each as often as it stands there."""
    if node.kind == "variable":
        yield node.name
    for part in node.parts:
        yield from variables_of(part)


def show(node: Node) -> str:
    """The formula as people write it: x·sigmoid(1.7·x)."""
    return _show(node)[0]


def _show(node: Node) -> tuple[str, int]:
    """The text, and how tightly it binds."""
    if node.kind == "number":
        text = f"{node.number:.12g}".replace("-", "−")
        return text, _PRODUCT if node.number < 0 else _ATOM
    if node.kind == "variable":
        return node.name, _ATOM
    if node.kind == "pow":
        return _within(node.parts[0], _ATOM) + str(int(node.number)).translate(_SUPERSCRIPTS), _ATOM
    if node.kind == "neg":
        return "−" + _within(node.parts[0], _PRODUCT), _PRODUCT
    if node.kind == "where":
        low, high, then, other = map(show, node.parts)
        return f"({then} where {low} < {high}, else {other})", _ATOM
    if node.kind not in _SIGNS:
        return f"{node.kind}({', '.join(map(show, node.parts))})", _ATOM
    level = _BINDING[node.kind]
    right = level + 1 if node.kind in "-/" else level
    return _within(node.parts[0], level) + _SIGNS[node.kind] + _within(node.parts[1], right), level


def _within(node: Node, level: int) -> str:
    text, binding = _show(node)
    return text if binding >= level else f"({text})"
