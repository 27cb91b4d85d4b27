"""Reads a formula such as `x * sigmoid(1.7*x)` in a small grammar of its own: nothing is ever run as code.

sum      = product {("+" | "-") product}
product  = factor {("*" | "/") factor}
factor   = {"-" | "+"} atom [("**" | "^") ["-"] whole number]
atom     = number | letter | "pi" | function "(" sum {"," sum} ")" | "(" sum ")"
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from nnplay.errors import InputError, nearest
from nnplay.formula.tree import FUNCTIONS, SCALARS, Node, X, number, variables_of, work_out
from nnplay.text import clean, counted

MAX_TEXT: Final = 200
#: Parentheses, functions and signs within each other.
MAX_DEPTH: Final = 24
MAX_LETTERS: Final = 4
MAX_EXPONENT: Final = 9
_NUMBER: Final = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TOKEN: Final = re.compile(rf"\s*(?:({_NUMBER})|([^\W\d]\w*)|(\*\*|.)|$)", re.ASCII | re.DOTALL)
_CHARACTERS: Final = str.maketrans({"·": "*", "×": "*", "−": "-", "÷": "/"})
_EXAMPLE: Final = "write it like x * sigmoid(1.7*x)"
_SIGNS: Final = "a formula has the signs + - * / ** ( ) and a comma"
_KNOWN: Final = f"it may use x, pi, single letters, + - * / **, {', '.join(FUNCTIONS)}"


@lru_cache(maxsize=256)
def parse(text: str) -> Node:
    """The formula that a text stands for; it must use x.

    Raises:
        InputError: what is wrong, with the place in the text.
    """
    if len(text) > MAX_TEXT:
        raise InputError(f"the formula has {counted(len(text), 'character')}; at most {MAX_TEXT}", hint="shorten it")
    node = _Reader(text).read()
    names = set(variables_of(node))
    if "x" not in names:
        raise InputError(f"'{clean(text)}' does not use x, the number that comes in", hint=_EXAMPLE)
    if len(names) > MAX_LETTERS + 1:
        letters = ", ".join(sorted(names - {"x"}))
        raise InputError(f"the formula has the letters {letters}; at most {MAX_LETTERS} can be trained")
    return node


class _Reader:
    """Reads one text from left to right; the token ahead is in `token`, its first character in `at`."""

    def __init__(self, text: str) -> None:
        self.text = text.translate(_CHARACTERS)
        self.depth = self.at = self.end = 0
        self.kind = self.token = ""
        self.advance()

    def refusal(self, what: str, hint: str = "", at: int | None = None) -> InputError:
        place = self.at if at is None else at
        return InputError(f"{what} at character {place + 1} of '{clean(self.text)}'", hint=hint)

    def advance(self) -> str:
        """Steps to the next token; returns the one that was ahead."""
        before = self.token
        found = _TOKEN.match(self.text, self.end)
        groups = found.groups() if found else (None, None, None)
        names = ("number", "word", "sign")
        self.kind, self.token = next(((k, t) for k, t in zip(names, groups, strict=True) if t), ("end", ""))
        self.end = found.end() if found else len(self.text)
        self.at = self.end - len(self.token)
        return before

    def read(self) -> Node:
        if self.kind == "end":
            raise self.refusal("there is no formula", _EXAMPLE)
        node = self.sum()
        if self.kind != "end":
            raise self.left_over()
        return node

    def left_over(self) -> InputError:
        """The refusal of what stands behind a finished formula."""
        if self.kind in ("number", "word") or self.token == "(":
            return self.refusal(f"'{clean(self.token)}' follows without a sign", "write * to multiply")
        hints = {")": "remove it, or open it", ",": "a comma separates the numbers of min and max"}
        comparing = "a formula does not compare; step(x) is 1 where x > 0" if self.token in "<>=!" else _SIGNS
        return self.refusal(f"'{clean(self.token)}' does not belong", hints.get(self.token, comparing))

    def sum(self) -> Node:
        return self.chain("+-", self.product)

    def product(self) -> Node:
        return self.chain("*/", self.factor)

    def chain(self, signs: str, part: Callable[[], Node]) -> Node:
        node = part()
        while self.kind == "sign" and self.token in signs:
            at, sign = self.at, self.advance()
            node = self.folded(Node(sign, (node, part())), at)
        return node

    def factor(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refusal(f"parts are nested deeper than {MAX_DEPTH}", "split the formula over two layers")
        if self.token in ("-", "+") and self.kind == "sign":
            at, sign = self.at, self.advance()
            inner = self.factor()
            node = inner if sign == "+" else self.folded(Node("neg", (inner,)), at)
        else:
            node = self.power(self.atom())
        self.depth -= 1
        return node

    def power(self, base: Node) -> Node:
        if self.token not in ("**", "^"):
            return base
        at = self.at
        self.advance()
        sign = -1 if self.token == "-" and self.advance() else 1
        hint = "write sqrt(…) for a root, exp(0.3*log(…)) for other powers"
        wanted = f"a power must be a whole number from −{MAX_EXPONENT} to {MAX_EXPONENT} except 0"
        if self.kind != "number" or not self.token.isdigit() or not 1 <= int(self.token) <= MAX_EXPONENT:
            raise self.refusal(wanted, hint)
        exponent = sign * int(self.advance())
        if self.token in ("**", "^"):
            raise self.refusal("a power of a power needs parentheses", "write (x**2)**3")
        return self.folded(Node("pow", (base,), float(exponent)), at)

    def atom(self) -> Node:
        at, kind, token = self.at, self.kind, self.advance()
        if kind == "number":
            return self.finite(float(token), at)
        if kind == "word":
            return self.word(token, at)
        if token == "(":
            node = self.sum()
            self.expect(")", at)
            return node
        if kind == "end":
            raise self.refusal("something is missing", _EXAMPLE, at)
        raise self.refusal(f"'{clean(token)}' does not belong", _SIGNS, at)

    def word(self, word: str, at: int) -> Node:
        if word in FUNCTIONS:
            return self.call(word, at)
        if self.token == "(":
            raise self.refusal(f"there is no function '{clean(word)}'", nearest(word, FUNCTIONS), at)
        if word == "pi":
            return number(math.pi)
        if len(word) == 1 and word.islower():
            return X if word == "x" else Node("variable", name=word)
        raise self.refusal(f"'{clean(word)}' is not a name that a formula knows", _KNOWN, at)

    def call(self, name: str, at: int) -> Node:
        if self.token != "(":
            raise self.refusal(f"{name} needs parentheses", f"write {name}(x)", at)
        opened = self.at
        self.advance()
        parts = [self.sum()]
        while self.token == ",":
            self.advance()
            parts.append(self.sum())
        self.expect(")", opened)
        wanted = FUNCTIONS[name]
        if len(parts) != wanted:
            raise self.refusal(f"{name} takes {counted(wanted, 'number')}, but has {len(parts)}", at=at)
        return self.folded(Node(name, tuple(parts)), at)

    def expect(self, sign: str, opened: int) -> None:
        if self.token != sign:
            if self.kind == "end":
                raise self.refusal("a parenthesis is not closed", "add ')'", opened)
            raise self.left_over()
        self.advance()

    def folded(self, node: Node, at: int) -> Node:
        """The node, or its value where it is made of plain numbers only."""
        if any(part.kind != "number" for part in node.parts):
            return node
        try:
            return self.finite(float(work_out(node, {}, {"number": float, **SCALARS})), at)
        except (ArithmeticError, ValueError):
            return self.finite(math.nan, at)

    def finite(self, value: float, at: int) -> Node:
        if not abs(value) < 1e30:
            raise self.refusal("a number is too large or undefined", "keep numbers below 1e30", at)
        return number(value)
