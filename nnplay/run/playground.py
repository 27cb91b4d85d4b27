"""The run behind the screen: what was chosen becomes trainers, the worker runs them, files keep them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from nnplay.config import RunConfig
from nnplay.config.exchange import exchanged
from nnplay.config.fit import complete_for_screen, fit_data, fit_loss, suit_file
from nnplay.config.new_run import check_new_run
from nnplay.data.columns.columns import Column
from nnplay.data.profile.profile import Profile
from nnplay.data.real_rows import rows_called_real
from nnplay.errors import InputError
from nnplay.network.summary import Ledger
from nnplay.presets.catalogue import load_preset
from nnplay.run.choices import Catalogue, catalogue
from nnplay.run.edits import RunEditor
from nnplay.run.network_ledger import own_ledger, player_ledger
from nnplay.run.open_run import OpenRun
from nnplay.run.provenance import Provenance
from nnplay.run.render import Look
from nnplay.run.run_data import data_of, forget_rows, split_of
from nnplay.run.runs.run_list import RunList
from nnplay.run.saving import recent
from nnplay.run.saving.autosave import Autosave
from nnplay.run.saving.files import RunFiles
from nnplay.run.saving.recent import Recent
from nnplay.run.snapshot import Snapshot
from nnplay.run.speed_limit import EASED, SpeedLimit
from nnplay.run.task_words import describe_task
from nnplay.run.training_thread import TrainingThread
from nnplay.run.undo import Edits
from nnplay.run.worker import Worker
from nnplay.timeline.timeline import BUDGET
from nnplay.views.asked_image import ask_image, askable_shape
from nnplay.views.chances import Chance

#: What opens when no run is named: a small spiral classifier, one key away from learning; it ends as its preset does.
FIRST = "spiral"


class PlaygroundBackend:
    """Answers the screen. Methods return at once; what they cause shows in a later snapshot.

    Args:
        config: the run to begin with; the first preset if there is none.
        past: bytes of memory that checkpoints of the run's past may take.

    Attributes:
        catalogue: what there is to choose from.
        worker: trains.
        provenance: what each trainer was made of.
        files: the session that is open, and the autosave.
        editor: changes of the run, and the list of them.
        runs: all runs of the session.
    """

    def __init__(self, config: RunConfig | None = None, *, past: int = BUDGET) -> None:
        self.catalogue: Catalogue = catalogue()
        self.worker = Worker(budget=past)
        given = (config or load_preset(FIRST).config).anywhere()
        split = split_of(given)
        complete = complete_for_screen(given, split)
        check_new_run(complete, split)
        self._run = OpenRun(self.worker, complete, split)
        undo = Edits()
        self.provenance = Provenance(self._run)
        self.runs = RunList(self._run, self.provenance)
        self.files = RunFiles(self._run, self.provenance, undo, self.runs)
        self.editor = RunEditor(self._run, self.provenance, undo, self.runs)
        controls = self.worker.controls
        controls.speed_limit, controls.segment_of = EASED, self.provenance.segment_of
        self.worker.install(self.provenance.make_first(self._run.config, split))
        controls.before_leaving, controls.note_beside = self.files.keep_edit, self._run.note_beside

    # -- what the screen reads -------------------------------------------------------------------------------------

    @property
    def settings(self) -> RunConfig:
        """Everything that was chosen."""
        return self._run.config

    @property
    def view(self) -> Mapping[str, Any]:
        """What the screen wants to find again when the session is opened."""
        return self._run.view

    @view.setter
    def view(self, view: Mapping[str, Any]) -> None:
        self._run.view = view

    @property
    def compiling(self) -> str:
        """How far the kernels are that training waits for, in words; empty when they are all there."""
        return self.provenance.compiling

    @property
    def snapshot(self) -> Snapshot:
        """The latest one that the training thread published."""
        return self.worker.snapshot

    def ledger(self, layers: Sequence[str], network: str = "") -> Ledger:
        """Shapes, costs and problems of some layers on the present data; says too when the end does not fit.

        Args:
            network: the one beside the run's own that they are of; empty: the run's own.
        """
        config, split = self._run.config, self._run.split
        return player_ledger(config, split, network, layers) if network else own_ledger(config, split, layers)

    def summary(self) -> str:
        """How the rows are dealt: "700 training rows in batches of 32 = 22 batches per epoch; …"."""
        return self._run.split.summary(self._run.config.training_settings().batch_size)

    def askable_shape(self) -> tuple[int, int]:
        """Height and width of the images that the network tells apart; zeros where it does not."""
        trainer = self.worker.trainer
        return (0, 0) if trainer is None else askable_shape(trainer)

    def ask_image(self, ink: NDArray[Any]) -> tuple[Chance, ...]:
        """The likeliest classes of an image (height, width) that was drawn; from any thread.

        Raises:
            InputError: the network does not tell images of this size apart.
        """
        return self.worker.ask(lambda run: () if run.trainer is None else ask_image(run.trainer, ink))

    def task(self) -> str:
        """What the network is to learn: "spiral: the network learns to distinguish arm 1 and arm 2 from x1 and x2"."""
        return describe_task(self._run.config.data.source, self._run.split.train)

    def notes(self) -> tuple[str, ...]:
        """What reading, encoding and splitting the data did."""
        return self._run.split.notes

    def columns(self) -> tuple[Column, ...]:
        """What became of each column of the table that the data were read from, in its order; empty for other data."""
        return self._run.split.train.columns

    def row_shape(self) -> tuple[int, ...]:
        """Shape of one row of inputs."""
        return self._run.split.feature_shape

    def profile(self) -> Profile:
        """The data to be looked at; reads them again where they are no longer in memory, which may take long.

        Raises:
            InputError: they cannot be read, or are no longer those that the run was made of.
        """
        config, split = self._run.config, self._run.split
        data = data_of(config)
        parts = (split.indices.train, split.indices.validation, split.indices.test)
        if sum(map(len, parts)) != len(data):
            what = "has changed since it was read"
            raise InputError(what, where=data.name, hint=f":data {config.data.source} reads it again")
        return Profile(data, split)

    @property
    def will_run(self) -> bool:
        """Whether it trains, or will as soon as it has done what was asked before and its kernels are there."""
        return self.worker.will_run

    # -- running ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Trains until paused or a stop condition."""
        self.worker.run()

    def pause(self) -> None:
        """Stops after the present step."""
        self.worker.pause()

    def batch(self) -> None:
        """One step, or one step forward in the known past."""
        self.worker.step_forward()

    def back(self) -> None:
        """One step back."""
        self.worker.step_back()

    def epoch(self) -> None:
        """To the end of this epoch."""
        self.worker.step_forward(epoch=True)

    def goto(self, unit: str, number: int) -> None:
        """To a step or epoch: back in the past, forward by training on.

        Raises:
            InputError: the unit is neither, or the number is negative.
        """
        if unit not in ("step", "epoch") or number < 0:
            raise InputError(
                f"cannot go to {unit} {number}", where="goto", hint="write it as in goto step 500 or goto epoch 20"
            )
        self.worker.send(functools.partial(_go_to, unit=unit, number=number))

    def run_for(self, *, steps: int | None = None, epochs: int | None = None) -> None:
        """Trains for so many steps or epochs."""
        self.worker.run(steps, epochs)

    def limit_speed(self, limit: SpeedLimit) -> None:
        """Sets how fast the training goes from now on."""
        self.worker.controls.speed_limit = limit

    def look(
        self,
        *,
        surface: tuple[int, int] | None,
        neurons: int,
        output: bool = True,
        held_out: bool = False,
        view: str = "",
        item: int = 0,
        place: int | str = 0,
        room: tuple[int, int] = (60, 20),
        layers: int = 0,
        network: str = "",
    ) -> None:
        """Says which pictures are visible, and how large; what is not is not computed."""
        self.worker.controls.look = Look(surface, neurons, output, held_out, view, item, place, room, layers, network)
        self.worker.draw_again()

    # -- changing --------------------------------------------------------------------------------------------------

    def changed(self, **changes: Any) -> RunConfig:
        """The run with some entries of its table changed (`optimizer={"lr": 0.1}`), not yet in force.

        It is made to fit other data, or another loss, where one was chosen.

        Raises:
            InputError: an unknown name, or data that cannot be read.
        """
        present = self._run.config
        config = exchanged(present, changes)
        if "file" in changes.get("data", ()):  # whoever names it wants what is there now
            forget_rows(config)
        if config.data.file and config.data.file != present.data.file:
            config = suit_file(config, split_of(config))
        elif (
            config.data.source != present.data.source
            or (config.data.file and config.data != present.data)
            or (config.data != present.data and "layers" not in changes)
        ):
            data = data_of(config)
            config = fit_data(config, data if config.players.target is None else rows_called_real(data))
        elif "loss" in changes and "layers" not in changes:
            config = fit_loss(config, self._run.split.train)
        return config.anywhere()

    def preset(self, name: str) -> RunConfig:
        """The run of a preset; put in force with `apply`.

        Raises:
            InputError: there is no such preset.
        """
        preset = load_preset(name)
        return preset.config.completed(split_of(preset.config))

    def apply(self, settings: RunConfig, *, anew: bool = False, words: str = "") -> str:
        """See `RunEditor.apply`."""
        return self.editor.apply(settings, anew=anew, words=words)

    def set_weight(self, name: str, index: tuple[int, ...], value: float) -> str:
        """See `RunEditor.set_weight`."""
        return self.editor.set_weight(name, index, value)

    def reseed(self) -> str:
        """See `RunEditor.reseed`."""
        return self.editor.reseed()

    def rewind(self) -> None:
        """See `RunEditor.rewind`."""
        self.editor.rewind()

    def branches(self) -> list[tuple[str, str]]:
        """See `RunEditor.branches`."""
        return self.editor.branches()

    def switch_branch(self, words: str) -> str:
        """See `RunEditor.switch_branch`."""
        return self.editor.switch_branch(words)

    def go_to_run(self, number: int) -> str:
        """See `RunEditor.go_to_run`."""
        return self.editor.go_to_run(number)

    def undo(self) -> str:
        """See `RunEditor.undo`."""
        return self.editor.undo()

    def redo(self) -> str:
        """See `RunEditor.redo`."""
        return self.editor.redo()

    def catch_up(self) -> bool:
        """See `RunEditor.catch_up`."""
        return self.editor.catch_up()

    # -- keeping ---------------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """The session that `save("")` goes to; empty when the run was never saved."""
        return self.files.path

    @property
    def read_only(self) -> str:
        """Why the session that was opened cannot be saved to; empty when it can."""
        return self.files.read_only

    @property
    def autosave(self) -> Autosave:
        """What keeps the run while it is not saved."""
        return self.files.autosave

    def save(self, path: str) -> str:
        """See `RunFiles.save`."""
        return self.files.save(path)

    def save_target(self) -> str:
        """See `RunFiles.save_target`."""
        return self.files.save_target()

    def unsaved(self) -> bool:
        """See `RunFiles.unsaved`."""
        return self.files.unsaved()

    def steps_unsaved(self) -> int:
        """See `RunFiles.steps_unsaved`."""
        return self.files.steps_unsaved()

    def open(self, path: str) -> str:
        """See `RunFiles.open`."""
        return self.files.open(path)

    def recent(self) -> list[Recent]:
        """Saved and recovered runs, newest first."""
        return recent.recent()

    def recovered(self) -> list[Recent]:
        """Runs that ended without being saved, the newest first: to `resume`, `open_copy` or `discard`."""
        return recent.recovered()

    def older_recovered(self) -> int:
        """How many such runs are kept beside those that are listed."""
        return recent.older_recovered()

    def resume(self, path: str) -> str:
        """See `RunFiles.resume`."""
        return self.files.resume(path)

    def open_copy(self, path: str) -> str:
        """See `RunFiles.open_copy`."""
        return self.files.open_copy(path)

    def discard(self, path: str) -> str:
        """See `RunFiles.discard`."""
        return self.files.discard(path)

    def rescue(self) -> str:
        """See `RunFiles.rescue`."""
        return self.files.rescue()

    def rescue_progress(self) -> int:
        """See `RunFiles.rescue_progress`."""
        return self.files.rescue_progress()

    def stop(self, *, keep: bool = False) -> None:
        """See `RunFiles.stop`."""
        self.files.stop(keep=keep)


def _go_to(run: TrainingThread, unit: str, number: int) -> None:
    trainer = run.trainer
    if trainer is None:
        return
    ahead = trainer.steps_to(number) if unit == "epoch" else number - trainer.step
    target = trainer.step + ahead
    if unit == "epoch" and number <= trainer.epoch:
        target = number * trainer.batches
    run.reach(target)
