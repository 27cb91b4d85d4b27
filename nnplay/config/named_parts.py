"""Settings that name parts of a run: a new run that does not have them is refused, as a misspelt name does nothing."""

from __future__ import annotations

from nnplay.config.run_config import RunConfig
from nnplay.data.split import Split
from nnplay.network import silenced_frozen
from nnplay.network.network import Network
from nnplay.training.players.stages import list_layers, plan_networks


def check_named_parts(config: RunConfig, split: Split) -> None:
    """Refuses silent and frozen parts, and resting objectives, that a run does not have.

    Args:
        config: complete.

    Raises:
        InputError: the first of them.
    """
    settings = config.training_settings()
    if settings.silent or settings.frozen:
        plans = plan_networks(config.players, Network(config.layers, config.seed).plan(split.feature_shape))
        silenced_frozen.check(list_layers(plans), settings.silent, settings.frozen)
    config.players.check_resting(settings.resting)
