"""States of step 0 drawn for several seeds at once are those that each seed begins with."""

import numpy as np

from nnplay.config import RunConfig
from tests.small_players import game


def test_states_of_several_seeds():
    runs = (
        game(),
        RunConfig.from_dict({"data": "xor", "layers": "linear 4, batch_norm, tanh, linear 2", "optimizer": "adam"}),
    )
    for run in runs:
        trainer = run.trainer()
        states = trainer.initial_states([3, 8, 2**40])
        for seed, state in zip([3, 8, 2**40], states, strict=True):
            trainer.restart(seed)
            np.testing.assert_array_equal(trainer.machine.state(), state)
