"""Predict first: a question about a row before it is shown, and whether the answer was right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from nnplay.errors import InputError
from nnplay.inspector.messages import Detail, View
from nnplay.inspector.what_if import parse_value
from nnplay.records.operation import shape_text
from nnplay.tui.inspector.asking import AskText
from nnplay.tui.inspector.walk import Ask, Say, Walk
from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.inspector.widgets.head_line import HeadLine

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
            return f"What is the shape of {self.name}? (e.g. 32×8)"
        if self.kind == "sign":
            return f"Is {self.name} positive, negative or zero? (+ - 0)"
        return f"Roughly what is the value of {self.name}? (within 10 % counts)"


class PredictActions:
    """The key that switches guessing on and off, and the questions about the rows that follow.

    Args:
        walk: knows which view shows a row that was just run.
        detail: hides the row's numbers until they were guessed.
        head: shows how many guesses were right.
        ask: opens the question.
        say: tells whether the answer is right.
    """

    def __init__(self, walk: Walk, detail: DetailView, head: HeadLine, ask: Ask, say: Say) -> None:
        self._walk, self._detail, self._head, self._ask, self._say = walk, detail, head, ask, say
        self._on = False
        self._asked = self._right = 0
        self._past_move = 0

    def toggle_predict(self) -> None:
        """Guess before a row is shown, or not."""
        self._on = not self._on
        self._past_move = self._walk.last_move
        self._show_score()
        self._say("predict first: guess each new row before it is shown" if self._on else "predict first is off")

    def ask_about(self, view: View) -> None:
        """Ask about the row of a view, before it is drawn, if a move has led to it."""
        if not self._on or view.ticket != self._walk.last_move or view.ticket == self._past_move:
            return
        self._past_move = view.ticket
        question = next_question(self._asked, view.detail)
        if question is None:
            return
        self._detail.hidden = True

        def take_answer(text: str | None) -> None:
            self._detail.hidden = False
            self._detail.redraw()
            if text is not None:
                right, truth = judge(question, text, view.detail)
                self._asked, self._right = self._asked + 1, self._right + right
                self._say(f"right: {truth}" if right else f"it is {truth}")
            self._show_score()

        dialog = AskText(
            f"predict: {view.detail.row.name}", question.words, "", lambda text: judge(question, text, view.detail)
        )
        self._ask(dialog, take_answer)

    def _show_score(self) -> None:
        self._head.guesses = f"{self._right} of {self._asked} guessed right" if self._on or self._asked else ""
        self._head.redraw()


def next_question(number: int, detail: Detail) -> Question | None:
    """The next question about a row, in turn; none about a row without a worked-out element."""
    if detail.worked is None:
        return None
    kind = KINDS[number % len(KINDS)]
    element = f"{detail.worked.name}[{','.join(map(str, detail.worked.index))}]"
    return Question(kind, detail.result.name if kind == "shape" else element)


def judge(asked: Question, answer: str, detail: Detail) -> tuple[bool, str]:
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
            raise InputError(f"'{answer}' is not a sign", hint="type +, - or 0")
        return {"p": "+", "n": "-", "z": "0"}.get(given_sign, given_sign) == sign, sign
    guess = parse_value(answer)
    near = math.isfinite(guess) and abs(guess - value) <= max(_LEAST, _NEAR * abs(value))
    return near, f"{value:.4g}"


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:  # more than any axis is long
        raise InputError(f"'{text}' is not a size", hint="write it as in 32×8")
    return int(text)
