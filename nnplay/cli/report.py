"""What a run amounted to: head, scores and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnplay.cli.run_outline import objectives
from nnplay.config import RunConfig
from nnplay.network.members import members_of
from nnplay.network.notation import show_layers
from nnplay.records.layer import Layer
from nnplay.records.operation import shape_text
from nnplay.text import as_typed, clean, counted, figure, percent, record_as_typed
from nnplay.training.batches import batch_summary
from nnplay.training.numbers import NUMBERS
from nnplay.training.players.made_rows import fixed_noise, generator_of, make_rows, modes_of
from nnplay.training.scores.uncertainty import describe_interval
from nnplay.views.kinds import generated_points
from nnplay.views.view import Asked

if TYPE_CHECKING:
    from nnplay.training.best_weights import BestEpoch
    from nnplay.training.trainer import Trainer

#: Rows that are made to see which lumps they cover.
_MADE = 1000
_PERCENT = ("accuracy",)
_SAMPLES = 3
_COUNTERS = ("epoch", "step", "scores")
_MOST_TARGETS = 20


def head(run: RunConfig, trainer: Trainer) -> str:
    """What is about to happen, in a few lines."""
    split, plan = trainer.split, trainer.plan
    count = sum(len(part) for part in parts(trainer).values())
    kind = _targets(split.train.target_names) if split.task == "regression" else f"{counted(split.outputs, 'class')}"
    kind = "all of them real" if run.players.target is not None else kind
    table = run.to_dict()
    inputs = "1 input" if split.feature_shape == (1,) else f"{shape_text(split.feature_shape)} inputs"
    chosen = [
        *([] if run.players else [record_as_typed(table["loss"]), record_as_typed(table["optimizer"])]),
        *([f"schedule {record_as_typed(table['schedule'])}"] if "schedule" in table else []),
        *(f"{key} {as_typed(value)}" for key, value in run.training.items() if key != "batch_size"),
        *_ends(run, trainer.epoch),
        f"seed {run.seed}",
    ]
    lines = [
        f"{split.name}: {counted(count, 'row')} of {inputs}, {kind}",
        batch_summary(plan, split, trainer.settings),
        f"{run.players.own}: {_layers_words(run.layers)} ({counted(plan.parameter_count, 'parameter')})",
        *(
            f"{name}: {show_layers(network.layers)} ({counted(trainer.plans[name].parameter_count, 'parameter')})"
            for name, network in run.players.networks.items()
        ),
        *(objectives(run) if run.players else []),
        ", ".join(chosen),
    ]
    return "\n".join([*lines, *(f"note: {note}" for note in (*split.notes, *_ensemble_notes(run.layers)))])


def _layers_words(layers: tuple[Layer, ...]) -> str:
    """The layers as they can be typed; of an ensemble's equal members those of one."""
    members = members_of(layers)
    alike = len(members) > 1 and all(member == members[0] for member in members)
    return f"ensemble of {len(members)}: {show_layers(members[0])}" if alike else show_layers(layers)


def _ensemble_notes(layers: tuple[Layer, ...]) -> list[str]:
    """Why several networks are trained where one was expected, and how to have that."""
    members = members_of(layers)
    if len(members) < 2:
        return []
    way = "for one, give the layers of one branch with --layers"
    return [f"the answer is the mean of {len(members)} networks, whose errors partly cancel; {way}"]


def _ends(run: RunConfig, done: int) -> list[str]:
    """When the run ends, and what it ends with; one that goes on takes its epochs besides those that are done."""
    others = [f"{name} {as_typed(value)}" for name, value in run.stop.items() if value and name != "keep_best"]
    epochs = counted(run.epochs, "more epoch" if done else "epoch")
    kept = ["the best epoch's weights kept"] if run.stop.get("keep_best") else []
    return [f"up to {epochs}" if others else epochs, *others, *kept]


def parts(trainer: Trainer) -> dict[str, Any]:
    """The parts of the data, by name."""
    split = trainer.split
    named = {"train": split.train, "validation": split.validation, "test": split.test}
    return {name: part for name, part in named.items() if part is not None}


def scores(trainer: Trainer) -> dict[str, dict[str, float]]:
    """Loss and metrics of every part of the data."""
    return {name: trainer.evaluate(name) for name in parts(trainer)}  # type: ignore[arg-type]


def uncertain(trainer: Trainer) -> list[str]:
    """How far scores on few test rows may be off, a line for each."""
    if trainer.split.test is None or trainer.players.target is not None:
        return []
    rows = len(trainer.split.test)
    found = trainer.uncertainty("test").items()
    return [f"test {metric} is {describe_interval(metric, interval, rows)}" for metric, interval in found]


def made(trainer: Trainer) -> list[str]:
    """A line about the rows that a generator makes, where the real ones lie in lumps."""
    generator = generator_of(trainer)
    if generator is None:
        return []
    modes = modes_of(trainer, make_rows(trainer, generator, fixed_noise(trainer, generator, _MADE)))
    lines = []
    if modes is not None:
        near = percent(modes.near, 1)
        lines.append(f"made rows cover {modes.covered} of {modes.count} lumps; {near} of them lie within one")
    if generated_points.suits(trainer):
        seen = generated_points.make_points(trainer, Asked())
        lines.append(f"real and made points on a grid of 30×30: KL {seen.kl:.2f} bits, JS {seen.js:.2f} bits")
    return lines


def scores_title(trainer: Trainer, step: int) -> str:
    """What stands above the table of scores."""
    title = f"{NUMBERS['scores'].label} with the weights of step {step:,}:"
    own = trainer.players.own
    return title if trainer.players.target is None else f"{own} on real rows, {title}"


def units(trainer: Trainer, found: Mapping[str, Mapping[str, float]]) -> list[str]:
    """A line that says so where the loss has other units than the errors beside it."""
    scale = trainer.split.scaler.target_scale
    if not any("mae" in values for values in found.values()) or bool((scale == 1).all()):
        return []
    return ["loss is of scaled targets; mae and rmse are in the target's units"]


def target_scores(trainer: Trainer) -> dict[str, dict[str, dict[str, float]]]:
    """For several targets that have names: of every part the metrics of each target; else nothing."""
    if not 1 < len(trainer.split.train.target_names) <= _MOST_TARGETS:
        return {}
    return {name: trainer.evaluate_targets(name) for name in parts(trainer)}  # type: ignore[arg-type]


def score_table(
    found: Mapping[str, Mapping[str, float]],
    targets: Mapping[str, Mapping[str, Mapping[str, float]]] | None = None,
    *,
    real: bool = False,
) -> str:
    """Scores as an aligned table, a row for each part, and below it one for each of several targets.

    Args:
        real: all rows are called real: the share of right answers is that of rows that are taken for real.
    """
    columns = list(next(iter(found.values())))
    said = {"iou": "mIoU", **({"accuracy": "taken for real"} if real else {})}
    rows = [["", *(said.get(column, column) for column in columns)]]
    for part, values in found.items():
        rows.append([part, *(_score(column, values[column]) for column in columns)])
        for target, own in (targets or {}).get(part, {}).items():
            rows.append([f"  {clean(target)}", *(_score(key, own[key]) if key in own else "" for key in columns)])
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns) + 1)]
    return "\n".join(
        f"{row[0]:<{widths[0]}}"
        + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )


def written(trainer: Trainer) -> str:
    """What a network of text goes on to write after a few rows of the data; nothing for other networks."""
    from nnplay.training.writing.sampling import writes_text
    from nnplay.views.kinds.writing import make_writing

    if not writes_text(trainer):
        return ""
    samples = [make_writing(trainer, Asked(row)) for row in range(_SAMPLES)]
    return "\n".join(["generated text:", *(f"  {clean(one.start)}│{clean(one.text)}" for one in samples)])


def health(trainer: Trainer, weights_of: int) -> list[str]:
    """What is wrong with the run, one line each, as the playground's health pane has it.

    Args:
        weights_of: the step whose weights are in place.
    """
    from nnplay.health import findings

    return [f"health: {item.sentence}" for item in findings(trainer, weights_of) if item.level in ("error", "warning")]


def hopeless(trainer: Trainer) -> list[str]:
    """Why a run cannot work as it is set up, a sentence each, before it starts."""
    from nnplay.health import findings
    from nnplay.health.judge import health_rules

    rules = health_rules()
    found = findings(trainer)
    return [item.sentence for item in found if item.mend or item.level == "error" or rules[item.rule].at_start]


def document(
    run: RunConfig,
    trainer: Trainer,
    outcome: str,
    found: Mapping[str, Mapping[str, float]],
    reason: str = "",
    best: BestEpoch | None = None,
) -> str:
    """Everything about the run as one JSON object; numbers that are not finite become null.

    Args:
        reason: why it stopped by itself.
        best: the epoch whose weights are in place.
    """
    curves = {
        name: {
            "step": trainer.history[name].steps.tolist(),
            "value": [_finite(float(value)) for value in trainer.history[name].last],
        }
        for name in trainer.history.names()
        if name not in ("loss", "gradient_norm", "lr")
    }
    return json.dumps(
        {
            "outcome": outcome,
            "run": run.to_dict(),
            "parameters": trainer.plan.parameter_count,
            "epoch": trainer.epoch,
            "step": trainer.step,
            **({"stopped": reason} if reason else {}),
            **({"best_epoch": best.epoch, "best_step": best.step} if best is not None else {}),
            "seconds": round(trainer.seconds, 6),
            "notes": list(trainer.split.notes),
            **{part: {key: _finite(value) for key, value in values.items()} for part, values in found.items()},
            **_by_target(trainer),
            **_intervals(trainer),
            "history": curves,
            "meaning": {name: number.meaning for name, number in NUMBERS.items() if name in {*curves, *_COUNTERS}},
        },
        allow_nan=False,
    )


def _by_target(trainer: Trainer) -> dict[str, Any]:
    scored = {
        part: {target: {key: _finite(value) for key, value in own.items()} for target, own in each.items()}
        for part, each in target_scores(trainer).items()
    }
    return {"targets": scored} if scored else {}


def _intervals(trainer: Trainer) -> dict[str, Any]:
    """95 % intervals of the scores on few test rows."""
    judged = trainer.split.test is not None and trainer.players.target is None
    found = trainer.uncertainty("test") if judged else {}
    return {"intervals": {"test": {key: list(map(_finite, ends)) for key, ends in found.items()}}} if found else {}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _score(name: str, value: float) -> str:
    """A score as it can be read: one in the target's own units may be large, and its decimals say nothing then."""
    if math.isnan(value):  # R² of targets that are all the same
        return "–"
    if name in _PERCENT:
        return percent(value, 1)
    for most, decimals in ((100.0, 4), (1000.0, 2), (1e7, 0)):
        if 1e-3 <= abs(value) < most:
            return f"{value:,.{decimals}f}"
    return figure(value, 4)


def _targets(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return f"target {names[0]}"
    return counted(len(names), "target") + (f": {', '.join(names)}" if len(names) <= _MOST_TARGETS else "")
