"""Where a run stands, as a session keeps it: the table `progress`, and the tensors of one step; and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.data.fingerprint import fingerprint
from nnplay.errors import InputError
from nnplay.session.blob import match
from nnplay.text import counted
from nnplay.timeline.saved import PREFIX as PAST
from nnplay.timeline.saved.kept_run import PREFIX as OTHERS
from nnplay.training.curves.history import PREFIX, History
from nnplay.training.curves.recording import OF_EPOCHS, newest_values
from nnplay.training.learning_rate import Plateau
from nnplay.training.state.saved_checkpoint import MOST_STEPS, SavedCheckpoint
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
_LAST_GOOD: Final = "last_good"
_CLOCK: Final = ("step", "epoch", "batch")


def capture(trainer: Trainer, kept_step: int) -> tuple[dict[str, Any], dict[str, Array]]:
    """Plain values, and copies of parameters, optimizer state, running statistics, last good weights and curves.

    Args:
        kept_step: the step whose weights are in place, which may be the best epoch's.
    """
    saved = SavedCheckpoint.of(trainer.state())
    values = newest_values(trainer.history, trainer.step, kept_step, trainer.scored_since)
    progress = {
        **dict(zip(_CLOCK, saved.clock, strict=True)),
        "seconds": float(trainer.seconds),
        "loss": values.get("loss", float("nan")),
        "scores": {name: values[name] for name in OF_EPOCHS if name in values},
        "running_loss": saved.loss_sum,
        "plateau": list(saved.plateau),
        "data": fingerprint(trainer.split),
    }
    if trainer.scored_since:
        progress["scored_since"] = trainer.scored_since
    tensors = dict(saved.tensors or {})
    tensors[_LAST_GOOD] = trainer.machine.view(trainer.machine.tape.named["last_good"]).copy()
    tensors |= trainer.history.to_arrays()
    return progress, tensors


def restore(trainer: Trainer, progress: Mapping[str, Any], tensors: Mapping[str, Array], where: str) -> list[str]:
    """Puts a trainer at the step that a session holds; returns what is to be said about it.

    Args:
        progress, tensors: as `capture` gives them; of a session, which may hold more tensors than these.
        where: the file, for messages.

    Raises:
        InputError: they are not those of such a run.
    """
    own = trainer.tensors()
    expected = {name: (str(value.dtype), value.shape) for name, value in own.items()}
    good = trainer.machine.view(trainer.machine.tape.named["last_good"])
    expected[_LAST_GOOD] = (str(good.dtype), good.shape)
    curves = {name: value for name, value in tensors.items() if name.startswith(PREFIX)}
    own_names = [name for name in tensors if name not in curves and not name.startswith((PAST, OTHERS))]
    state = {name: tensors[name] for name in own_names}
    broken = match(state, expected, where)
    if _whole(progress, "batch", where) >= trainer.batches:
        hint = f"an epoch has {counted(trainer.batches, 'batch')}"
        raise InputError("is not a batch of an epoch", where=f"{where}, progress.batch", hint=hint)
    step, epoch, batch = (_whole(progress, name, where) for name in _CLOCK)
    good_weights, loss_sum = state.pop(_LAST_GOOD), _number(progress, "running_loss", where)
    in_force = (_plateau(progress, where), trainer.optimizer, trainer.settings)
    saved = SavedCheckpoint(state, "", (step, epoch, batch), loss_sum, *in_force)
    trainer.restore(saved.to_checkpoint(trainer))
    good[...] = good_weights
    trainer.seconds = _number(progress, "seconds", where)
    trainer.history = History.from_arrays(curves)
    trainer.history.truncate(step)  # a run that was saved in its past goes on from there
    trainer.recorded, trainer.scored_since = step, min(step, _whole(progress, "scored_since", where))
    warnings = [f"these tensors hold numbers that are not finite: {', '.join(broken)}"] if broken else []
    if progress.get("data") not in (None, fingerprint(trainer.split)):
        warnings.append("this is not the data that the run was trained on")
    return warnings


def _whole(progress: Mapping[str, Any], name: str, where: str) -> int:
    value = progress.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MOST_STEPS:
        raise InputError(
            f"'{value}' is not a valid count", where=f"{where}, progress.{name}", hint="give a whole number, 0 or more"
        )
    return value


def _plateau(progress: Mapping[str, Any], where: str) -> Plateau:
    match progress.get("plateau", tuple(Plateau())):
        case (float() | int() as best, int() as waited, float() | int() as factor):
            return Plateau(float(best), waited, float(factor))
        case other:
            what = f"'{other}' is not a valid schedule state"
            raise InputError(what, where=f"{where}, progress.plateau", hint="write it as in [0.25, 0, 1.0]")


def _number(progress: Mapping[str, Any], name: str, where: str) -> float:
    value = progress.get(name, 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"'{value}' is not a number", where=f"{where}, progress.{name}")
    return float(value)
