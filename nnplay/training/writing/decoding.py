"""Reads a text token by token, keeping what layers need of earlier ones: a new token costs one step, not a window.

A decoder has a tape of its own, planned for one token. Its weights are copied from the trainer's whenever it begins,
and its answers are bit for bit those that the trainer gives for the same tokens at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nnplay.network import silenced_frozen
from nnplay.network.network import NetworkPlan
from nnplay.tape.assembler import TapeSpec, build
from nnplay.tape.objective import only
from nnplay.training import live_settings
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
_made: WeakKeyDictionary[Trainer, Decoder | None] = WeakKeyDictionary()


def decoder_of(trainer: Trainer) -> Decoder | None:
    """A decoder with the trainer's present weights, which has read nothing; None where a layer needs a whole window.

    There is one for each trainer, so that a text that is written again and again needs no new tape.
    """
    known = _made.get(trainer)
    if trainer not in _made or (known is not None and known.silent != trainer.settings.silent):
        plan = _plan_step(trainer)
        known = _made[trainer] = None if plan is None else Decoder(trainer, plan)
    if known is not None:
        known.begin(trainer)
    return known


def _plan_step(trainer: Trainer) -> NetworkPlan | None:
    """The plan of one token, if the network's values for a window are those of its tokens one below the other."""
    shape = trainer.split.feature_shape
    step = trainer.network.plan_step(shape[0]) if len(shape) == 1 else None
    if step is None or [(*shape, *value[1:]) for value in step.values] != list(trainer.plan.values):
        return None
    return step


class Decoder:
    """A network that reads one token after the other.

    Attributes:
        context: tokens that it can remember.
        silent: parts of the network that are silenced.
    """

    def __init__(self, trainer: Trainer, plan: NetworkPlan) -> None:
        (self.context,) = trainer.split.feature_shape
        self.silent = trainer.settings.silent
        target = (1, *trainer.form.shape[1:])
        silent, numbers = silenced_frozen.read(self.silent), live_settings.IN_MEMORY
        spec = TapeSpec(1, 1, {"target": target}, silent=silent, numbers=numbers)
        tape = build({"": plan}, [only(trainer.loss, trainer.optimizer)], spec)
        self._machine = machine = trainer.machine_maker(tape, dtype=trainer.settings.dtype, threads=1)
        live_settings.write(machine, [(trainer.loss, trainer.optimizer)], trainer.settings)
        # The rows gather their token from this array, since it is of the machine's type.
        self._token = np.zeros((1, 1), machine.dtype)
        self._rows = machine.load_eval({"input": self._token, "target": np.zeros((1, *target), machine.dtype)})
        self._count = sum(row.phase in ("data", "forward") for row in tape.evaluation)
        self._known: list[int] = []

    def begin(self, trainer: Trainer) -> None:
        """Forgets what was read, and takes over the trainer's weights as they are now."""
        machine, tape = self._machine, self._machine.tape
        for name, values in trainer.parameters().items():
            machine.view(tape.parameters[name])[...] = values
        for name, first in tape.buffers.items():
            machine.view(tape.layout.find(name))[...] = first
        self._known = []

    def read(self, tokens: Sequence[int]) -> NDArray[np.float64]:
        """What the network says after these tokens and all before them (classes,).

        When it remembers as many as it can, it begins anew with the last half of them: with a window of 64, a token
        costs two steps on average.
        """
        for token in tokens[-self.context :]:
            if len(self._known) == self.context:
                kept, self._known = self._known[-(self.context // 2) :], []
                for one in kept:
                    self._step(one)
            self._step(token)
        answer = self._machine.view(self._machine.tape.named["eval.output"])
        return np.array(answer[0, 0], np.float64)

    def _step(self, token: int) -> None:
        self._token[0, 0] = token
        self._machine.clock = self._machine.clock._replace(step=len(self._known))
        self._machine.run_table(self._rows.table, self._count)
        self._known.append(token)
