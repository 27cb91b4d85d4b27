"""Making loss and layers of a run suit other data, or its last layer another loss."""

from __future__ import annotations

from dataclasses import replace

from nnplay.config.default_networks import layers_for
from nnplay.config.run_config import RunConfig
from nnplay.data.dataset import Dataset
from nnplay.data.split import Split
from nnplay.errors import InputError, NnplayError
from nnplay.network.fit_outputs import fit_outputs
from nnplay.network.network import Network
from nnplay.records.layer import Layer
from nnplay.records.loss import Loss
from nnplay.records.registry import loss_records
from nnplay.training.scores.class_balance import balanced
from nnplay.training.scores.target_kinds import outputs_for, refuse_targets
from nnplay.training.scores.targets import default_loss, target_form


def fit_data(config: RunConfig, data: Dataset) -> RunConfig:
    """The run with loss and layers that suit the data: those that it has, fitted, else the usual ones."""
    kept = config.loss if config.loss is not None and _is_for(config.loss, data) else None
    loss = kept or loss_records()[default_loss(data)]()
    layers = _fitting(_with_vocabulary(config.layers, data), loss, data) or ()
    if kept is None and layers and _looks_from_each_pixel(layers, data):
        layers = ()
    if not layers or len(layers) > len(config.layers):
        usual = layers_for(data, loss)
        if not layers or layers[0].record is not usual[0].record:
            layers = usual  # flattened for a network that was made for flat rows, an image teaches little
    return replace(config, loss=loss, layers=layers)


def _looks_from_each_pixel(layers: tuple[Layer, ...], data: Dataset) -> bool:
    """Whether a network that named pixels would now look for a box from each of them: most see too little of one."""
    if data.task != "detection":
        return False
    return Network(layers).plan(data.feature_shape).output_shape[:2] == data.feature_shape[:2]


def _with_vocabulary(layers: tuple[Layer, ...], data: Dataset) -> tuple[Layer, ...]:
    """The layers, the first of which looks up as many tokens as a text has."""
    if data.vocabulary is None or not layers or "vocabulary" not in layers[0].values:
        return layers
    return (layers[0].with_values(vocabulary=len(data.vocabulary.tokens)), *layers[1:])


def suit_file(config: RunConfig, split: Split) -> RunConfig:
    """The run on somebody's own data, just opened: everything that the data before had decided is chosen anew.

    That is network, loss, penalties, size of a batch, and when the run ends. The optimizer stays, and what limits the
    gradient or names the type of numbers.
    """
    chosen = ("batch_size", "l1", "l2", "silent", "frozen")
    training = {name: value for name, value in config.training.items() if name not in chosen}
    return replace(config, layers=(), loss=None, training=training, epochs=0, stop={}).completed(split)


def complete_for_screen(config: RunConfig, split: Split) -> RunConfig:
    """The run with all that was left open, for the playground: a run on a file ends by itself, any other goes on."""
    made = config.completed(split)
    return made if config.data.file else replace(made, epochs=config.epochs)


def fit_loss(config: RunConfig, data: Dataset) -> RunConfig:
    """The run with as many outputs as its loss wants; the same run where that does not help."""
    if config.loss is None or _suit(config.layers, config.loss, data):
        return config
    return replace(config, layers=_fitting(config.layers, config.loss, data) or config.layers)


def _is_for(loss: Loss, data: Dataset) -> bool:
    """Whether a loss takes targets as the data have them."""
    if loss.target == "values" and data.task == "classification":
        return False
    try:
        refuse_targets(loss, data)
    except InputError:
        return False
    return True


def _fitting(layers: tuple[Layer, ...], loss: Loss, data: Dataset) -> tuple[Layer, ...] | None:
    """The first form of the layers that takes the data's inputs and gives what the loss wants."""
    forms = fit_outputs(layers, outputs_for(loss, data), data.feature_shape)
    return next((form for form in forms if _suit(form, loss, data)), None)


def _suit(layers: tuple[Layer, ...], loss: Loss, data: Dataset) -> bool:
    """Whether layers take the data's inputs and give what the loss wants."""
    try:
        target_form(balanced(loss, data), data, Network(layers).plan(data.feature_shape).output_shape)
    except NnplayError:
        return False
    return True
