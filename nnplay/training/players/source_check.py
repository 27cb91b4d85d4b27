"""Refusing weights of a saved session that do not fit where nothing would train others in their place."""

from __future__ import annotations

from nnplay.errors import InputError
from nnplay.text import clean
from nnplay.training.trainer import Trainer


def refuse_random_and_fixed(trainer: Trainer, *, frozen: bool) -> None:
    """Refuses a run in which a network is to begin with a session's weights, and a tensor would stay random instead.

    Args:
        frozen: also of networks that are trained in part; not where weights of a run go on, as after an edit.

    Raises:
        InputError: a teacher, or a frozen layer, to which the session has no tensor of that shape.
    """
    players, tape = trainer.players, trainer.machine.tape
    sources = {name: one.source for name, one in players.networks.items()} | {players.own: players.source}
    trained = {name for stage in tape.stages for name in stage.gradients}
    given = trainer.given_weights
    for network, source in sources.items():
        own = tape.parameters_of(players.in_tape(network)) if source else []
        lost = next((name for name in own if name not in trained and name not in given), None)
        if lost is not None and (frozen or trained.isdisjoint(own)):
            shape = "×".join(map(str, tape.parameters[lost].at(1)))
            raise InputError(
                f"'{clean(source)}' has no {lost} of {shape}, and nothing would train it",
                where=network,
                hint="name a session whose layers and inputs are these, or leave the layer to be trained",
            )
