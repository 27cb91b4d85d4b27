"""Optuna: values that follow from what came of earlier ones (Akiba et al., 2019); an extra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from nnplay.fields import choice, integer
from nnplay.sweeps.axis import Axis, Value
from nnplay.sweeps.sampler import USUAL_TRIALS, Choosing, SamplerRecord
from nnplay.sweeps.trial import Outcome, Trial
from nnplay.system.extras import need

if TYPE_CHECKING:
    from nnplay.sweeps.sweep import Sweep

#: Optuna's sampler for each algorithm.
_SAMPLERS: Final = {"tpe": "TPESampler", "cmaes": "CmaEsSampler", "nsga2": "NSGAIISampler"}

OPTUNA = SamplerRecord(
    name="optuna",
    title="Optuna",
    about="Asks Optuna for a batch of trials at a time, each from what came of all batches before.",
    when="Where a run takes seconds or more, so that it pays to choose the next with care; or for two objectives.",
    choose=lambda sweep, values: choose(sweep, values),
    fields=(
        choice("algorithm", "tpe", "tpe, cmaes for numbers only, or nsga2 for several objectives", tuple(_SAMPLERS)),
        integer("batch", 16, "trials that are chosen at once, and may be trained side by side", low=1, high=10_000),
    ),
    check=lambda sweep: check(sweep),
)


def choose(sweep: Sweep, values: dict[str, Any]) -> Choosing:
    """Batch after batch; Optuna is told the outcomes in the order of the trials, whoever trained them first."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = getattr(optuna.samplers, _SAMPLERS[values["algorithm"]])(seed=sweep.seed % 2**32)
    directions = ["maximize" if objective.maximise else "minimize" for objective in sweep.objectives]
    study = optuna.create_study(directions=directions, sampler=sampler)
    count, begun = sweep.trials or USUAL_TRIALS, 0
    while begun < count:
        asked = [study.ask() for _ in range(min(values["batch"], count - begun))]
        trials = [
            Trial(begun + place, {axis.name: _suggest(trial, axis) for axis in sweep.axes})
            for place, trial in enumerate(asked)
        ]
        begun += len(trials)
        outcomes = yield trials
        _tell(optuna, study, sweep, asked, outcomes)


def check(sweep: Sweep) -> None:
    """Refuses a sweep where Optuna is missing, before anything is trained."""
    need("optuna", "such trials are", "--sampler optuna", "chosen", instead="choose random, sobol or halving")


def _tell(optuna: Any, study: Any, sweep: Sweep, asked: Sequence[Any], outcomes: Sequence[Outcome]) -> None:
    for trial, outcome in zip(asked, outcomes, strict=True):
        scores = [outcome.score(objective.name) for objective in sweep.objectives]
        if any(score != score for score in scores):
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, scores)


def _suggest(trial: Any, axis: Axis) -> Value:
    if axis.values:
        value: Value = trial.suggest_categorical(axis.name, axis.values)
    elif axis.whole:
        value = int(trial.suggest_int(axis.name, int(axis.low), int(axis.high)))
    else:
        value = float(trial.suggest_float(axis.name, axis.low, axis.high, log=axis.log))
    return value
