"""Making loss and layers of a run suit other data, or its last layer another loss."""

from __future__ import annotations

from dataclasses import replace

from nnplay.config import defaults
from nnplay.config.run_config import RunConfig
from nnplay.data.dataset import Dataset
from nnplay.errors import NnplayError
from nnplay.network.fit_outputs import fit_outputs
from nnplay.network.network import Network
from nnplay.records.layer import Layer
from nnplay.records.loss import Loss
from nnplay.records.registry import loss_records
from nnplay.training.targets import default_loss, target_form


def fit_data(config: RunConfig, data: Dataset) -> RunConfig:
    """The run with loss and layers that suit the data: those that it has, fitted, else the usual ones."""
    loss = config.loss if config.loss is not None and _is_for(config.loss, data) else None
    loss = loss or loss_records()[default_loss(data)]()
    usual = defaults.layers_for(data, loss)
    layers = _fitting(config.layers, loss, data) or usual
    if len(layers) > len(config.layers) and layers[0].record is not usual[0].record:
        layers = usual  # flattened for a network that was made for flat rows, an image teaches little
    return replace(config, loss=loss, layers=layers)


def fit_loss(config: RunConfig, data: Dataset) -> RunConfig:
    """The run with as many outputs as its loss wants; the same run where that does not help."""
    if config.loss is None or _suit(config.layers, config.loss, data):
        return config
    return replace(config, layers=_fitting(config.layers, config.loss, data) or config.layers)


def _is_for(loss: Loss, data: Dataset) -> bool:
    """Whether a loss takes targets as the data have them."""
    if (loss.record.target == "values") == (data.task == "classification"):
        return False
    return loss.record.target != "binary" or data.outputs == 2


def _fitting(layers: tuple[Layer, ...], loss: Loss, data: Dataset) -> tuple[Layer, ...] | None:
    """The first form of the layers that takes the data's inputs and gives what the loss wants."""
    forms = fit_outputs(layers, loss.record.outputs(data.outputs), data.feature_shape)
    return next((form for form in forms if _suit(form, loss, data)), None)


def _suit(layers: tuple[Layer, ...], loss: Loss, data: Dataset) -> bool:
    """Whether layers take the data's inputs and give what the loss wants."""
    try:
        target_form(loss, data, Network(layers).plan(data.feature_shape).output_shape)
    except NnplayError:
        return False
    return True
