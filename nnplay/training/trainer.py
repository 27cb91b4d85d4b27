"""The trainer: a network, data, loss and optimizer that advance together, step by step, exactly repeatably."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.arguments import kind_of
from nnplay.data.dataset import Dataset
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.network import silenced_frozen
from nnplay.network.network import Network
from nnplay.records.loss import Loss, LossRecord
from nnplay.records.optimizer import Optimizer, OptimizerRecord
from nnplay.records.registry import loss_records, optimizer_records
from nnplay.system.processors import cores
from nnplay.tape.machines.averaged import averaged_weights
from nnplay.tape.machines.device import make_machine
from nnplay.tape.machines.machine import MAX_EPOCHS, MAX_STEPS, Machine, MachineMaker, check_maker
from nnplay.tape.memory_layout import STATE
from nnplay.tape.objective import full_name
from nnplay.tape.structure import Structure
from nnplay.tape.tape import Tape
from nnplay.training import live_settings, parameter_groups, whole_data
from nnplay.training.averaged_weights import AVERAGES, averages
from nnplay.training.batches import batch_count
from nnplay.training.curves.history import History
from nnplay.training.curves.layer_recording import LayerRecorder
from nnplay.training.curves.recording import OF_EPOCHS, extend_history
from nnplay.training.divergence import diverged
from nnplay.training.driver import CALL_SECONDS, Driver, read_count, steps_per_call
from nnplay.training.learning_rate import Plateau, rates, watches
from nnplay.training.memory_check import refuse_too_large
from nnplay.training.players import check as players_check
from nnplay.training.players.players import Players
from nnplay.training.players.stages import list_layers, plan_networks
from nnplay.training.run_tape import run_tape
from nnplay.training.scores.class_balance import balanced
from nnplay.training.scores.evaluation import Evaluation, Part, arrays_of
from nnplay.training.scores.targets import TargetForm, default_loss, target_form
from nnplay.training.scores.uncertainty import Interval
from nnplay.training.settings import TrainingSettings, resolve_record
from nnplay.training.state.checkpoint import Checkpoint, refuse_other_run
from nnplay.training.state.fitted_buffers import fitted_buffers
from nnplay.training.state.initial_state import initial_memory, reset_machine

Array = NDArray[Any]


class Trainer:
    """Trains a network: the same arguments give the same numbers, bit for bit, however the run is split up.

    `copy.deepcopy(trainer)` is an independent run that continues with the same bits; `copy.copy` shares its data.
    Pickle a trainer to send it to another process; to keep a run, use a `Session`.

    Args:
        network: the layers.
        data: a `Split`, or a `Dataset` whose rows are all training rows, unscaled.
        loss: a loss, its name (with settings: "huber delta=2"), or None for the usual one.
        optimizer: an optimizer, or its name, for its defaults or with settings ("sgd lr=0.1").
        progress: called for kernels that are compiled first, as `(done, total, name)`.
        machine: what runs the rows: the compiled loop, or another kind (`nnplay.tape.machines.machine`).
        players: further networks, and objectives beside the run's own (`nnplay.training.players.players`).
        settings: the rest as one value; single keywords (`batch_size=…`, `seed=…`: all of its fields) change it.

    Attributes:
        network, split, loss, optimizer, settings: what is trained, and how; `set` changes the last two.
        plan: the network planned for the data's rows: shapes, parameters, multiply-adds.
        players, plans: what is trained beside it, and the plans of all networks by name, its own under "".
        fitted: buffers that the training rows decide, such as the edges of ranges, by name.
        structure: layer names, tensor names and shapes, which identify matching checkpoints.
        history: curves of the run by name.
        seconds: time spent training, without evaluation and compiling.
        machine, machine_maker: the memory, clock and compiled rows under it all, and what made it.

    Raises:
        InputError: a network that cannot be, a loss that does not fit, a batch larger than the data, or more memory
            than there is. Nothing is allocated before all of that is known.
    """

    def __init__(
        self,
        network: Network,
        data: Split | Dataset,
        loss: Loss | LossRecord | str | None = None,
        optimizer: Optimizer | OptimizerRecord | str = "adam",
        *,
        settings: TrainingSettings | None = None,
        progress: Callable[[int, int, str], None] | None = None,
        machine: MachineMaker = make_machine,
        players: Players | None = None,
        **keywords: Any,
    ) -> None:
        self.network = kind_of(network, Network, "Network", "trainer", 'give Network("linear 8, tanh, linear 2")')
        self.split, self.machine_maker = _split(data), check_maker(machine)
        loss = default_loss(self.split.train) if loss is None else loss
        self.loss = resolve_record(loss, "loss", loss_records(), Loss)
        self.optimizer = resolve_record(optimizer, "optimizer", optimizer_records(), Optimizer)
        given, hint = TrainingSettings() if settings is None else settings, "give TrainingSettings(batch_size=32)"
        given = kind_of(given, TrainingSettings, "TrainingSettings", "trainer", hint)
        self.settings = given.changed(**keywords)
        self.plan = network.plan(self.split.feature_shape)
        self.players = kind_of(Players() if players is None else players, Players, "Players", "trainer")
        players_check.check(self.players)
        self.plans = plan_networks(self.players, self.plan)
        self.fitted = fitted_buffers(self.plans, self.split.train.x)
        self.form: TargetForm = target_form(
            balanced(self.loss, self.split.train), self.split.train, self.plan.output_shape
        )
        silent, frozen = silenced_frozen.fitting(list_layers(self.plans), self.settings.silent, self.settings.frozen)
        self.settings = replace(self.settings, silent=silent, frozen=frozen)
        parameter_groups.check(list_layers(self.plans), self.optimizer, self.settings.groups)
        batch_count(self.plan, self.split, self.settings)
        whole_data.check(self.plan, self.split.train, self.loss, self.optimizer, self.settings)
        if self.settings.average in AVERAGES:
            players_check.check_average(self.players, self.settings.average)
        tape = run_tape(self)
        self.structure = Structure.of(tape)
        refuse_too_large(self.plans, tape.size * np.dtype(self.settings.dtype).itemsize)
        self.machine: Machine = self._build_machine(tape, progress)
        self._load_data()
        self.seconds, self._call_steps = 0.0, 1
        self.rewind()

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are made as a new trainer is, with memory of its own, and go on with the same bits."""
        machine, players = self.machine_maker, self.players
        make = functools.partial(type(self), settings=self.settings, machine=machine, players=players)
        beside = {name: getattr(self, name) for name in ("history", "recorded", "scored_since", "plateau", "seconds")}
        return make, (self.network, self.split, self.loss, self.optimizer), (self.machine.contents(), beside)

    def __setstate__(self, copied: tuple[dict[str, Array], dict[str, Any]]) -> None:
        contents, beside = copied
        self.machine.fill(contents)
        self.__dict__.update(beside, history=beside["history"].copy())

    def __repr__(self) -> str:
        return f"<Trainer of {self.network!r} on {self.split.name}: epoch {self.epoch:,}, step {self.step:,}>"

    # -- making ----------------------------------------------------------------------------------------------------

    def answering_weights(self) -> AbstractContextManager[None]:
        """The weights that answers are given with, for as long as they are."""
        return averaged_weights(self.machine) if self.settings.use_average else nullcontext()

    def _build_machine(self, tape: Tape, progress: Callable[[int, int, str], None] | None = None) -> Machine:
        threads = self.settings.threads or cores()
        return self.machine_maker(tape, dtype=self.settings.dtype, threads=threads, progress=progress)

    def _load_data(self) -> None:
        arrays = arrays_of(self.split.train, self.form)
        settings, fewest = self.settings, max(plan.fewest_rows for plan in self.plans.values())
        self.machine.load(
            arrays,
            batch=self.block_rows,
            fewest=fewest,
            shuffle=settings.shuffle and not whole_data.looks_at_all(self.optimizer),
            accumulate=-(-settings.step_rows(len(self.split.train)) // self.block_rows),
        )
        self._evaluation = Evaluation(self.machine, self.split, self.form, self.answering_weights)
        self._layers = LayerRecorder(self.machine, self.plan, self.batch_rows)
        self._watch_validation()

    def _watch_validation(self) -> None:
        """Has the loop evaluate the validation part at the end of epochs, with the weights that answer."""
        settings = self.settings
        if self.split.validation is not None and settings.validate_every:
            self.machine.watch(self._evaluation.rows("validation"), settings.validate_every, settings.use_average)

    def rewind(self, initial: Array | None = None) -> None:
        """Goes back to step 0 with the same initial weights; the history is cleared.

        Args:
            initial: a row of `initial_states` for this seed, which then need not be drawn again.
        """
        reset_machine(self.machine, self.settings.seed, self.initial_memory() if initial is None else initial)
        self.history = History()
        self.recorded = self.scored_since = 0
        self.plateau = Plateau()
        self.write_settings()

    def restart(self, seed: int, initial: Array | None = None, **changes: Any) -> None:
        """Goes to step 0 of a run with another seed (of weights, order of rows, dropout) and changes as `set` takes.

        Args:
            initial: as `rewind` takes it.

        Raises:
            InputError: as `set` and `Network` do; nothing has changed then.
        """
        network, (optimizer, settings) = self.network.with_seed(seed), self._changed(**changes)
        self._use(optimizer, settings.changed(seed=seed), write=False)
        self.network = network
        self.rewind(initial)

    def initial_states(self, seeds: Sequence[int]) -> Array:
        """The memory of step 0 for each of some seeds, a row each: drawn together in a fraction of the time."""
        return initial_memory(self.machine, self.players.seeds(np.array(seeds, np.int64)), self.given_weights)

    # -- settings --------------------------------------------------------------------------------------------------

    def write_settings(self) -> None:
        """Puts all live settings into memory: those of optimizer, loss, layers, penalties and clipping."""
        stages = [stage.objective for stage in self.machine.tape.stages]
        others = [(stage.loss, stage.optimizer) for stage in stages[1:]]
        live_settings.write(self.machine, [(self.loss, self.optimizer), *others], self.settings)
        self.machine.rest(self.players.resting(self.settings.resting))

    def set(self, **changes: Any) -> None:
        """Changes hyper-parameters during training: the optimizer's fields, l1, l2, clip_norm, clip_value.

        They apply from the next step on; nothing is compiled anew, but rows of penalties or clipping that come or go.
        What is silent or frozen changes here too.

        Raises:
            InputError: an unknown name or an illegal value; nothing has changed then.
        """
        self._use(*self._changed(**changes))

    def _changed(self, **changes: Any) -> tuple[Optimizer, TrainingSettings]:
        """Optimizer and settings with changes, checked."""
        own = {key: changes.pop(key) for key in list(changes) if key in live_settings.LIVE_SETTINGS}
        optimizer = self.optimizer.with_live(**changes) if changes else self.optimizer
        settings = self.settings.changed(**own)
        silenced_frozen.check(list_layers(self.plans), settings.silent, settings.frozen)
        if "resting" in own:
            self.players.check_resting(settings.resting)
        parameter_groups.check(list_layers(self.plans), optimizer, settings.groups)
        whole_data.check(self.plan, self.split.train, self.loss, optimizer, settings)
        return optimizer, settings

    def _use(self, optimizer: Optimizer, settings: TrainingSettings, write: bool = True) -> None:
        """Puts settings in force; where rows of penalties or clipping come or go, on a new tape for the same state."""
        switched = live_settings.row_choices(settings) != live_settings.row_choices(self.settings)
        rewatched = settings.use_average != self.settings.use_average
        self.optimizer, self.settings = optimizer, settings
        if rewatched and not switched:
            self._watch_validation()
        if switched:
            old = self.machine
            self.machine = self._build_machine(run_tape(self))
            self._load_data()
            self.machine.state()[...] = old.state()
            self.machine.clock, self.machine.loss_sum = old.clock, old.loss_sum
            self.machine.keep_last_good()
        if write:
            self.write_settings()

    @property
    def network_seeds(self) -> dict[str, int]:
        """The seed of each network's initial weights, by name."""
        return self.players.seeds(self.network.seed)

    @property
    def given_weights(self) -> dict[str, Array]:
        """What parameters and buffers begin with that the training rows or saved sessions say, by name."""
        shapes = {slot.name: slot.at(1) for region in STATE for slot in self.machine.tape.layout.slots[region]}
        given = {name: array for name, array in self.players.given.items() if shapes.get(name) == array.shape}
        return {**self.fitted, **given}

    def initial_memory(self) -> Array:
        """The state of step 0, as the vector that `machine.state` is."""
        return initial_memory(self.machine, self.network_seeds, self.given_weights)

    # -- where the run stands --------------------------------------------------------------------------------------

    @property
    def batch_rows(self) -> int:
        """Rows of a full batch."""
        return self.settings.batch_rows(len(self.split.train))

    @property
    def block_rows(self) -> int:
        """Rows that go through the network together: a full batch, or a block of one that must be seen whole."""
        if not whole_data.looks_at_all(self.optimizer):
            return self.batch_rows
        return whole_data.block_rows(self.plan, self.optimizer, self.batch_rows)

    @property
    def batches(self) -> int:
        """Steps per epoch, each of one batch or of several; an incomplete last one counts, if it is not left out."""
        return self.machine.batches

    @property
    def step(self) -> int:
        """Steps taken since the initial weights."""
        return self.machine.clock.step

    @property
    def epoch(self) -> int:
        """Whole passes over the training rows."""
        return self.machine.clock.epoch

    @property
    def batch(self) -> int:
        """Batches done in the current epoch."""
        return self.machine.clock.batch

    @property
    def lr(self) -> float:
        """The learning rate of the next step, schedule included."""
        return float(self.stage_rates()[0, 0])

    def parameters(self) -> dict[str, Array]:
        """Live, writable views of all parameters, by name ("0.weight": (in, out), "0.bias": (out,))."""
        tape = self.machine.tape
        ordered = [
            full_name(network, planned.path, name)
            for network, plan in self.plans.items()
            for planned in plan.layers
            for name in planned.plan.parameters
        ]
        return {name: self.machine.view(tape.parameters[name]) for name in ordered}

    def averages(self) -> dict[str, Array]:
        """Live views of the averaged weights by the names of the parameters; empty unless `average` is ema or swa."""
        return averages(self.machine)

    def tensors(self) -> dict[str, Array]:
        """Live, writable views of the whole state by name: parameters, optimizer state, running statistics."""
        layout = self.machine.tape.layout
        return {slot.name: self.machine.view(slot) for region in STATE for slot in layout.slots[region]}

    def state(self) -> Checkpoint:
        """A checkpoint of the current step, with its own copy of the numbers."""
        now = self._now()
        return replace(now, memory=now.memory.copy())

    def _now(self) -> Checkpoint:
        """A checkpoint whose numbers are the machine's own: right as long as nothing moves."""
        machine, settings = self.machine, (self.plateau, self.optimizer, self.settings)
        return Checkpoint(machine.state(), machine.clock, machine.loss_sum, *settings, self.structure)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes to a checkpoint returned by `state`, of this trainer or an equal one, with the settings it had then.

        Raises:
            InputError: it belongs to another network, optimizer or batching; nothing has changed then.
        """
        refuse_other_run(checkpoint, self._now(), len(self.split.train), self.batches)
        self._use(checkpoint.optimizer, checkpoint.settings)
        machine = self.machine
        machine.state()[...] = checkpoint.memory
        machine.clock, machine.loss_sum = checkpoint.clock, checkpoint.loss_sum
        machine.keep_last_good()
        self.plateau = checkpoint.plateau

    # -- training --------------------------------------------------------------------------------------------------

    def run(
        self,
        *,
        epochs: int | None = None,
        steps: int | None = None,
        after: Callable[[Trainer], bool] | None = None,
    ) -> History:
        """Trains for this many epochs (to the end of the last one) or steps; returns the history of the whole run.

        Args:
            after: called after each call of about 20 ms, and at each epoch's end if it is long; training stops
                when it returns True.

        Raises:
            DivergedError: a number that is not finite; the last good weights are in place.
            InputError: not one of epochs and steps, or not a whole number from 0.
        """
        if (epochs is None) == (steps is None):
            raise InputError("give either epochs or steps", where="run")
        if epochs is not None:
            steps = self.steps_to(self.epoch + read_count("epochs", epochs))
        driver = Driver(self, self.step + read_count("steps", steps))
        while not driver.arrived:
            driver.turn()
            if after is not None and after(self):
                break
        return self.history

    def steps_to(self, epoch: int) -> int:
        """Steps from here to the end of so many epochs."""
        return max(0, (read_count("epoch", epoch) - self.epoch) * self.batches - self.batch)

    def advance(self, steps: int, seconds: float = CALL_SECONDS, record: bool = True) -> int:
        """One call into the compiled loop: up to `steps` steps and about `seconds`; returns how many were taken.

        The loop stops early at the machine's stop flag, and at the epoch's end where a schedule must be asked. Kernels
        that are still being compiled are waited for, until that flag is set.

        Args:
            record: whether the steps go into the history; a replay of known steps does not.
        """
        machine = self.machine
        count = min(read_count("steps", steps), self._call_steps, MAX_STEPS, (MAX_EPOCHS - 1) * self.batches)
        if watches(self.settings.schedule):
            count = min(count, self.batches - self.batch)
        count = min(count, self._layers.steps_until(self.step)) if record else count
        machine.rates[:count] = self.stage_rates(count)
        first = self.step
        if not machine.prepare():
            return 0  # the time until then is no training
        is_recorded = record and self._layers.begin(first)
        began = time.perf_counter()
        taken = machine.advance(count)
        spent = time.perf_counter() - began
        self.seconds += spent
        self._call_steps = steps_per_call(taken, spent, seconds, self._call_steps if taken == count else taken)
        self._observe()
        if record:
            self._record(first, taken)
        if is_recorded and taken:
            self._layers.end(self.history.by_layer, self.step, float(machine.trace[0, 0, 1]))
        if fault := machine.take_fault():
            raise diverged(machine, fault, taken, self.optimizer.record)
        return taken

    def stage_rates(self, count: int = 1) -> Array:
        """Learning rates of the next steps, (count, stages): a schedule changes all in the same proportion."""
        others = [stage.objective.optimizer for stage in self.machine.tape.stages[1:]]
        lrs = [float(optimizer.values["lr"]) for optimizer in (self.optimizer, *others)]
        return rates(lrs, self.settings.schedule, self.plateau, self.step, count)

    def _record(self, first: int, taken: int) -> None:
        if first < self.recorded:
            self.history.truncate(first)
        self.recorded = first + taken
        curves = len(self.epoch_curves)
        extend_history(self.history, self.machine, first, taken, self.batches, curves, self.players.names)
        if taken:
            self.history.clock.add(self.step, self.seconds)

    @property
    def epoch_curves(self) -> tuple[str, ...]:
        """Names of the curves that have a value for each epoch."""
        return OF_EPOCHS[: 1 if self.split.validation is None else 2 + self.has_score]

    @property
    def has_score(self) -> bool:
        """Whether the loop itself counts right answers, which it does wherever there are classes."""
        return self.form.counts

    def _observe(self) -> None:
        """Shows finished epochs to a schedule that watches the validation loss (or else the training loss)."""
        schedule = self.settings.schedule
        if schedule is not None and watches(schedule):
            column = 1 if self.split.validation is None else 2
            self.plateau = self.plateau.after(schedule, map(float, self.machine.finished_epochs[:, column]))

    # -- answers ---------------------------------------------------------------------------------------------------

    def evaluate(self, part: Part = "test") -> dict[str, float]:
        """Loss and metrics of a part over all its rows; dropout and noise are off.

        Returns:
            "loss", as it is trained on; for classes accuracy, precision, recall and f1, for two classes auc (the area
            under the ROC curve), and for pixels iou, all from 0 to 1; for objects map_50 and map, the mean average
            precision of boxes at IoU 0.5 and over IoU from 0.5 to 0.95, and with masks mask_map_50 and mask_map; for
            numbers mae and rmse, in the target's own units, and r2.

        Raises:
            InputError: the split has no such part.
        """
        return self._evaluation.scores(part)

    def quick_scores(self, part: Part = "test") -> dict[str, float]:
        """The loss of a part, and its accuracy where there are classes: of `evaluate`, what costs nearly nothing."""
        return self._evaluation.quick_scores(part)

    def uncertainty(self, part: Part = "test") -> dict[str, Interval]:
        """Where scores of a part of up to 1,000 rows would likely be, were there many more: 95 % intervals.

        Returns:
            of classes accuracy, f1, and auc if there are two; of numbers r2 and mae.

        Raises:
            InputError: the split has no such part.
        """
        return self._evaluation.uncertainty(part)

    def evaluate_targets(self, part: Part = "test") -> dict[str, dict[str, float]]:
        """MAE, RMSE and R² of each target of a regression, by its name, in its own units.

        Raises:
            InputError: the split has no such part, or the targets are classes.
        """
        return self._evaluation.target_scores(part)

    def predict(self, x: Any) -> Array:
        """The network's outputs (N, outputs), before any softmax applied by the loss.

        Args:
            x: inputs (N, …), or one row without N, scaled as the training rows are; see `Split.inputs`.

        Raises:
            InputError: rows of another size than the network's inputs, something else than numbers, or a number that
                is not finite, in the inputs or in the answers; it names the row and the column.
        """
        return self._evaluation.predict(x)

    def answers(self, x: Array) -> Array:
        """As `predict`, for an array (N, …) whose numbers need not be finite: what is not comes out as it is.

        Raises:
            InputError: rows of another shape than the network's inputs.
        """
        return self._evaluation.outputs(x)

    def forward(self, x: Any, names: Sequence[str]) -> dict[str, Array]:
        """Values of named evaluation slots ("eval.0.output", …) for inputs as `predict` takes them: each (N, …).

        Raises:
            InputError: as for `predict`, or a name that is no such slot.
        """
        return self._evaluation.forward(x, names)


def _split(data: Any) -> Split:
    """Data as a split; a whole data set is all for training, as it is."""
    if isinstance(data, Split):
        return data
    whole = kind_of(data, Dataset, "Split or Dataset", "trainer", "load_dataset, read_csv and Dataset make one")
    return whole.split(1.0, 0.0, 0.0, scale="none", scale_target="none")
