"""What the health rules look at: a few numbers about a run, taken once for all rules."""

from __future__ import annotations

from dataclasses import dataclass

from nnplay.health import layer_facts
from nnplay.health.data_facts import DataFacts, data_facts
from nnplay.health.layer_facts import Activation, Weight
from nnplay.health.losses import Losses, Series, read_series, smooth_losses
from nnplay.training.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts about one moment of a run; large tensors are sampled.

    Attributes:
        step, batches, lr: steps taken, batches of an epoch, learning rate of the next step.
        usual_lr: the learning rate that the optimizer has by default.
        loss: the smoothed training loss.
        train_loss, validation_loss, accuracy: means of epochs; validation ones may be empty.
        gradient_norm: of each step.
        activations, weights: layers, in the order of the forward pass.
        update: share by which one step changes the weights, NaN while unknown.
        fault: the last step tried met a number that is not finite.
        data: facts about the split.
    """

    step: int
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

    def epoch_at(self, step: int) -> int:
        """The epoch that ended at a step."""
        return round(step / self.batches)


def gather_evidence(trainer: Trainer) -> Evidence:
    """The evidence of the present moment; changes nothing of the run."""
    history, since = trainer.history, trainer.scored_since
    return Evidence(
        step=trainer.step,
        batches=trainer.batches,
        lr=trainer.lr,
        usual_lr=next(float(item.default) for item in trainer.optimizer.record.fields if item.name == "lr"),
        loss=smooth_losses(history, trainer.batch_rows, since),
        train_loss=read_series(history, "train_loss", since),
        validation_loss=read_series(history, "validation_loss", since),
        accuracy=read_series(history, "validation_accuracy", since),
        gradient_norm=read_series(history, "gradient_norm", since),
        activations=layer_facts.describe_activations(trainer),
        weights=layer_facts.describe_weights(trainer),
        update=layer_facts.measure_update(trainer),
        fault=layer_facts.has_fault(trainer),
        data=data_facts(trainer.split),
    )
