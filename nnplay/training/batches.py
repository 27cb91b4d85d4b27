"""How many batches an epoch has: a last one too small for batch statistics is left out, a run of such is refused."""

from __future__ import annotations

from math import prod

from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.network.network import NetworkPlan, PlannedLayer
from nnplay.text import counted
from nnplay.training.settings import TrainingSettings


def batch_count(plan: NetworkPlan, split: Split, settings: TrainingSettings) -> int:
    """Steps of an epoch, of one batch or of several; a last batch that has too few rows for a layer is left out.

    Raises:
        InputError: a batch size above the number of training rows, or one that no step could be taken with.
    """
    batches, rows = split.batches(settings.batch_size), len(split.train)
    size = settings.batch_rows(rows)
    if size < plan.fewest_rows:
        raise _too_few(_asking(plan), size, plan.fewest_rows, rows)
    return -(-(batches - (_left_out(plan, split, settings) > 0)) // settings.accumulate)


def _left_out(plan: NetworkPlan, split: Split, settings: TrainingSettings) -> int:
    """Rows of a last batch that has too few for a layer; 0 where all are used."""
    rest = len(split.train) % settings.batch_rows(len(split.train))
    return rest if rest < plan.fewest_rows else 0


def batch_summary(plan: NetworkPlan, split: Split, settings: TrainingSettings) -> str:
    """`Split.summary`, and that the last batch is left out, where it is."""
    text = split.summary(settings.batch_size)
    last = _left_out(plan, split, settings)
    if not last:
        return text
    name = _asking(plan).layer.record.name
    return f"{text}; the last batch is left out: {name} needs more than {counted(last, 'row')} in a batch"


def _asking(plan: NetworkPlan) -> PlannedLayer:
    """The first layer that needs as many rows as any."""
    return next(one for one in plan.layers if one.plan.fewest_rows == plan.fewest_rows)


def _too_few(planned: PlannedLayer, size: int, fewest: int, rows: int) -> InputError:
    name = planned.layer.record.name
    other = "" if prod(planned.plan.output) == 1 else ", or layer_norm, which looks at each row by itself"
    return InputError(
        f"needs at least {counted(fewest, 'row')} in a batch; the batches have {size}: "
        "a single number a channel is its own mean",
        where=f"layer {planned.path}, {name}",
        hint=(f"use a batch_size of {fewest} or more{other}" if rows >= fewest else f"use more data{other}"),
    )
