"""The run that is open on the screen, as the parts of the back end share it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnplay.config import RunConfig
from nnplay.data.split import Split
from nnplay.run.worker import Worker


@dataclass(slots=True)
class OpenRun:
    """What was chosen, the rows that it is trained on, and the worker that trains.

    Attributes:
        config: everything that was chosen; the worker follows when it comes to it.
        view: what the screen wants to find again when the session is opened: plain TOML values.
        edits: another number after each edit; the number of then after one that was refused.
        edit_epoch: goes up when queued edits no longer count.
        lock: taken by whoever changes the config, the split or the lists of edits.
    """

    worker: Worker
    config: RunConfig
    split: Split
    view: Mapping[str, Any] = field(default_factory=dict)
    edits: int = 0
    edit_epoch: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)
    _newest_edit: int = 0

    def count_edit(self) -> None:
        """Gives `edits` a number that it never had."""
        self._newest_edit += 1
        self.edits = self._newest_edit

    def choose(self, config: RunConfig, split: Split) -> None:
        """Takes over what was chosen; its stop conditions apply from now on."""
        self.config, self.split = config, split
        self.worker.controls.stops = config.stop_conditions()
