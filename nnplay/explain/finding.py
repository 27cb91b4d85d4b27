"""Why a finding is shown: the numbers that its rule looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nnplay.explain.explanation import Explanation, InspectorPlace, amount
from nnplay.health.evidence import Evidence, gather_evidence
from nnplay.health.judge import health_rules
from nnplay.health.losses import Series
from nnplay.run.training_thread import TrainingThread
from nnplay.text import counted, percent
from nnplay.training.trainer import Trainer

#: Layers that are named one by one.
_MOST_LAYERS: Final = 6
#: A gradient breaks out if it is that many times the median of so many before it; the first few have no such.
_LEAVES: Final = 10.0
_WINDOW: Final = 50
_BEFORE: Final = 3


@dataclass(frozen=True, slots=True)
class FindingShown:
    """A finding on the screen: the name of its rule, and its sentence."""

    rule: str
    sentence: str

    def explain(self, run: TrainingThread) -> Explanation:
        """The numbers of the present moment that the rule looks at."""
        trainer, _ = run.require_run()
        rule = health_rules().get(self.rule)
        if rule is None:
            return Explanation("finding", (self.sentence,))
        with np.errstate(over="ignore", invalid="ignore"):
            noted = _Noted(gather_evidence(trainer))
            rule.examine(noted)  # type: ignore[arg-type]
            facts = [
                words for name in noted.names if name in _FACTS for words in [_FACTS[name](noted.evidence)] if words
            ]
        sentence = f"{self.sentence[:1].upper()}{self.sentence[1:]}."
        numbers = [f"{words[:1].upper()}{words[1:]}." for words in facts]
        broke = None if rule.data or not {"fault", "gradient_norm"} & set(noted.names) else first_break(trainer)
        if broke is not None:
            numbers.append(broke[1])
        if rule.data and not facts:
            numbers = ["It is about the data, so it was found before the first step and training does not change it."]
        place = None if rule.data else InspectorPlace(trainer.step if broke is None else broke[0] - 1, 0)
        return Explanation(rule.title, (sentence, *numbers), place)


def first_break(trainer: Trainer) -> tuple[int, str] | None:
    """The first step whose gradient left the range of those before it, and in words by how much; None without one."""
    curve = trainer.history["gradient_norm"]
    values = np.asarray(curve.last, np.float64)
    for k in range(_BEFORE, len(values)):
        usual = float(np.median(values[max(0, k - _WINDOW) : k]))
        if not np.isfinite(values[k]) or values[k] > _LEAVES * usual > 0:
            step = int(curve.steps[k])
            if not np.isfinite(values[k]):
                return step, f"The first step with a gradient that is not finite is step {step:,}."
            times = amount(values[k] / usual)
            return step, f"The gradient broke out first in step {step:,}: its norm was {times} times the usual one."
    return None


class _Noted:
    """Evidence that notes which of its facts are looked at."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.names: dict[str, None] = {}

    def __getattr__(self, name: str) -> Any:
        self.names[name] = None
        return getattr(self.evidence, name)


def _loss(evidence: Evidence) -> str:
    loss = evidence.loss
    if not math.isfinite(loss.first):
        return ""
    first, best, now = map(amount, (loss.first, loss.best, loss.now))
    return f"the smoothed loss was {first} at first, {best} at best, and is {now} now"


def _epochs(what: str, name: str) -> Callable[[Evidence], str]:
    def words(evidence: Evidence) -> str:
        series: Series = getattr(evidence, name)
        if not len(series):
            return ""
        best = int(np.argmax(series.values) if name == "accuracy" else np.argmin(series.values))
        at = f"epoch {evidence.epoch_at(int(series.steps[best])):,}"
        return f"{what} is {amount(float(series.values[-1]))} now, at best {amount(float(series.values[best]))} in {at}"

    return words


def _norms(evidence: Evidence) -> str:
    values = evidence.gradient_norm.values
    if not len(values):
        return ""
    now, usual = (amount(float(np.median(part))) for part in (values[-5:], values))
    return f"the gradient norm is {now} now, over the run {usual} (medians)"


def _activations(evidence: Evidence) -> str:
    told = sorted(evidence.activations, key=lambda layer: -max(layer.silent, layer.saturated))[:_MOST_LAYERS]
    if not told:
        return ""
    parts = [
        f"layer {layer.path} ({layer.kind}) {percent(layer.silent)} off and {percent(layer.saturated)} saturated"
        for layer in told
    ]
    return f"of the units, over {counted(told[0].rows, 'row')}: {', '.join(parts)}"


def _weights(evidence: Evidence) -> str:
    known = [layer for layer in evidence.weights if math.isfinite(layer.gradient)]
    shown = known if len(known) <= _MOST_LAYERS else [*known[: _MOST_LAYERS // 2], *known[-(_MOST_LAYERS // 2) :]]
    if not shown:
        return ""
    parts = [f"{amount(layer.gradient)} in layer {layer.path}" for layer in shown]
    return f"the gradient of a weight (root mean square) is {', '.join(parts)}"


_FACTS: Final[Mapping[str, Callable[[Evidence], str]]] = {
    "loss": _loss,
    "train_loss": _epochs("the training loss of an epoch", "train_loss"),
    "validation_loss": _epochs("the validation loss", "validation_loss"),
    "accuracy": _epochs("the validation accuracy", "accuracy"),
    "gradient_norm": _norms,
    "activations": _activations,
    "weights": _weights,
    "update": lambda evidence: (
        ""
        if math.isnan(evidence.update)
        else f"one step changes the weights by {percent(evidence.update, 2)} of their size"
    ),
    "lr": lambda evidence: (
        f"the learning rate is {amount(evidence.lr)}; the optimizer's own is {amount(evidence.usual_lr)}"
    ),
    "same_answer": lambda evidence: (
        f"all {counted(evidence.same_answer, 'row')} that were looked at have the same answer"
        if evidence.same_answer
        else ""
    ),
}
