"""What a row of a run with several objectives is for: whose pass it belongs to, and what its numbers say there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.explain.explanation import Explanation, amount, from_to, listed
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.operand_copies import Frame, frame_of
from nnplay.inspector.players import player_of
from nnplay.text import counted
from nnplay.training.players.players import CLASS, DATA, INPUT, PlayerObjective, Players

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class PlayerRow:
    """One element of what a row writes, in a run with several objectives.

    Attributes:
        number: of the row in the step.
        index: the element of its first result.
        parameter: which one, in a row that works on many.
    """

    number: int
    index: tuple[int, ...]
    parameter: str = ""

    def explain_step(self, inspector: Inspector) -> Explanation:
        """The step that an inspector stands at."""
        seen = self._look(inspector)
        more, name, words = seen.describe_kind(), seen.name, seen.frame.row.operation.words
        numbers = () if name == "next targets" and more else seen.describe_numbers()
        return Explanation(f"{name} · {seen.player}", (*seen.describe_pass(), words, *numbers, *more))

    def has_meaning(self, inspector: Inspector) -> bool:
        """Whether more is known of the row than that it is one of its kind: a product may be a gate, or certainty."""
        return bool(self._look(inspector).describe_kind())

    def _look(self, inspector: Inspector) -> _Seen:
        frame = frame_of(inspector, self.number, self.parameter, tuple(inspector.spans_parameters(self.number)))
        return _Seen(inspector, frame, self.index)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A row that has run, and the chosen element."""

    inspector: Inspector
    frame: Frame
    index: tuple[int, ...]

    @property
    def name(self) -> str:
        """The name of the row."""
        return self.frame.row.operation.name

    def describe_kind(self) -> tuple[str, ...]:
        """What the row is for in a game, where that is known."""
        known = _MORE.get(self.name)
        return tuple(known(self)) if known is not None else ()

    @property
    def player(self) -> str:
        """The objective, and which of its passes."""
        return player_of(self.inspector, self.frame.number)

    @property
    def players(self) -> Players:
        """All that the run trains."""
        return self.inspector.trainer.players

    @property
    def item(self) -> PlayerObjective | None:
        """The objective that the pass belongs to; None for the run's own."""
        name = self.player.rpartition(", ")[2]
        return next((item for item in self.players.objectives if item.name == name), None)

    def at(self, name: str) -> float:
        """An operand's number at the chosen element, or its only one."""
        values = self.frame.values[name]
        return float(values.reshape(-1)[0] if values.size == 1 else values[self.index])

    def before(self, name: str) -> float:
        """What stood there before the row ran."""
        values = self.frame.before[name]
        return float(values.reshape(-1)[0] if values.size == 1 else values[self.index])

    def describe_pass(self) -> Iterator[str]:
        """What the pass runs, what its answer is to be, and what that counts."""
        item, players = self.item, self.players
        if item is None:
            trains = listed([players.own, *players.trains])
            wanted = "the data's targets" if players.target is None else amount(players.target)
            yield f"It is part of '{players.own}', which trains {trains} to answer rows of the data with {wanted}."
            return
        if item.gradient_norm is not None:
            where = f"between real rows and those of '{item.between}'" if item.between else "at rows of the data"
            wanted = f"the slope of {(item.path or (players.own,))[-1]}'s answer, {where}, is to be"
            wanted += f" {amount(item.gradient_norm)} long"
            yield f"It is part of '{item.name}', a gradient penalty: {wanted}."
        else:
            targets = {DATA: "the data's targets", INPUT: "the input", CLASS: "the class of each row"}
            number = _number(item.target)
            own = f"the answer of {item.target}" if number is None else amount(number)
            loss = (item.loss or self.inspector.trainer.loss).record.name
            wanted = targets.get(item.target, own)
            yield f"It is part of '{item.name}': {_chain(item, players)}, compared with {wanted} by {loss}."
        counts = "" if item.factor == 1 else f", times {amount(item.factor)},"
        if item.adds_to:
            yield f"Its loss{counts} is added to what '{item.adds_to}' lowers."
        else:
            yield f"Its loss{counts} is what {listed(list(item.trains))} learns to lower; other networks are not moved."

    def describe_numbers(self) -> Iterator[str]:
        """The chosen number among all that the row writes."""
        name = self.frame.row.operation.writes[0]
        values, slot = self.frame.shown(name).astype(np.float64), self.frame.slots[name].name
        if values.size == 1:
            yield f"The result, {slot}, is {amount(float(values.reshape(-1)[0]))}."
            return
        low, mean, high = (amount(float(value)) for value in (values.min(), values.mean(), values.max()))
        place = ",".join(map(str, self.index))
        if low == high:
            yield f"All {values.size:,} numbers of {slot} are {low}."
            return
        own = amount(float(self.frame.after[name][self.index]))
        spread = f"all {values.size:,} numbers there are {mean} on average, from {low} to {high}"
        yield f"{slot}[{place}] is {own}; {spread}."

    def writer(self, read: str) -> str:
        """Name of the row that wrote what this one reads."""
        slot, rows = self.frame.slots[read], self.inspector.rows[: self.frame.number]
        return next((row.operation.name for row in reversed(rows) if slot in row.writes), "")


def _chain(item: PlayerObjective, players: Players) -> str:
    """What goes through which networks."""
    first = item.path[0] if item.path else ""
    noise = first in players.networks and players.networks[first].noise
    begin = f"the output of {item.at}" if item.at else "noise" if noise else "the data"
    return f"{begin} through {listed(list(item.path))}" if item.path else begin


def _number(target: str) -> float | None:
    """A target that is a number."""
    try:
        return float(target)
    except ValueError:
        return None


def _drawn(seen: _Seen) -> Iterator[str]:
    step, whose = seen.inspector.trainer.step + 1, seen.item.path[0] if seen.item and seen.item.path else "the network"
    yield f"{whose} makes one row of each line of {seen.frame.after['input'].shape[-1]} numbers."
    yield f"The run's seed decides them: step {step:,} always draws the same."


def _same_target(seen: _Seen) -> Iterator[str]:
    item, real = seen.item, seen.players.target
    if item is None or real is None or item.factor < 0 or item.path[-1:] != (seen.players.own,):
        return
    if _number(item.target) == real:
        yield f"Real rows are to get {amount(real)} too, so this loss is low where made rows pass for real ones."
    else:
        yield f"Real rows are to get {amount(real)}, so this loss is low where made rows are told from real ones."


def _next_targets(seen: _Seen) -> Iterator[str]:
    names = seen.inspector.trainer.split.train.kind_names
    label = int(seen.frame.after["target"][seen.index[0]])
    if seen.item is not None and seen.item.target == CLASS and label < len(names):
        yield f"Row {seen.index[0]} of the batch is of class {names[label]}, besides being real."


def _summed(seen: _Seen) -> Iterator[str]:
    factor, loss = seen.at("factor"), seen.at("loss")
    made = f"{amount(factor)} times a loss of {amount(loss)} is {amount(factor * loss)}"
    if seen.name == "first loss of the sum":
        yield f"{made}, with which the sum begins."
    else:
        yield f"{made}; the sum goes {from_to(seen.before('total'), seen.at('total'))}."


def _steepness(seen: _Seen) -> Iterator[str]:
    if seen.item is not None and seen.item.gradient_norm is not None:
        wanted = amount(seen.item.gradient_norm)
        yield (
            f"A small step in the steepest direction changes the answer {amount(seen.at('length'))} times as much; "
            f"wanted is {wanted}."
        )


def _penalised(seen: _Seen) -> Iterator[str]:
    if seen.item is None:
        return
    length, wanted, factor = seen.frame.reads["length"], seen.at("wanted"), seen.item.factor
    mean, loss = amount(float(length.mean())), seen.at("loss")
    yield f"Slopes of {counted(length.size, 'row')} are {mean} long on average, and are to be {amount(wanted)}."
    yield f"Times {amount(factor)}, the penalty adds {amount(factor * loss)} to the sum."


def _log_sum_exp(seen: _Seen) -> Iterator[str]:
    if seen.writer("x1") != "log softmax":
        return
    classes = seen.frame.after["y"].shape[-1]
    yield f"{amount(seen.at('x0'))} less its log softmax, {amount(seen.at('x1'))}, leaves {amount(seen.at('y'))}."
    yield f"That is log Σ exp of all {classes} scores, the same at each place: how much the row looks like any class."


def _certainty(seen: _Seen) -> Iterator[str]:
    if (seen.writer("x0"), seen.writer("x1")) != ("softmax", "log softmax"):
        return
    p, classes = seen.at("x0"), seen.frame.after["y"].shape[-1]
    total = float(seen.frame.after["y"][seen.index[:-1]].sum())
    term = amount(seen.at("y"))
    yield f"Class {seen.index[-1]} has p = {amount(p)} and p·log p = {term}; all {classes} add up to {amount(total)}."
    yield f"It would be 0 for a sure answer, and −{amount(math.log(classes))} where all {classes} are equally likely."


def _averaged(seen: _Seen) -> Iterator[str]:
    old, new, weight = seen.before("average"), seen.at("average"), seen.at("parameters")
    name = f"{seen.frame.parameter}[{','.join(map(str, seen.index))}]"
    if old == new:
        yield f"The average of {name} stays at {amount(old)}; the weight itself is {amount(weight)} now."
        return
    share = "" if weight == old else f", {amount(100 * (new - old) / (weight - old))} % of the way to the weight"
    yield f"The average of {name} goes {from_to(old, new)}{share}, which is {amount(weight)} after this update."


_MORE: Final[Mapping[str, Callable[[_Seen], Iterator[str]]]] = {
    "noise drawn": _drawn,
    "same target for all": _same_target,
    "next targets": _next_targets,
    "first loss of the sum": _summed,
    "loss added to the sum": _summed,
    "length of the slope": _steepness,
    "gradient penalty": _penalised,
    "difference of branches": _log_sum_exp,
    "product of branches": _certainty,
    "moving average of weights": _averaged,
    "mean of the weights of epochs": _averaged,
}
"""What is said of some kinds of rows besides."""
