"""A run as a session: what a session's record and tensors mean, and the way back to a trainer that goes on exactly."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nnplay import session
from nnplay.config import RunConfig
from nnplay.data.fingerprint import fingerprint
from nnplay.data.reading.addresses import place_of
from nnplay.data.split import Split
from nnplay.errors import InputError, Problems
from nnplay.network.network import Network
from nnplay.run.saving import saved_progress
from nnplay.session.generation import PREVIOUS, RECORD
from nnplay.system.paths import user_path
from nnplay.tape.machines.device import make_machine
from nnplay.tape.machines.machine import MachineMaker
from nnplay.text import clean
from nnplay.timeline.change_log import Change, SetWeight, find_kept_step, read_change, write_change
from nnplay.timeline.saved import (
    SavedTimeline,
    append_change,
    append_replacement,
    fit_to_file,
    is_this_version,
    read_timeline,
    refuse_misfit,
    to_table,
    to_tensors,
)
from nnplay.timeline.saved.kept_label import KeptLabel, labels_to_tables, read_labels
from nnplay.timeline.saved.kept_run import KeptRun, fit_runs, read_runs, runs_to_tables, runs_to_tensors
from nnplay.training.remake import remake
from nnplay.training.trainer import Trainer

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class SavedRun:
    """A run at one step, ready to be written: plain values and copies of arrays, nothing live.

    Attributes:
        config: everything that the user chose.
        progress: step, epoch, batch, seconds of training, and what the loop carries between steps.
        tensors: parameters, optimizer state, running statistics, last good weights and curves, by name.
        view: settings of the screen.
        edited: the run that this one is just being changed into, where that takes long (kernels are compiled first).
        edited_weights: those set by hand meanwhile: they come after that change.
        past: what is kept of the steps before this one.
        others: the other runs of the session.
        labels: which of its runs the present one and its branches are.
        origin: the session that an autosave goes on from, and its generation then; no saved session names a path.
    """

    config: RunConfig
    progress: Mapping[str, Any]
    tensors: Mapping[str, Array]
    view: Mapping[str, Any] = field(default_factory=dict)
    edited: RunConfig | None = None
    edited_weights: Sequence[SetWeight] = ()
    origin: tuple[str, int] | None = None
    past: SavedTimeline | None = None
    others: tuple[KeptRun, ...] = ()
    labels: tuple[KeptLabel, ...] = ()

    @property
    def record(self) -> dict[str, Any]:
        """The session's record; keys of a text written by hand, which had the run at its top, go."""
        edited = None if self.edited is None else self.edited.anywhere().to_dict()
        run = self.config.to_dict()
        origin = None if self.origin is None else {"path": self.origin[0], "generation": self.origin[1]}
        step = int(self.progress.get("step", 0))
        weights = [write_change(Change(step, weight.words, weight)) for weight in self.edited_weights] or None
        now: dict[str, Any] = {"run": run, "edited": edited, "edited_weights": weights, "origin": origin}
        now |= {"progress": dict(self.progress), "view": dict(self.view)}
        now["past"] = None if self.past is None else to_table(self.past)
        now["runs"] = runs_to_tables(self.others) or None
        now["labels"] = labels_to_tables(self.labels) or None
        return {**dict.fromkeys(RunConfig.__dataclass_fields__), **now}


def capture(
    config: RunConfig, trainer: Trainer, view: Mapping[str, Any] | None = None, past: SavedTimeline | None = None
) -> SavedRun:
    """A copy of the trainer's present step; called at a step boundary, it takes as long as copying the state."""
    kept = trainer.step if past is None else find_kept_step(past.log.changes, trainer.step)
    progress, tensors = saved_progress.capture(trainer, kept)
    return SavedRun(config.anywhere(), progress, tensors, view or {}, past=past)


def is_taken(target: Path) -> bool:
    """Whether nothing can be saved at that place, as something is there; the empty folder of a failed save is not."""
    try:
        _refuse_occupied(target)
    except InputError:
        return True
    return False


def refuse_taken(path: str | os.PathLike[str]) -> None:
    """Refuses a place where a session is already, as only the one that is open is ever saved over; or no place at all.

    Raises:
        InputError: something is there, or other files are, or the folder around it is missing.
    """
    target = user_path(path)
    _refuse_occupied(target)
    if not os.path.isdir(target.parent):
        raise InputError("there is no such folder", where=str(target.parent), hint="create it first")


def _refuse_occupied(target: Path) -> None:
    is_folder = os.path.isdir(target)
    if any(os.path.lexists(target / name) for name in (RECORD, PREVIOUS)) or os.path.lexists(target) > is_folder:
        hint = "open it first, or choose another name"
        raise InputError("already exists, and it is not the open run", where=str(target), hint=hint)
    if is_folder:
        with session.Folder(target) as place, session.refusals(place.where):
            session.refuse_others(place.names(), place.where)


def write(
    path: str | os.PathLike[str],
    saved: SavedRun,
    lock: session.Lock | None = None,
    moved: Callable[[int], object] = lambda count: None,
) -> int:
    """Saves into a session folder; returns the generation. `moved` is called with counts of bytes on the way.

    Raises:
        NotSaved: the disk refused; what was saved before is intact.
    """
    saved = replace(saved, past=fit_to_file(saved.past), others=fit_runs(saved.others))
    more = {**({} if saved.past is None else to_tensors(saved.past)), **runs_to_tensors(saved.others)}
    return session.save(path, saved.record, saved.tensors, lasting=more, lock=lock, moved=moved)


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A session that was read: the run as config, its trainer where it stopped, and what had to be said about it.

    Attributes:
        past: what it keeps of the steps before; None where it keeps nothing, or nothing that can be used.
        others: the other runs of the session.
        labels: which of its runs the present one and its branches are.
    """

    config: RunConfig
    trainer: Trainer
    view: Mapping[str, Any]
    warnings: tuple[str, ...]
    read_only: bool
    past: SavedTimeline | None = None
    others: tuple[KeptRun, ...] = ()
    labels: tuple[KeptLabel, ...] = ()


def read(
    path: str | os.PathLike[str],
    progress: Callable[[int, int, str], None] | None = None,
    machine: MachineMaker = make_machine,
) -> OpenedRun:
    """Opens a session (folder, packed file, or a hand-written TOML text) and makes its trainer.

    Args:
        progress: told about kernels that must be compiled first, as `(done, total, name)`.
        machine: what runs the rows; `begin_machine` waits for no kernels.

    Raises:
        InputError: not a session, or one that cannot be; the message says which file and line.
    """
    loaded = session.load(path)
    config = _config(loaded)
    trainer = _make_trainer(loaded, config, progress, machine)
    warnings, past = list(loaded.warnings), None
    if loaded.tensors:
        warnings += saved_progress.restore(trainer, _section(loaded, "progress"), loaded.tensors, str(loaded.where))
        past, notes = _read_past(loaded, config, trainer)
        warnings += notes
    if loaded.tensors and "edited" in loaded.record:
        before, config = trainer, _config(loaded, "edited")
        trainer, words = _make_edit(trainer, config, progress, machine)
        past = None if past is None or trainer.step == 0 else append_replacement(past, before, config, trainer, words)
        warnings.append(words)
    if "edited_weights" in loaded.record:
        past, notes = _set_weights(trainer, past, loaded)
        warnings += notes
    others, labels, notes = _read_others(loaded)
    warnings += notes
    view = _section(loaded, "view")
    return OpenedRun(config, trainer, view, tuple(warnings), loaded.read_only, past, others, labels)


def _read_others(loaded: session.Loaded) -> tuple[tuple[KeptRun, ...], tuple[KeptLabel, ...], list[str]]:
    """The other runs of a session, which one the present is, and what there is to say where that cannot be used."""
    record = loaded.record
    try:
        others = read_runs(record["runs"], loaded.tensors, Path(loaded.where).parent) if "runs" in record else ()
        labels = read_labels(record["labels"]) if "labels" in record else ()
        numbers = [one.number for one in others] + [one.number for one in labels]
        if len(set(numbers)) < len(numbers):
            raise InputError("two runs have one number", where="runs")
    except InputError as problem:
        first = problem.problems[0] if isinstance(problem, Problems) else problem
        return (), (), [f"the other runs of the session cannot be used: {first.message}"]
    return others, labels, []


def _read_past(loaded: session.Loaded, config: RunConfig, trainer: Trainer) -> tuple[SavedTimeline | None, list[str]]:
    """What a session keeps of the past, and what there is to say where it is not all of it."""
    if not trainer.step or "past" not in loaded.record:
        return None, []
    try:
        past = read_timeline(loaded.record["past"], loaded.tensors, trainer.step, Path(loaded.where).parent)
        refuse_misfit(past, config, trainer.split, str(_section(loaded, "progress").get("data", "")))
    except InputError as problem:
        first = problem.problems[0] if isinstance(problem, Problems) else problem
        return None, [f"the saved history cannot be used, so it begins at step {trainer.step:,}: {first.message}"]
    if is_this_version(past.engine):
        return past, []
    return past, ["earlier steps were run by another version of nnplay: replayed, their last digits may differ"]


def remake_as(
    trainer: Trainer, config: RunConfig, split: Split, progress: Callable[[int, int, str], None] | None = None
) -> tuple[Trainer, list[str]]:
    """The run changed into another one, with whatever weights still fit; and the names of those that were made anew."""
    settings = config.training_settings()
    return remake(
        trainer,
        progress,
        network=Network(config.layers, config.seed),
        data=split,
        loss=config.loss,
        optimizer=config.optimizer,
        players=config.players,
        **{name: getattr(settings, name) for name in settings.__dataclass_fields__},
    )


def _make_edit(
    trainer: Trainer, config: RunConfig, progress: Callable[[int, int, str], None] | None, machine: MachineMaker
) -> tuple[Trainer, str]:
    """Makes the edit that had been asked for when the run was saved; another seed or other data begin at step 0."""
    split = config.load()
    if trainer.network.seed != config.seed or fingerprint(split) != fingerprint(trainer.split):
        return config.trainer(progress, split, machine), "with the last edit, which restarts the run"
    changed, fresh = remake_as(trainer, config, trainer.split, progress)
    return changed, f"with the last edit; re-initialised: {', '.join(fresh)}" if fresh else "with the last edit"


def _make_trainer(
    loaded: session.Loaded,
    config: RunConfig,
    progress: Callable[[int, int, str], None] | None,
    machine: MachineMaker,
) -> Trainer:
    """The trainer of a session at step 0.

    Raises:
        InputError: it cannot be; where its data have changed, that is said first.
    """
    split = config.load()
    try:
        trainer: Trainer = config.trainer(progress, split, machine)
    except InputError as error:
        if _section(loaded, "progress").get("data") in (None, fingerprint(split)):
            raise
        what = f"this is not the data that the run was trained on, and does not suit it: {error.what}"
        hint = "restore the data, or train a new run on what is there now"
        raise InputError(what, where=place_of(config.data.source), hint=hint) from None
    return trainer


def _set_weights(
    trainer: Trainer, past: SavedTimeline | None, loaded: session.Loaded
) -> tuple[SavedTimeline | None, list[str]]:
    """Sets the weights that had been set by hand while something was made; the past with that, and what to say."""
    lines, where, notes = loaded.record["edited_weights"], loaded.place("edited_weights"), []
    for line in lines if isinstance(lines, list) else [lines]:
        action = _read_weight(line, where)
        try:
            action(trainer)
        except InputError:
            notes.append(f"{action.place} was set by hand but no longer exists")
        else:
            past = past and append_change(past, Change(trainer.step, action.words, action))
    return past, notes


def _read_weight(line: Any, where: str) -> SetWeight:
    try:
        action = read_change(line).apply
    except InputError:
        action = None
    if not isinstance(action, SetWeight):
        hint = 'write it as in "30 weight 0.weight[1,2] = 0.5"'
        raise InputError(f"'{clean(str(line), 60)}' does not set a weight", where=where, hint=hint)
    return action


def _config(loaded: session.Loaded, section: str = "run") -> RunConfig:
    """The run of a record; a record written by hand may have its keys at the top, and paths relative to its file."""
    prefix = f"{section}." if section in loaded.record else ""
    own = {key: value for key, value in loaded.record.items() if key not in _NOT_CONFIG}
    table = _section(loaded, section) if prefix else own
    try:
        return RunConfig.from_dict(table, folder=Path(loaded.where).parent)
    except Problems as error:
        raise Problems((_add_place(problem, loaded, prefix) for problem in error.problems), error.more) from None
    except InputError as error:
        raise _add_place(error, loaded, prefix) from None


def _add_place(problem: InputError, loaded: session.Loaded, prefix: str) -> InputError:
    """The same problem with file, line and key."""
    where = loaded.place(f"{prefix}{problem.where}") if problem.where else loaded.where
    return InputError(problem.what, where=where, hint=problem.hint)


_NOT_CONFIG = frozenset(
    {"edited", "edited_weights", "labels", "origin", "past", "progress", "runs", "view", "generation"}
    | {"format_read", "format_write", "written_by", "blob"}
)


def _section(loaded: session.Loaded, name: str) -> Mapping[str, Any]:
    value = loaded.record.get(name, {})
    if not isinstance(value, Mapping):
        raise InputError("should be a table", where=loaded.place(name))
    return value
