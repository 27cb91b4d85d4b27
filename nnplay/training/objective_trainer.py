"""Training with several objectives: heads on one trunk, networks against each other, losses in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.arguments import kind_of, same_word
from nnplay.data.arrays import as_numbers, as_rows
from nnplay.errors import DivergedError, InputError, unknown
from nnplay.network.network import Network, NetworkPlan
from nnplay.records.operation import Shape, shape_text
from nnplay.system.processors import cores
from nnplay.tape.assembler import TapeSpec, build
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.machine import MAX_STEPS, Machine, MachineMaker, Progress, check_maker
from nnplay.tape.not_copied import NotCopied
from nnplay.tape.objective import Objective
from nnplay.text import clean, counted, shown, written
from nnplay.training import live_settings
from nnplay.training.driver import read_count
from nnplay.training.memory_check import refuse_too_large
from nnplay.training.settings import DECLARED, TrainingSettings
from nnplay.training.state.fitted_buffers import refuse_fitted
from nnplay.training.state.initial_state import initial_memory, reset_machine

Array = NDArray[Any]
#: Rows of a batch outside training.
_EVAL_ROWS: Final = 256
_SETTINGS: Final = tuple(name for name, declared in DECLARED.items() if declared.objectives)


class ObjectiveTrainer(NotCopied):
    """Trains networks for several objectives: each step runs the objectives in order, each with its own update.

        trunk, species, size = (nn.Network(text) for text in ("linear 16, tanh", "linear 3", "linear 1"))
        trainer = nn.ObjectiveTrainer(
            {"trunk": trunk, "species": species, "size": size},
            [
                nn.Objective("a", ("trunk", "species"), nn.CrossEntropy(), ("trunk", "species"), nn.Adam(lr=0.01),
                             input="x", target="kind"),
                nn.Objective("b", ("trunk", "size"), nn.MSE(), ("size",), nn.SGD(lr=0.1), every=2,
                             input="x", target="centimetres"),
            ],
            {"x": x, "kind": kind, "centimetres": centimetres},
        )
        losses = trainer.run(steps=100)["a"]

    Args:
        networks: by name; the seed of each decides its initial weights.
        objectives: the stages of a step, in order.
        arrays: what the batches are cut from, by name, all with the same number of rows.
        progress: called for kernels that are compiled first, as `(done, total, name)`.
        machine: what runs the rows.
        settings: batch_size, seed, l1, l2, clip_norm, clip_value, shuffle, threads and dtype, as for `Trainer`;
            penalties and limits are those of every objective.

    Attributes:
        machine: the underlying memory, clock and rows.

    Raises:
        InputError: objectives, networks and arrays that do not fit each other.
    """

    instead = "create another ObjectiveTrainer with the same networks, objectives and arrays"

    def __init__(
        self,
        networks: Mapping[str, Network],
        objectives: Sequence[Objective],
        arrays: Mapping[str, Any],
        *,
        progress: Progress | None = None,
        machine: MachineMaker = CpuMachine,
        **settings: Any,
    ) -> None:
        if other := [name for name in settings if name not in _SETTINGS]:
            raise unknown("setting", other[0], _SETTINGS, where="objectives")
        self.objectives, self.settings = _objectives(objectives), TrainingSettings().changed(**settings)
        given = {
            written(name): as_numbers(clean(name), array, self.settings.dtype, where="objectives")
            for name, array in kind_of(arrays, Mapping, "table of arrays by name", "objectives").items()
        }
        networks = _networks(networks)
        plans = _plans(networks, self.objectives, given)
        refuse_fitted(plans)
        self._outputs = {item.name: plans[item.forward[-1]].output_shape for item in self.objectives}
        self._inputs = {item.name: plans[item.forward[0]].values[0] for item in self.objectives}
        found: dict[str, Array] = {}
        for item in self.objectives:
            used = {item.input: _array(given, item.input), item.target: self._targets(item, _array(given, item.target))}
            if item.weight:
                used[item.weight] = _shaped(item, _array(given, item.weight), ())
            for name, array in used.items():
                if found.setdefault(name, array).shape != array.shape:
                    hint = "give it under two names"
                    raise InputError(f"'{name}' is needed in two different shapes", where=item.name, hint=hint)
        rows = max(len(array) for array in found.values())
        batch = rows if self.settings.batch_size == "all" else min(self.settings.batch_size, rows)
        targets = {item.target: found[item.target].shape[1:] for item in self.objectives}
        switched, numbers = live_settings.switched_rows(self.settings), live_settings.IN_MEMORY
        spec = TapeSpec(batch, min(_EVAL_ROWS, rows), targets, numbers=numbers, **switched)
        tape = build(plans, self.objectives, spec)
        refuse_too_large(plans, tape.size * np.dtype(self.settings.dtype).itemsize)
        threads = self.settings.threads or cores()
        self.machine: Machine = check_maker(machine)(
            tape, dtype=self.settings.dtype, threads=threads, progress=progress
        )
        fewest = max(plan.fewest_rows for plan in plans.values())
        if batch < fewest:
            hint = f"use a batch_size of {fewest} or more"
            raise InputError(f"batches of {batch} are too small for batch_norm", where="objectives", hint=hint)
        self.machine.load(found, batch=batch, fewest=fewest, shuffle=self.settings.shuffle)
        seeds = {name: network.seed for name, network in networks.items()}
        reset_machine(self.machine, self.settings.seed, initial_memory(self.machine, seeds))
        live_settings.write(self.machine, [(item.loss, item.optimizer) for item in self.objectives], self.settings)

    @property
    def step(self) -> int:
        """Steps taken since the initial weights."""
        return self.machine.clock.step

    def parameters(self) -> dict[str, Array]:
        """Live, writable views of all parameters, by network and name ("trunk.0.weight")."""
        return {name: self.machine.view(slot) for name, slot in self.machine.tape.parameters.items()}

    def run(self, steps: int) -> dict[str, Array]:
        """Trains for this many steps; returns the losses of each objective, NaN for steps it sat out.

        Raises:
            DivergedError: a number that is not finite; the last good weights are in place.
            InputError: not a whole number from 0.
        """
        steps = read_count("steps", steps)
        rates = [float(item.optimizer.values["lr"]) for item in self.objectives]
        losses = [np.empty((0, len(rates)))]
        while steps > 0:
            count = min(steps, MAX_STEPS)
            self.machine.rates[:count] = rates
            taken = self.machine.advance(count)
            losses.append(self.machine.trace[:taken, :, 0].astype(np.float64))
            steps -= taken
            if fault := self.machine.take_fault():
                what = "an update made a weight" if fault.in_update else "the loss or its gradient became"
                raise DivergedError(
                    f"training diverged in step {fault.step + 1:,}: {what} infinite or NaN; the weights after "
                    f"{counted(fault.kept, 'step')} were kept",
                    where=self.objectives[fault.stage].name,
                    hint="try a smaller learning rate there",
                )
        every = np.concatenate(losses)
        return {item.name: every[:, k] for k, item in enumerate(self.objectives)}

    def evaluate(self, objective: str, x: Any, y: Any) -> float:
        """The mean loss of an objective for inputs (N, …) and targets (N, …), all of which count alike; dropout and
        noise are off.

        Raises:
            InputError: no such objective, or rows that do not fit it.
        """
        number, item = self._objective(objective)
        arrays = {
            item.input: self._rows(item, x, "evaluate"),
            item.target: self._targets(item, as_numbers("y", y, self.machine.dtype, where="evaluate")),
        }
        if item.weight:
            arrays[item.weight] = np.ones(len(arrays[item.input]))
        loss, _ = self.machine.evaluate(self.machine.load_eval(arrays, number))
        return loss

    def predict(self, objective: str, x: Any) -> Array:
        """The outputs of an objective's networks for inputs (N, …), before any softmax applied by its loss.

        Raises:
            InputError: no such objective, or rows that do not fit it.
        """
        number, item = self._objective(objective)
        output = self.machine.tape.stages[number].named["eval.output"].name
        return self.machine.forward(self._rows(item, x, "predict"), [output], number)[output]

    def _objective(self, name: str) -> tuple[int, Objective]:
        for number, item in enumerate(self.objectives):
            if same_word(name, [item.name]):
                return number, item
        names = ", ".join(item.name for item in self.objectives)
        raise InputError(f"there is no objective {shown(name)}", where="objectives", hint=f"there are {names}")

    def _rows(self, item: Objective, x: Any, where: str) -> Array:
        return as_rows(x, self._inputs[item.name], self.machine.dtype, where=where)

    def _targets(self, item: Objective, y: Array) -> Array:
        """Targets in the form that the objective's loss reads: values as the output is shaped, or class labels."""
        output, kind = self._outputs[item.name], item.loss.target
        if kind in ("values", "counts", "distribution"):
            return _shaped(item, y, output)
        if kind == "groups":
            return _shaped(item, y, ())
        if kind == "sequence":
            return y
        labels = _shaped(item, y, output[:-1])
        classes = 2 if kind == "binary" else output[-1]
        if not np.isin(labels, np.arange(classes)).all():
            raise InputError(f"a label is not between 0 and {classes - 1}", where=f"{item.name}, {item.target}")
        if item.loss.record.outputs(classes) != output[-1]:
            raise InputError(f"{item.loss.record.name} cannot have {counted(output[-1], 'output')}", where=item.name)
        return labels


def _objectives(given: Any) -> tuple[Objective, ...]:
    several = kind_of(given, (list, tuple), "list of objectives", "objectives")
    return tuple(kind_of(item, Objective, "Objective", "objectives") for item in several)


def _networks(given: Any) -> dict[str, Network]:
    several = kind_of(given, Mapping, "table of networks by name", "objectives").items()
    return {written(name): kind_of(network, Network, "Network", "objectives") for name, network in several}


def _shaped(item: Objective, y: Array, shape: Shape) -> Array:
    """An array (N, *shape); one row's values may come in another shape of the same size."""
    if y.ndim < 1 or y.size != len(y) * int(np.prod(shape)):
        what = f"'{item.target}' has rows of {shape_text(y.shape[1:]) or 1} where {shape_text(shape) or 1} are needed"
        raise InputError(what, where=item.name)
    return y.reshape(len(y), *shape)


def _array(arrays: Mapping[str, Array], name: str) -> Array:
    if name not in arrays:
        raise InputError(f"there is no array '{name}'", where="objectives", hint=f"there are {', '.join(arrays)}")
    return arrays[name]


def _plans(
    networks: Mapping[str, Network], objectives: Sequence[Objective], arrays: Mapping[str, Array]
) -> dict[str, NetworkPlan]:
    """Each network worked out for what the first objective that runs it feeds it."""
    plans: dict[str, NetworkPlan] = {}
    for item in objectives:
        shape = _array(arrays, item.input).shape[1:]
        for name in item.forward:
            if name not in networks:
                raise InputError(
                    f"there is no network '{name}'", where=item.name, hint=f"there are {', '.join(networks)}"
                )
            plans.setdefault(name, networks[name].plan(shape))
            shape = plans[name].output_shape
    if unused := [name for name in networks if name not in plans]:
        raise InputError(f"no objective uses '{unused[0]}'", where="objectives", hint="leave it out")
    return {name: plans[name] for name in networks}
