"""What any thread may set for the training thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nnplay.run.render import Look
from nnplay.run.speed_limit import FULL, SpeedLimit
from nnplay.timeline.segment import Segment, remake_segment
from nnplay.timeline.timeline import BUDGET
from nnplay.training.stopping import Stops
from nnplay.training.trainer import Trainer

if TYPE_CHECKING:
    from nnplay.run.training_thread import TrainingThread


@dataclass(slots=True)
class RunControls:
    """What any thread may set, for what the training thread does next.

    Attributes:
        look: pictures that are wanted.
        stops: conditions that end the training.
        speed_limit: how fast it may go.
        segment_of: the segment of a run that a trainer belongs to once some things are changed; set by those who save.
        before_leaving: called before the run leaves its newest step for the past; set by those who save.
        note_beside: called when a branch beside the run was changed, which a session keeps; set by those who save.
        budget: bytes that checkpoints may take.
    """

    look: Look = field(default_factory=Look)
    stops: Stops = field(default_factory=Stops)
    speed_limit: SpeedLimit = FULL
    segment_of: Callable[[Trainer, Mapping[str, Any]], Segment] = remake_segment
    before_leaving: Callable[[TrainingThread], None] = lambda run: None
    note_beside: Callable[[], None] = lambda: None
    budget: int = BUDGET
