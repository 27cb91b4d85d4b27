"""The run behind the screen: settings become trainers, the worker runs them, files keep them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nnplay.config import RunConfig
from nnplay.data.csv.columns import Column
from nnplay.errors import InputError
from nnplay.network.network import Network
from nnplay.network.summary import Ledger, ledger
from nnplay.presets.catalogue import load_preset
from nnplay.records.operation import shape_text
from nnplay.run.autosave import Autosave
from nnplay.run.choices import Catalogue, catalogue
from nnplay.run.edits import Changing, stops_of
from nnplay.run.render import Look
from nnplay.run.run_data import data_of, split_of
from nnplay.run.settings import Settings, fitted, from_config
from nnplay.run.snapshot import Snapshot
from nnplay.run.speed_limit import EASED, SpeedLimit
from nnplay.run.training_thread import TrainingThread
from nnplay.run.worker import Worker
from nnplay.timeline.timeline import BUDGET
from nnplay.training.targets import target_form

#: What opens at the very first start: a small spiral classifier, one key away from learning.
FIRST = "spiral"


class PlaygroundBackend(Changing):
    """Answers the screen. Methods return at once; what they cause shows in a later snapshot.

    Args:
        config: the run to begin with; the first preset if there is none.
        past: bytes of memory that checkpoints of the run's past may take.
    """

    def __init__(self, config: RunConfig | None = None, *, past: int = BUDGET) -> None:
        super().__init__()
        self.catalogue: Catalogue = catalogue()
        self.worker = Worker(budget=past)
        self._config = (config or replace(load_preset(FIRST).config, epochs=0)).anywhere()  # nobody asked for an end
        self._split = split_of(self._config)
        self.settings: Settings = from_config(replace(self._config.completed(self._split), epochs=self._config.epochs))
        self.worker.options.stops = stops_of(self.settings)
        self._config = self._described(self.settings)
        self.worker.install(self._maker(self._config, self._split))
        self.autosave = Autosave(self._latest, self._progress, self.worker.show_message)
        options = self.worker.options
        options.speed_limit, options.segment_of, options.before_leaving = EASED, self.segment_of, self._hold_edit

    # -- what the screen reads -------------------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """The latest one that the training thread published."""
        return self.worker.snapshot

    def ledger(self, layers: Sequence[str]) -> Ledger:
        """Shapes, costs and problems of some layers on the present data; says too when the end does not fit."""
        train = self._split.train
        names = train.feature_names or (shape_text(train.feature_shape),)
        outputs = train.class_names if train.task == "classification" else train.target_names
        found = ledger(layers, self._split.feature_shape, names, outputs)
        if found.lines and not any(line.problem for line in found.lines):
            problem = self._end_problem(layers)
            if problem:
                last = replace(found.lines[-1], problem=problem)
                found = replace(found, lines=(*found.lines[:-1], last))
        return found

    def _end_problem(self, layers: Sequence[str]) -> str:
        try:
            config = self.settings.changed(layers=tuple(layers)).config()
            plan = Network(config.layers).plan(self._split.feature_shape)
            if config.loss is not None:
                target_form(config.loss, self._split.train, plan.output_shape)
        except InputError as problem:
            return f"{problem.what}; {problem.hint}" if problem.hint else problem.what
        return ""

    def summary(self) -> str:
        """How the rows are dealt: "700 training rows in batches of 32 = 22 batches per epoch; …"."""
        return self._split.summary(self.settings.batch_size)

    def notes(self) -> tuple[str, ...]:
        """What reading, encoding and splitting the data did."""
        return self._split.notes

    def columns(self) -> tuple[Column, ...]:
        """What became of each column of the table that the data were read from, in its order; empty for other data."""
        return self._split.train.columns

    @property
    def will_run(self) -> bool:
        """Whether it trains, or will as soon as it has done what was asked before (compiling kernels takes long)."""
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
            raise InputError(f"cannot go to {unit} {number}", where="goto", hint="as in goto step 500 or goto epoch 20")
        self.worker.send(functools.partial(_go_to, unit=unit, number=number))

    def run_for(self, *, steps: int | None = None, epochs: int | None = None) -> None:
        """Trains for so many steps or epochs."""
        self.worker.run(steps, epochs)

    def limit_speed(self, limit: SpeedLimit) -> None:
        """Sets how fast the training goes from now on."""
        self.worker.options.speed_limit = limit

    def look(
        self,
        *,
        surface: tuple[int, int] | None,
        neurons: int,
        output: bool = True,
        held_out: bool = False,
        view: int = 0,
        item: int = 0,
    ) -> None:
        """Says which pictures are visible, and how large; what is not is not computed."""
        self.worker.options.look = Look(surface, neurons, output, held_out, view, item)
        self.worker.draw_again()

    # -- changing --------------------------------------------------------------------------------------------------

    def changed(self, **values: Any) -> Settings:
        """The settings with some values changed, made to fit another data set where one was chosen; not yet in force.

        Raises:
            InputError: an unknown name, or data that cannot be read.
        """
        settings = self.settings.changed(**values)
        if settings.dataset != self.settings.dataset or (
            settings.is_file and settings.dataset_fields != self.settings.dataset_fields
        ):
            settings = fitted(settings, data_of(settings.config()))
        if settings.is_file:
            settings = replace(settings, dataset=settings.config().anywhere().data.file)
        return settings

    def _described(self, settings: Settings) -> RunConfig:
        """The run that settings describe; what they do not hold stays as it was while the data are the same."""
        config, present, shown = settings.config(), self._config, self.settings
        if (settings.dataset, settings.dataset_fields) != (shown.dataset, shown.dataset_fields):
            return config
        split = present.split
        if settings.split != shown.split:
            split = replace(split, **{name: getattr(config.split, name) for name in ("train", "validation", "test")})
        return replace(config, split=split, epochs=present.epochs, title=present.title, about=present.about)

    def preset(self, name: str) -> Settings:
        """The settings of a preset; put in force with `apply`.

        Raises:
            InputError: there is no such preset.
        """
        preset = load_preset(name)
        config = preset.config.completed(split_of(preset.config))
        return replace(from_config(config), stops={"epochs": config.epochs, "patience": preset.patience})


def _go_to(run: TrainingThread, unit: str, number: int) -> None:
    trainer = run.trainer
    if trainer is None:
        return
    ahead = trainer.steps_to(number) if unit == "epoch" else number - trainer.step
    target = trainer.step + ahead
    if unit == "epoch" and number <= trainer.epoch:
        target = number * trainer.batches
    run.reach(target)
