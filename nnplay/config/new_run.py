"""What a new run is refused for, and a saved one is not: whatever it names or sets that has no effect.

Each variant in a sweep or a race is a new run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nnplay.config.run_config import RunConfig
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.network import silenced_frozen
from nnplay.network.network import Network
from nnplay.training.players import check as players_check
from nnplay.training.players.players import PlayerNetwork
from nnplay.training.players.stages import list_layers, plan_networks

#: Settings of a network beside the run's own that have no effect without another one: its name, and its field.
_NEEDS: Final[Mapping[str, tuple[str, str]]] = {
    "distribution": ("noise", "noise"),
    "truncation": ("noise", "noise"),
    "part": ("from", "source"),
}
_USUAL: Final = PlayerNetwork(())


def check_new_run(config: RunConfig, split: Split) -> None:
    """Refuses parts that are named and not there, objectives that train nothing, and settings that have no effect.

    Sessions that were saved with such a thing open all the same.

    Args:
        config: complete.

    Raises:
        InputError: the first of them.
    """
    players, settings = config.players, config.training_settings()
    for name, network in players.networks.items():
        _check_network(name, network)
    if players or settings.silent or settings.frozen:
        plans = plan_networks(players, Network(config.layers, config.seed).plan(split.feature_shape))
        players_check.check_trained(players, plans)
        silenced_frozen.check(list_layers(plans), settings.silent, settings.frozen)
    players.check_resting(settings.resting)


def _check_network(name: str, network: PlayerNetwork) -> None:
    for key, (other, field) in _NEEDS.items():
        if getattr(network, key) != getattr(_USUAL, key) and not getattr(network, field):
            what = f"has no effect without '{other}'"
            raise InputError(what, where=f"networks.{name}.{key}", hint=f"add {other}, or leave it out")
