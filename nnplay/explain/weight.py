"""Why a weight or bias is what it is: its last change divided into what caused it, and the rows behind its gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.explain.batch_rows import describe_rows, divide_among_rows
from nnplay.explain.explanation import Explanation, InspectorPlace, amount, from_to, listed, signed
from nnplay.explain.past_step import standing_at
from nnplay.explain.update_shares import UpdateShares, divide_update
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.players import gradients_of, player_of, rate_of
from nnplay.operations.step.clip import CLIP_NORM, CLIP_VALUE
from nnplay.operations.step.penalty import PENALTY
from nnplay.operations.step.silence import PUT_BACK
from nnplay.run.training_thread import TrainingThread
from nnplay.text import counted

Array = NDArray[Any]
#: Parts that gave less than this share of the largest are not worth a word.
_FAINT: Final = 1e-3
#: A rate of one weight's own is told where it differs from the learning rate by more.
_OWN_RATE: Final = 0.02
_WORDS: Final = {"kept": "the momentum", "gradient": "this batch's gradient", "decay": "weight decay"}


@dataclass(frozen=True, slots=True)
class Weight:
    """One number of a parameter.

    Attributes:
        name: of the parameter, "0.weight".
        index: which of its numbers.
    """

    name: str
    index: tuple[int, ...]

    @property
    def title(self) -> str:
        """The number as formulas name it."""
        return f"{self.name}[{','.join(map(str, self.index))}]"

    def explain(self, run: TrainingThread) -> Explanation:
        """The step that was taken last; before the first one, the step that is next."""
        trainer, _ = run.require_run()
        now, stood = self.value_in(trainer.parameters()), trainer.step
        with standing_at(run, stood - 1) as inspector:
            return self.explain_step(inspector, now if inspector.trainer.step < stood else None)

    def value_in(self, parameters: dict[str, Array]) -> float:
        """The number.

        Raises:
            InputError: the network has none of that name and index.
        """
        values = parameters.get(self.name)
        if values is None or len(self.index) != values.ndim or any(np.greater_equal(self.index, values.shape)):
            raise InputError(f"there is no {self.title} in this network", where="explanation")
        return float(values[self.index])

    def explain_step(self, inspector: Inspector, now: float | None = None) -> Explanation:
        """The step that an inspector stands at.

        Args:
            now: what the number is now, behind that step; None where the step is still to come.
        """
        step, before = inspector.trainer.step, self.value_in(inspector.trainer.parameters())
        after = self.value_after(inspector)
        rows = self.rows_of_update(inspector)
        sentences = [self.describe_change(step + 1, before, after, done=now is not None)]
        title = self.title_in(inspector)
        if self.is_frozen(inspector) and after == before:
            return Explanation(title, (f"{self.title} is frozen at {amount(before)}: training leaves it alone.",))
        if len(rows) == 1 and inspector.spans_parameters(rows[0]):
            shares = divide_update(inspector, rows[0], self.name, self.index)
            sentences += self.describe_shares(shares, rate_of(inspector, rows[0]))
        elif rows:
            sentences.append(f"The optimizer moves {self.name} as a whole; its rows in the inspector show how.")
        sentences += [*self.describe_gradient(inspector), *self.describe_limits(inspector)]
        if now is not None and now != after:
            sentences.append(f"Since then it has been set to {amount(now)}.")
        return Explanation(title, tuple(sentences), self.place(inspector, rows))

    def title_in(self, inspector: Inspector) -> str:
        """The number with the objectives that train it, or else its network, of a run with several."""
        players = inspector.trainer.players
        if not players:
            return self.title
        stages = zip(players.names, inspector.machine.tape.stages, strict=True)
        network = self.name.partition(".")[0]
        trained = [name for name, stage in stages if self.name in stage.gradients]
        return f"{self.title} · {listed(trained or [network if network in players.networks else players.own])}"

    def is_frozen(self, inspector: Inspector) -> bool:
        """Whether training leaves some or all of the parameter alone."""
        own = inspector.machine.tape.parameters[self.name]
        put_back = any(row.operation is PUT_BACK and own in row.writes for row in inspector.rows)
        return put_back or self.name not in inspector.trained

    def place(self, inspector: Inspector, rows: list[int]) -> InspectorPlace | None:
        """Its update, or else the row of its gradient."""
        step = inspector.trainer.step
        if not rows:
            return None
        named = self.name if inspector.spans_parameters(rows[-1]) else ""
        return InspectorPlace(step, rows[-1], self.index, named)

    def value_after(self, inspector: Inspector) -> float:
        """The number behind the last row of the step."""
        with inspector.pause_before(len(inspector.rows)):
            return self.value_in(inspector.trainer.parameters())

    def rows_of_update(self, inspector: Inspector) -> list[int]:
        """The rows that change it: the optimizer's one row over many parameters, or several of its own."""
        own = inspector.machine.tape.parameters[self.name]
        return [
            number
            for number, row in enumerate(inspector.rows)
            if row.phase == "update"
            and row.operation.writes[0] in ("parameters", "parameter")
            and (own in row.writes or self.name in inspector.spans_parameters(number))
        ]

    # -- sentences -------------------------------------------------------------------------------------------------

    def describe_change(self, step: int, before: float, after: float, *, done: bool) -> str:
        """How far it moved, and from where to where."""
        if after == before:
            return f"{self.title} {'stayed' if done else 'will stay'} at {amount(before)} in step {step:,}."
        verb = ("grew" if done else "will grow") if after > before else ("shrank" if done else "will shrink")
        if before < 0 or after < 0:  # "grew" would be ambiguous where the size is what becomes smaller
            verb = ("rose" if done else "will rise") if after > before else ("fell" if done else "will fall")
        return f"{self.title} {verb} by {amount(abs(after - before))} in step {step:,}, {from_to(before, after)}."

    def describe_shares(self, shares: UpdateShares, lr: float) -> Iterator[str]:
        """What moved it, the strongest first, and its own rate where the optimizer gives it one."""
        given = {"kept": shares.kept, "gradient": shares.gradient, "decay": shares.decay}
        largest = max(map(abs, given.values()))
        told = sorted(
            (name for name in given if abs(given[name]) > _FAINT * largest), key=lambda name: -abs(given[name])
        )
        if not told:
            yield "Nothing moved it: its gradient is 0 in this batch." if shares.slope == 0 else "Nothing moved it."
            return
        yield _weigh([(_WORDS[name], given[name]) for name in told])
        if shares.scales and shares.slope and lr:
            rate = -shares.gradient / shares.slope
            if abs(rate / lr - 1) > _OWN_RATE:
                yield (
                    f"Its gradient counts {amount(rate)} for each 1 here, where the learning rate is {amount(lr)}: the "
                    "optimizer scales each weight by the size of its past gradients."
                )

    def describe_gradient(self, inspector: Inspector) -> Iterator[str]:
        """Which rows of the batch its gradient comes from."""
        yield from (f"What follows is of {words}." for words in inspector.batch_words)
        own = gradients_of(inspector, self.name)
        rows = [number for number, row in enumerate(inspector.rows) if row.writes[0] in own]
        passes: dict[str, Array] = {}
        for number in rows:
            share, name = divide_among_rows(inspector, number, self.index), player_of(inspector, number)
            if share is None:
                return
            passes[name] = passes[name] + share if name in passes else share
        if len(passes) > 1:
            yield _divide_among_passes(passes)
            return
        if not passes:
            return
        (by_row,) = passes.values()
        total = float(by_row.sum())
        if not by_row.any():
            yield f"No row of this batch reaches it: its gradient is 0 in all {counted(len(by_row), 'row')}."
            return
        against = int((by_row * total < 0).sum())
        counter = f"; {against:,} of {counted(len(by_row), 'row')} pull the other way" if against else ""
        yield f"Its gradient is {amount(total)}: {describe_rows(by_row)} of the batch pushed most{counter}."

    def describe_limits(self, inspector: Inspector) -> Iterator[str]:
        """What penalties and clipping made of the gradient."""
        for number, row in enumerate(inspector.rows):
            if row.operation not in (PENALTY, CLIP_NORM, CLIP_VALUE) or self.name not in inspector.spans_parameters(
                number
            ):
                continue
            before, after = inspector.before_and_after(number, self.name)
            old, new = (float(values["gradients"][self.index]) for values in (before, after))
            if old == new:
                continue
            if row.operation is PENALTY:
                yield f"The penalty on weights added {signed(new - old)} to its gradient."
            else:
                what = "the gradient's norm" if row.operation is CLIP_NORM else "each number of the gradient"
                yield f"Clipping {what} cut it from {amount(old)} to {amount(new)}."


def _divide_among_passes(passes: Mapping[str, Array]) -> str:
    """What each pass of an objective gave to a gradient, and its rows that gave most: row 3 of each is another one."""
    total = float(sum(by_row.sum() for by_row in passes.values()))
    parts = []
    for name, by_row in passes.items():
        _, _, loss = name.partition(", ")
        whose = f"the loss '{loss}'" if loss else "the rows of the batch"
        most = f", most by its {describe_rows(by_row)}" if by_row.any() else ""
        parts.append(f"{signed(float(by_row.sum()))} by {whose}{most}")
    return f"Its gradient is {amount(total)}: {'; '.join(parts)}."


def _weigh(parts: list[tuple[str, float]]) -> str:
    """Who won: "The momentum (+0.0034) outweighed this batch's gradient (−0.0013)"."""
    (first, value), others = parts[0], parts[1:]
    with_it = [f"{name} ({signed(part)})" for name, part in others if part * value > 0]
    against = [f"{name} ({signed(part)})" for name, part in others if part * value < 0]
    lead = f"{first} ({signed(value)})"
    together = " and ".join([lead, *with_it])
    together = together[0].upper() + together[1:]
    if against:
        return f"{together} outweighed {' and '.join(against)}."
    return f"{together} moved it the same way." if with_it else f"Only {lead} moved it."
