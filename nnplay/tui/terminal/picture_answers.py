"""Which pictures a terminal has: the questions, and its answers, taken out from among the keys.

Asked is for the terminal's name (XTVERSION), the size of its cells, and its features (DA1), which nearly every terminal
answers. Few terminals with kitty's pictures know kitty's placeholders, so these go by the terminal's name.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

QUESTIONS: Final = "\x1b[>q\x1b[16t\x1b[c"
_NAME: Final = re.compile(r"\x1bP>\|([^\x1b]*)\x1b\\")
_CELL: Final = re.compile(r"\x1b\[6;(\d{1,4});(\d{1,4})t")
_FEATURES: Final = re.compile(r"\x1b\[\?([\d;]*)c")
_BEGUN: Final = re.compile(r"\x1b(P(>(\|[^\x1b]{0,200}(\x1b)?)?)?|\[(6(;[\d;]{0,9})?|\?[\d;]{0,60})?)?$")
"""What may become one of these answers."""
_BEGUN_LATE: Final = re.compile(r"\x1b(P>(\|[^\x1b]{0,200}(\x1b)?)?|\[(6;[\d;]{0,9}|\?[\d;]{0,60}))$")
"""The same without what a key may be the whole of: an escape, or a letter with alt."""
_SIXEL: Final = "4"
_WITH_PLACEHOLDERS: Final = ("kitty", "ghostty")


@dataclass(frozen=True, slots=True)
class Answers:
    """What a terminal said of itself.

    Attributes:
        name: with its version.
        cell: pixels of a cell, across and down; (0, 0) if it did not say.
        sixel: it draws sixels.
    """

    name: str = ""
    cell: tuple[int, int] = (0, 0)
    sixel: bool = False

    @property
    def protocol(self) -> Literal["", "kitty", "sixel"]:
        """The better one of what it has; empty for neither."""
        if self.name.lower().startswith(_WITH_PLACEHOLDERS):
            return "kitty"
        return "sixel" if self.sixel and all(self.cell) else ""


class AnswerFilter:
    """Takes the answers out of what comes from the terminal, until the last one is there; keys pass through.

    An answer may come in pieces: what may be the beginning of one, even an escape, is held back until the next piece.
    One that is late, as over a slow line, is no keys either; but then an escape is a key at once, and what may be an
    answer is held back for one piece alone, as it may never be completed.
    """

    def __init__(self) -> None:
        self._take: Callable[[Answers], object] | None = None
        self._is_late = False
        self._held = ""
        self._found = Answers()

    def expect(self, take: Callable[[Answers], object]) -> None:
        """Look for answers from now on; `take` gets them as soon as the last one is there."""
        self._take, self._found, self._is_late = take, Answers(), False

    def note_late(self) -> None:
        """The answers should have been there by now."""
        self._is_late = True

    def pass_on(self, text: str) -> str:
        """What of a text is no answer."""
        was_held = bool(self._held)
        text, self._held = self._held + text, ""
        if self._take is None:
            return text
        text = _NAME.sub(self._note_name, text)
        text = _CELL.sub(self._note_cell, text)
        text = _FEATURES.sub(self._note_features, text)
        if self._take is None or (self._is_late and was_held):
            return text
        begun = (_BEGUN_LATE if self._is_late else _BEGUN).search(text)
        if begun is not None:
            self._held, text = begun[0], text[: begun.start()]
        return text

    def _note_name(self, found: re.Match[str]) -> str:
        self._found = Answers(found[1], self._found.cell, self._found.sixel)
        return ""

    def _note_cell(self, found: re.Match[str]) -> str:
        self._found = Answers(self._found.name, (int(found[2]), int(found[1])), self._found.sixel)
        return ""

    def _note_features(self, found: re.Match[str]) -> str:
        sixel = _SIXEL in found[1].split(";")[1:]
        take, self._take = self._take, None
        if take is not None:
            take(Answers(self._found.name, self._found.cell, sixel))
        return ""


class FilteringDecoder(codecs.getincrementaldecoder("utf-8")):  # type: ignore[misc]
    """Bytes from the terminal as text without the answers; bytes that are no UTF-8 are replaced."""

    def __init__(self, answers: AnswerFilter) -> None:
        super().__init__("replace")
        self._answers = answers

    def decode(self, data: bytes, final: bool = False) -> str:
        """The text; empty where nothing but answers came."""
        return self._answers.pass_on(super().decode(data, final))
