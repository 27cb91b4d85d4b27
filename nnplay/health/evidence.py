"""What the health rules look at: a few numbers about a run, taken once for all rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nnplay.health import layer_facts
from nnplay.health.data_facts import DataFacts, data_facts
from nnplay.health.layer_facts import Activation, Weight
from nnplay.health.losses import Losses, Series, read_series, smooth_losses
from nnplay.health.player_facts import PlayerFacts, idle_objectives, player_facts, thawed, uncounted_objectives
from nnplay.network.network import NetworkPlan, PlannedLayer
from nnplay.records.layer import Layer
from nnplay.records.loss import LossRecord
from nnplay.records.registry import loss_records
from nnplay.training.trainer import Trainer

#: The field that says how many tokens a layer knows.
VOCABULARY: Final = "vocabulary"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts about one moment of a run; large tensors are sampled.

    Attributes:
        weights_of: the step whose weights are in place: an earlier one where the best epoch's came back.
        step, batches, lr: steps taken, batches of an epoch, learning rate of the next step.
        usual_lr: the learning rate that the optimizer has by default.
        loss: the smoothed training loss, up to the step whose weights are in place.
        train_loss, validation_loss, accuracy: means of epochs; validation ones may be empty.
        gradient_norm: of each step.
        activations, weights: layers, in the order of the forward pass.
        update: share by which one step changes the weights, NaN while unknown.
        fault: the last step tried met a number that is not finite.
        data: facts about the split.
        network, plan: layers as they were written, and as they are run.
        loss_record: the kind of loss.
        batch_rows: rows of a full batch.
        players: facts about a generator and its discriminator, where there are such.
        idle_objectives: names of those that change nothing, as their networks are frozen.
        uncounted_objectives: names of those that change nothing, as the factor of each of their losses is 0.
        frozen, thawed: the setting `frozen`, and what it would be without parts of their networks.
        same_answer: rows that were looked at and have all the same answer; 0 where answers differ, or nobody looked.
    """

    step: int
    weights_of: int
    batches: int
    lr: float
    usual_lr: float
    loss: Losses
    train_loss: Series
    validation_loss: Series
    accuracy: Series
    gradient_norm: Series
    activations: tuple[Activation, ...]
    weights: tuple[Weight, ...]
    update: float
    fault: bool
    data: DataFacts
    network: tuple[Layer, ...]
    plan: NetworkPlan
    loss_record: LossRecord
    batch_rows: int
    same_answer: int
    players: PlayerFacts | None = None
    idle_objectives: tuple[str, ...] = ()
    uncounted_objectives: tuple[str, ...] = ()
    frozen: str = ""
    thawed: str = ""

    @property
    def last(self) -> PlannedLayer:
        """The layer that gives the network's answer."""
        return next(planned for planned in reversed(self.plan.layers) if planned.output == self.plan.output)

    @property
    def token_layer(self) -> PlannedLayer | None:
        """The layer that takes the network's inputs as numbers of tokens, if there is one."""
        first = (planned for planned in self.plan.layers if 0 in planned.inputs)
        return next((planned for planned in first if VOCABULARY in planned.layer.values), None)

    @property
    def probability_layers(self) -> Mapping[str, str]:
        """Layers that give probabilities, as some loss asks for them at the end; with what that loss compares with.

        Those for "labels" are shares of one whole, the others each a probability by itself.
        """
        return {loss.ends: loss.target for loss in loss_records().values() if loss.ends}

    def epoch_at(self, step: int) -> int:
        """The epoch that ended at a step."""
        return round(step / self.batches)


def gather_evidence(trainer: Trainer, weights_of: int | None = None) -> Evidence:
    """The evidence of the present moment; changes nothing of the run.

    Args:
        weights_of: the step whose weights are in place; the present one unless it is given.
    """
    history, since = trainer.history, trainer.scored_since
    kept = trainer.step if weights_of is None else weights_of
    loss = smooth_losses(history, trainer.batch_rows, since)
    idle = idle_objectives(trainer)
    return Evidence(
        step=trainer.step,
        weights_of=kept,
        batches=trainer.batches,
        lr=trainer.lr,
        usual_lr=next(float(item.default) for item in trainer.optimizer.record.fields if item.name == "lr"),
        loss=loss.until(kept) if kept < trainer.step else loss,
        train_loss=read_series(history, "train_loss", since),
        validation_loss=read_series(history, "validation_loss", since),
        accuracy=read_series(history, "validation_accuracy", since),
        gradient_norm=read_series(history, "gradient_norm", since),
        activations=layer_facts.describe_activations(trainer),
        weights=layer_facts.describe_weights(trainer),
        update=layer_facts.measure_update(trainer),
        fault=layer_facts.has_fault(trainer),
        data=data_facts(trainer.split),
        network=trainer.network.layers,
        plan=trainer.plan,
        loss_record=trainer.loss.record,
        batch_rows=trainer.batch_rows,
        same_answer=layer_facts.count_same_answers(trainer),
        players=player_facts(trainer),
        idle_objectives=idle,
        uncounted_objectives=uncounted_objectives(trainer),
        frozen=trainer.settings.frozen,
        thawed=thawed(trainer, idle),
    )
