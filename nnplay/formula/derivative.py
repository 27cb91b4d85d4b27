"""The derivative of a formula, as a formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from nnplay.formula.tree import Node, number

_ZERO, _ONE, _TWO = number(0), number(1), number(2)


def differentiate(node: Node, name: str) -> Node:
    """The derivative by one of its variables, with what is 0 or 1 left out."""
    if node.kind == "number":
        return _ZERO
    if node.kind == "variable":
        return _ONE if node.name == name else _ZERO
    slopes = [differentiate(part, name) for part in node.parts]
    if all(slope == _ZERO for slope in slopes):
        return _ZERO
    if node.kind == "neg":
        return _negative(slopes[0])
    if node.kind == "pow":
        return _times(_times(number(node.number), _power(node.parts[0], node.number - 1)), slopes[0])
    if node.kind in _OUTER:
        return _times(slopes[0], _OUTER[node.kind](node.parts[0], node))
    return _JOINED[node.kind](*node.parts, *slopes)


def _plus(a: Node, b: Node) -> Node:
    if a.kind == b.kind == "number":
        return number(a.number + b.number)
    return b if a == _ZERO else a if b == _ZERO else Node("+", (a, b))


def _minus(a: Node, b: Node) -> Node:
    if a.kind == b.kind == "number":
        return number(a.number - b.number)
    return _negative(b) if a == _ZERO else a if b == _ZERO else Node("-", (a, b))


def _times(a: Node, b: Node) -> Node:
    if _ZERO in (a, b):
        return _ZERO
    if a.kind == b.kind == "number":
        return number(a.number * b.number)
    if b.kind == "/" and b.parts[0] == _ONE:
        return _over(a, b.parts[1])
    if a == number(-1):
        return _negative(b)
    return b if a == _ONE else a if b == _ONE else Node("*", (a, b))


def _over(a: Node, b: Node) -> Node:
    return _ZERO if a == _ZERO else a if b == _ONE else Node("/", (a, b))


def _negative(a: Node) -> Node:
    return number(-a.number) if a.kind == "number" else Node("neg", (a,))


def _power(a: Node, exponent: float) -> Node:
    return _ONE if exponent == 0 else a if exponent == 1 else Node("pow", (a,), exponent)


def _quotient(a: Node, b: Node, da: Node, db: Node) -> Node:
    """a'/b − a·b'/b²."""
    return _minus(_over(da, b), _over(_times(a, db), _power(b, 2)))


#: The slope of each function of one number, from that number u and from the function f of it.
_OUTER: Final[Mapping[str, Callable[[Node, Node], Node]]] = {
    "exp": lambda u, f: f,
    "log": lambda u, f: _over(_ONE, u),
    "sqrt": lambda u, f: _over(_ONE, _times(_TWO, f)),
    "abs": lambda u, f: Node("sign", (u,)),
    "sign": lambda u, f: _ZERO,
    "step": lambda u, f: _ZERO,
    "sin": lambda u, f: Node("cos", (u,)),
    "cos": lambda u, f: _negative(Node("sin", (u,))),
    "tanh": lambda u, f: _minus(_ONE, _power(f, 2)),
    "sigmoid": lambda u, f: _times(f, _minus(_ONE, f)),
    "softplus": lambda u, f: Node("sigmoid", (u,)),
    "relu": lambda u, f: Node("step", (u,)),
    "erf": lambda u, f: _times(number(2 / math.sqrt(math.pi)), Node("exp", (_negative(_power(u, 2)),))),
}
#: The derivative of what is made of two parts, from both parts and their derivatives.
_JOINED: Final[Mapping[str, Callable[[Node, Node, Node, Node], Node]]] = {
    "+": lambda a, b, da, db: _plus(da, db),
    "-": lambda a, b, da, db: _minus(da, db),
    "*": lambda a, b, da, db: _plus(_times(da, b), _times(a, db)),
    "/": _quotient,
    "min": lambda a, b, da, db: Node("where", (b, a, db, da)),
    "max": lambda a, b, da, db: Node("where", (a, b, db, da)),
}
