"""The tape of a run: its networks, objectives and settings as the rows of one training step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnplay.network import silenced_frozen
from nnplay.records.operation import Operation
from nnplay.tape.assembler import TapeSpec, build
from nnplay.tape.tape import Tape
from nnplay.training import live_settings, parameter_groups
from nnplay.training.averaged_weights import AVERAGES
from nnplay.training.batches import batch_count
from nnplay.training.players.class_check import check_classes
from nnplay.training.players.stages import make_stages
from nnplay.training.scores.class_balance import balanced
from nnplay.training.scores.evaluation import rows_at_once

if TYPE_CHECKING:
    from nnplay.training.trainer import Trainer


def run_tape(trainer: Trainer) -> Tape:
    """The tape that a trainer's networks, data, losses, optimizers and settings make.

    Raises:
        InputError: objectives that do not fit the networks or the data.
    """
    settings, split = trainer.settings, trainer.split
    weight = "" if split.train.weights is None else "weight"
    loss = balanced(trainer.loss, split.train)
    check_classes(trainer.players, loss, trainer.plans, split.train)
    stages = make_stages(trainer.players, loss, trainer.optimizer, weight, trainer.plans)
    spec = TapeSpec(
        batch=trainer.block_rows,
        evaluation=rows_at_once(split),
        targets={"target": trainer.form.shape, **stages.targets},
        score=trainer.form.score,
        **live_settings.switched_rows(settings),
        silent=silenced_frozen.read(settings.silent),
        frozen=silenced_frozen.read(settings.frozen),
        groups=parameter_groups.layers_of(settings.groups),
        average=_average(trainer),
        accumulates=settings.accumulate > 1 or trainer.block_rows < trainer.batch_rows,
        rows=settings.step_rows(len(split.train)),
        numbers=live_settings.IN_MEMORY,
        noises=trainer.players.noises,
        constants=stages.constants,
    )
    return build(trainer.plans, stages.objectives, spec)


def _average(trainer: Trainer) -> tuple[Operation, int] | None:
    """The row that averages weights, and how many steps lie between two changes: one, or an epoch."""
    kind = trainer.settings.average
    if kind not in AVERAGES:
        return None
    return AVERAGES[kind], batch_count(trainer.plan, trainer.split, trainer.settings) if kind == "swa" else 1
