"""A segment of a run: the steps that one network went through on one data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnplay.training.remake import remake
from nnplay.training.trainer import Trainer


class Segment:
    """The steps of a run with one network and one data set: their trainer, made when somebody goes there.

    Args:
        trainer: if it is there already.
        make: makes it otherwise.
        config, data: what it is made of, and the digest of its rows, for those who save it.
    """

    def __init__(
        self,
        trainer: Trainer | None = None,
        make: Callable[[], Trainer] | None = None,
        config: Any = None,
        data: str = "",
    ) -> None:
        self._trainer, self._make, self.config, self.data = trainer, make, config, data

    @property
    def trainer(self) -> Trainer:
        """The trainer, made now if it is not there yet.

        Raises:
            InputError: it cannot be made (its data are gone).
        """
        if self._trainer is None:
            assert self._make is not None
            self._trainer = self._make()
        return self._trainer

    @property
    def trainer_if_made(self) -> Trainer | None:
        """The trainer, if it is there."""
        return self._trainer

    @property
    def loss_name(self) -> str:
        """The kind of loss that these steps make small; empty where that is not known."""
        loss = self.config.loss if self._trainer is None and self.config is not None else None
        loss = loss if self._trainer is None else self._trainer.loss
        return "" if loss is None else str(loss.record.name)

    @property
    def nbytes(self) -> int:
        """Bytes that the trainer takes at present."""
        return 0 if self._trainer is None else self._trainer.machine.nbytes


def remake_segment(trainer: Trainer, changes: Mapping[str, Any]) -> Segment:
    """The segment that goes on from a trainer with some things changed, of a run that nobody saves."""
    return Segment(None, lambda: remake(trainer, **changes)[0])
