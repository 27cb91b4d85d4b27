"""Layers in the picker: typed as text, one or several, with what they would make of the network."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from textual.content import Content

from nnplay.fields import REQUIRED, Field
from nnplay.network.layer_text import split_layers
from nnplay.network.notation import describe_lacking, example_layer
from nnplay.network.summary import Ledger
from nnplay.records.registry import layer_records
from nnplay.text import counted
from nnplay.tui.draw import number_text
from nnplay.tui.picker.choice import Choice, matching
from nnplay.tui.picker.shelf import Attempt, Shelf

_SIGNS = re.compile(r"[,;|\[\]\n]")
_BRANCHES = "[ … | … ]   its branches, each one layer or several; unfolded in the list, they are edited layer by layer"


@dataclass(frozen=True)
class LayerShelf(Shelf):
    """The kinds of layers, for one place of the network.

    Attributes:
        known: the fields of each kind.
        preview: gives the network with a text at the place.
        place: number of the first layer that the text stands for, in the ledger.
    """

    known: Mapping[str, Sequence[Field]] = field(default_factory=dict)
    preview: Callable[[str], Ledger] = lambda text: Ledger((), (), (), 0, 0, 0)
    place: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "preview", lru_cache(maxsize=4)(self.preview))  # asked several times a letter

    def offer(self, typed: str) -> Sequence[Choice]:
        """Kinds whose name fits the layer that is being typed; all before a letter is."""
        word, space, _ = _last(typed).partition(" ")
        if typed.strip() == self.start or not word:
            return self.choices
        return [choice for choice in self.choices if choice.value == word.lower()] if space else self._named(word)

    def _named(self, word: str) -> Sequence[Choice]:
        exact = [choice for choice in self.choices if choice.value == word.lower()]
        return [*exact, *(choice for choice in matching(self.choices, word) if choice not in exact)]

    def attempt(self, typed: str, chosen: Choice | None, *, moved: bool) -> Attempt:
        """The text, if it can be; else the text with the layer under the cursor, if that can be."""
        text = typed.strip()
        if (moved and chosen is not None) or (chosen is not None and (not text or self._is_begun(text))):
            text = self._with(typed, chosen)
        if not self.problem(text):
            return Attempt(text.strip(" ,;"))
        return Attempt("", f"{text} " if chosen is not None and self._lacks(text) else text)

    def _is_begun(self, text: str) -> bool:
        """Whether the last word is only the beginning of a layer's name."""
        word, space, _ = _last(text).partition(" ")
        return bool(word) and not space and word.lower() not in self.known

    def complete(self, typed: str, chosen: Choice) -> str:
        """The line with the name under the cursor in place of the word that is being typed."""
        text = self._with(typed, chosen)
        return f"{text} " if self._lacks(text) else text

    def _with(self, typed: str, chosen: Choice) -> str:
        if typed.strip() == self.start:
            return chosen.value
        kept = typed[: len(typed) - len(_last(typed))]
        return kept + chosen.value

    def problem(self, typed: str) -> str:
        """Why the typed layers cannot be used here."""
        text = typed.strip()
        if not text:
            return "type a layer, such as linear 8, or several: linear 8, relu"
        lines = self.preview(text).lines
        return self._lacks(text) or next((line.problem for line in lines if line.problem), "")

    def _lacks(self, text: str) -> str:
        """What a name without its number asks for, with an example."""
        name = _last(text).strip().lower()
        record = layer_records().get(name)
        if record is None or name not in self.known:
            return ""
        lacking = describe_lacking(record)
        return f"{name} {lacking}, for example {example_layer(record)}" if lacking else ""

    def outcome(self, typed: str, chosen: Choice | None) -> Content:
        """What the text would make of the network, or what is wrong with it."""
        text = typed.strip()
        if not text:
            return Content("")
        if chosen is not None and self._is_begun(text):
            return Content.styled(f"enter: {self._with(typed, chosen)}", "$quiet")
        problem = self.problem(text)
        return Content.styled(problem, "$error") if problem else Content.styled(self._result(text), "$accent")

    def settings(self, typed: str, chosen: Choice | None) -> Sequence[str]:
        """The fields of the layer that is being typed, or of the one under the cursor."""
        whole = typed.strip() == self.start and typed.strip().endswith("]")
        word = kind_of(self.start if whole else _last(typed)).lower()
        name = word if word in self.known else chosen.value if chosen else ""
        record = layer_records().get(name)
        branches = [_BRANCHES] if record is not None and record.joins else []
        return [*branches, *(_described(item) for item in self.known.get(name, ()))]

    def _result(self, text: str) -> str:
        text = text.strip(" ,;")
        ledger = self.preview(text)
        own = ledger.lines[self.place : self.place + len(split_layers(text))]
        first, last = own[0].shape.partition("→")[0], own[-1].shape.rpartition("→")[2]
        shape = first if first == last else f"{first}→{last}"
        added = counted(sum(line.parameters for line in own), "parameter")
        total = f"{counted(ledger.parameters, 'parameter')}, {number_text.size(ledger.bytes)} in all"
        remarks = "".join(f", {line.remark}" for line in own if line.remark)
        return f"{shape}{remarks}   {added} · {total}"


def kind_of(text: str) -> str:
    """The kind of a layer, or of a block, as its text begins."""
    return re.split(r"[ \[]", text, maxsplit=1)[0]


def _last(typed: str) -> str:
    """The layer that is being typed: what follows the last comma or bracket."""
    return _SIGNS.split(typed)[-1].lstrip()


def _described(item: Field) -> str:
    default = "" if item.default is REQUIRED else f" ({item.show(item.default)})"
    return f"{item.short or item.name:<12}{item.help}{default}"
