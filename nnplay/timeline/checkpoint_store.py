"""Where the past of a run is kept: states in memory, and beyond that in a file of their own that nobody else sees."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.records.optimizer import Optimizer
from nnplay.training.checkpoint import State
from nnplay.training.checkpoint_file import KeptState
from nnplay.training.settings import Setup
from nnplay.training.trainer import Trainer

#: Of the room that is left on the disk, the file takes at most one part in so many.
_SHARE_OF_DISK: Final = 8
_EMPTY: Final = np.zeros(0, np.float32)


class RunPart:
    """A part of a run with one network and one data set: its trainer, made when somebody goes there.

    Args:
        trainer: if it is there already.
        make: makes it otherwise.
        config, data: what it is made of, and the digest of its rows, for those who save it; nobody here looks at them.
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
        """The trainer.

        Raises:
            InputError: it cannot be made (its data are gone).
        """
        if self._trainer is None:
            assert self._make is not None
            self._trainer = self._make()
        return self._trainer

    @property
    def made(self) -> Trainer | None:
        """The trainer, if it is there."""
        return self._trainer

    @property
    def nbytes(self) -> int:
        """Bytes that the trainer takes at present."""
        return 0 if self._trainer is None else self._trainer.machine.nbytes


def remade_part(trainer: Trainer, changes: Mapping[str, Any]) -> RunPart:
    """The part that goes on from a trainer with some things changed, of a run that nobody saves."""
    return RunPart(None, lambda: trainer.remade(**changes)[0])


@dataclass(slots=True, eq=False)
class Moment:
    """One stored moment of a run.

    Attributes:
        step: where it is.
        made: changes of the journal that were made before it.
        state: the state; without its memory where that lies in the file; by names until its part's trainer is there.
        part: with the network and the data of then.
        pinned: no replay of an earlier moment leads to it: the first of a part, or what a change left that cannot be
            made again.
        first: digest of a moment that follows from seed and settings.
        place: number of the record in the file, or -1.
    """

    step: int
    made: int
    state: State | KeptState
    part: RunPart
    pinned: bool = False
    first: str = ""
    place: int = -1

    @property
    def settings(self) -> tuple[Optimizer, Setup]:
        """Those in force at that moment."""
        return self.state.optimizer, self.state.setup


class Shelf:
    """A file of equally large records, unlinked as soon as it is made: it ends with the process.

    Args:
        room: bytes that it may take at the most; less where the disk has less.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._number = -1
        self._free: list[int] = []
        self._end = 0
        self._record = 0

    @property
    def used(self) -> int:
        """Records in use."""
        return self._end - len(self._free)

    def put(self, moment: Moment) -> bool:
        """Moves a moment's memory into the file; False where there is no room for it, and then nothing has changed."""
        if isinstance(moment.state, KeptState):
            return False
        memory = moment.state.memory
        self._record = self._record or memory.nbytes
        if (
            memory.nbytes != self._record
            or not self._open()
            or not (self._free or (self._end + 1) * memory.nbytes <= self._room)
        ):
            return False
        place = self._free[-1] if self._free else self._end
        try:
            written = os.pwrite(self._number, memory.data, place * memory.nbytes)
        except OSError:
            written = 0
        if written != memory.nbytes:
            self._room = 0  # the disk is full or gone: what is there can be read, but nothing more is put there
            return False
        if self._free:
            self._free.pop()
        else:
            self._end += 1
        moment.place, moment.state = place, replace(moment.state, memory=_EMPTY)
        return True

    def get(self, moment: Moment) -> State:
        """The state of a moment, wherever its memory is.

        Raises:
            InputError: it was read from a file, and is none of its part's network.
        """
        if isinstance(moment.state, KeptState):
            moment.state = moment.state.state(moment.part.trainer)
        if moment.place < 0:
            return moment.state
        memory: NDArray[Any] = np.empty_like(moment.part.trainer.machine.state())
        if os.preadv(self._number, [memory.data], moment.place * memory.nbytes) != memory.nbytes:
            raise OSError("a stored moment of the run cannot be read back")
        return replace(moment.state, memory=memory)

    def take_back(self, moment: Moment) -> None:
        """Moves a moment's memory out of the file."""
        moment.state = self.get(moment)
        self.drop(moment)
        moment.place = -1

    def drop(self, moment: Moment) -> None:
        """Makes room again."""
        if moment.place >= 0:
            self._free.append(moment.place)

    def _open(self) -> bool:
        if self._number < 0 and self._room:
            folder = Path("/var/tmp")  # a disk, where /tmp may be memory
            try:
                where = str(folder) if folder.is_dir() and os.access(folder, os.W_OK) else tempfile.gettempdir()
                self._room = min(self._room, shutil.disk_usage(where).free // _SHARE_OF_DISK)
                with tempfile.TemporaryFile(dir=where) as file:
                    self._number = os.dup(file.fileno())
                weakref.finalize(self, os.close, self._number)
            except OSError:
                self._room = 0
        return self._number >= 0
