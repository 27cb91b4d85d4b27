"""Predict first: a question about a row before it is shown, and whether the answer was right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from nnplay.errors import InputError
from nnplay.inspector.messages import Detail
from nnplay.inspector.what_if import parse_value
from nnplay.records.operation import shape_text

Kind = Literal["shape", "sign", "value"]
KINDS: Final[tuple[Kind, ...]] = ("shape", "sign", "value")
#: How far a guessed value may be from the true one, in proportion, and at the least.
_NEAR: Final = 0.1
_LEAST: Final = 0.01


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a row's first result."""

    kind: Kind
    name: str

    @property
    def words(self) -> str:
        """The question."""
        if self.kind == "shape":
            return f"which shape has {self.name}? as in 32×8 or 32 8"
        if self.kind == "sign":
            return f"is {self.name} positive, negative or zero? + - 0"
        return f"about how large is {self.name}? within a tenth counts"


def question(number: int, detail: Detail) -> Question | None:
    """The next question about a row, in turn; none about a row without a worked-out element."""
    if detail.worked is None:
        return None
    kind = KINDS[number % len(KINDS)]
    element = f"{detail.worked.name}[{','.join(map(str, detail.worked.index))}]"
    return Question(kind, detail.result.name if kind == "shape" else element)


def judged(asked: Question, answer: str, detail: Detail) -> tuple[bool, str]:
    """Whether an answer is right, and the true one.

    Raises:
        InputError: it cannot be read.
    """
    assert detail.worked is not None
    if asked.kind == "shape":
        shape = detail.result.shape
        given = tuple(_whole(part) for part in answer.replace("×", " ").replace("x", " ").replace(",", " ").split())
        return given == shape, shape_text(shape)
    value = detail.worked.result
    if asked.kind == "sign":
        sign = "+" if value > 0 else "-" if value < 0 else "0"
        given_sign = answer.strip().lower().replace("−", "-")[:1]
        if given_sign not in ("+", "-", "0", "p", "n", "z"):
            raise InputError(f"'{answer}' is no sign", hint="+, - or 0")
        return {"p": "+", "n": "-", "z": "0"}.get(given_sign, given_sign) == sign, sign
    guess = parse_value(answer)
    near = math.isfinite(guess) and abs(guess - value) <= max(_LEAST, _NEAR * abs(value))
    return near, f"{value:.4g}"


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:  # more than any axis is long
        raise InputError(f"'{text}' is no size", hint="as in 32×8")
    return int(text)
