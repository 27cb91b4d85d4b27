"""What `--ascii` shows: a plain twin for every sign that the program writes, and names from outside as they are.

Twins come in two lengths. In a line that is already laid out a sign gives way to one character, so that columns stay
where they are (`replace_signs`). Where a text has not been wrapped yet, such as a formula, it is written out
(`spell_out`): "Σⱼ w·x ≤ ½" becomes "sum_j w*x <= 1/2".

Names of columns, classes and files belong to the user. They stay in their own letters, as a name that is mangled
cannot be told from another one; only a terminal whose encoding lacks a letter gets "?" for it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from nnplay.tui.commands.actions import ARROWS

_SIGNS: Final = {
    "…": "~",
    "“": '"',
    "”": '"',
    "‘": "'",
    "␣": "_",
    "₊": "+",
    "₋": "-",
    "×": "x",
    "÷": "/",
    "−": "-",
    "–": "-",
    "—": "-",
    "∓": "-",
    "±": "+",
    "∗": "*",
    "‖": "|",
    "•": "*",
    "′": "'",
    "″": '"',
    "›": ">",
    "‹": "<",
    "→": ">",
    "←": "<",
    "↑": "^",
    "↓": "v",
    "↗": "/",
    "↖": "\\",
    "↙": "/",
    "↘": "\\",
    "⏎": "<",
    "√": "V",
    "∞": "I",
    "∂": "d",
    "≠": "#",
    "≤": "<",
    "≥": ">",
    "⌀": "/",
    "⌈": "[",
    "⌉": "]",
    "⌊": "[",
    "⌋": "]",
    "½": "h",
    "¶": "/",
    "µ": "u",
    "£": "L",
    "¥": "Y",
    "€": "E",
    "■": "#",
    "□": "o",
    "▪": "#",
    "▲": "^",
    "▼": "v",
    "▶": ">",
    "▷": ">",
    "▸": ">",
    "◀": "<",
    "▽": "v",
    "▾": "v",
    "◆": "#",
    "◈": "%",
    "○": "o",
    "◉": "@",
    "●": "*",
    "✓": "*",
    "✗": "x",
    "🔎": "/ ",
    "°": "o",
    "’": "'",
    "﹣": " -",
    "－": " -",
    "\u2800": " ",
}
_HEIGHTS: Final = "_.:-=+*#"
_WIDTHS: Final = "#####|||"
_QUADRANTS: Final = {"▀": '"', "▐": "|", "░": ".", "▒": ":", "▓": "=", "▔": "-", "▕": "|"}
_BOX_ACROSS: Final = "─━┄┅┈┉╌╍═╴╶╸╺╼╾"
_BOX_DOWN: Final = "│┃┆┇┊┋╎╏║╵╷╹╻╽╿"

_SPELT: Final = {
    "·": "*",
    "…": "...",
    "→": "->",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "±": "+-",
    "∓": "-+",
    "√": "sqrt ",
    "∞": "inf",
    "½": "1/2",
    "‖": "|",
    "⌀": "mean",
    "Σ": "sum",
    "Φ": "Phi",
    "α": "alpha",
    "β": "beta",
    "δ": "delta",
    "ε": "eps",
    "λ": "lambda",
    "π": "pi",
    "σ": "sigma",
    "φ": "phi",
    "∂": "d",
    "\u0302": "^",
}
_RAISED: Final = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿˣᵀᵉᵗᶻ"
_LOWERED: Final = "₀₁₂₃₄₅₆₇₈₉ₒₖₙₚₜᵢⱼ"


def _plain_letter(sign: str) -> str:
    """The letter or digit that a raised or lowered one stands for."""
    return unicodedata.normalize("NFKD", sign).replace("−", "-")


def _one_for_one() -> dict[int, str]:
    boxes = {chr(code): "+" for code in range(0x2500, 0x2580)}
    boxes |= dict.fromkeys(_BOX_ACROSS, "-") | dict.fromkeys(_BOX_DOWN, "|")
    blocks = {chr(0x2581 + level): glyph for level, glyph in enumerate(_HEIGHTS)}
    blocks |= {chr(0x2588 + level): glyph for level, glyph in enumerate(_WIDTHS)}
    blocks |= {chr(0x2596 + level): "#" for level in range(10)}
    braille = {chr(0x2800 + dots): ":" for dots in range(1, 256)}
    moved = {sign: _plain_letter(sign) for sign in _RAISED + _LOWERED}
    return str.maketrans(braille | boxes | blocks | _QUADRANTS | moved | _SIGNS)


_ONE_FOR_ONE: Final = _one_for_one()
_PRODUCT: Final = re.compile(r"(?<=[^\s\d])·(?=\S)|(?<=\S)·(?=[^\s\d])")
_ENDING: Final = re.compile(r"…  ")
_RUNS: Final = re.compile(f"([{_RAISED}]+)|([{_LOWERED}]+)")


_NAME_OF: Final = {shown: name for name, shown in ARROWS.items()}
_ARROW_KEY: Final = re.compile(r"(?<![^\s])[↑↓←→](?![^\s])")


def replace_signs(text: str) -> str:
    """`text` with a plain character for each sign, in as many columns; letters of all scripts stay.

    A dot between words parts them ("|"), one within a word is a product ("*"); neither looks like a minus.
    """
    if text.isascii():
        return text
    text = _PRODUCT.sub("*", _ENDING.sub("...", text)).replace("·", "|")
    return text.translate(_ONE_FOR_ONE)


def spell_out(text: str) -> str:
    """`text` with its signs and Greek letters written out, in as many characters as that takes."""
    if text.isascii():
        return text
    text = _RUNS.sub(lambda found: ("^" if found[1] else "_") + _plain_letter(found[0]), text)
    for sign, spelt in _SPELT.items():
        text = text.replace(sign, spelt)
    return replace_signs(text)


def spell_keys(text: str) -> str:
    """`text` with arrows that are keys, each a word of its own, called as keyboards call them: a "v" is another key."""
    return _ARROW_KEY.sub(lambda found: _NAME_OF[found[0]], text)


class PlainSigns(LineFilter):
    """Passes every line of the screen through `replace_signs`, whoever drew it.

    Args:
        encoding: of the terminal; letters that it lacks are shown as "?", one for each column.
    """

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments in plain characters."""
        return [Segment(self._shown(text), style, control) for text, style, control in segments]

    def _shown(self, text: str) -> str:
        text = replace_signs(text)
        if text.isascii():
            return text
        return "".join(one if self._has(one) else "?" * cell_len(one) for one in text)

    def _has(self, letter: str) -> bool:
        try:
            letter.encode(self._encoding)
        except (UnicodeError, LookupError):
            return False
        return True
