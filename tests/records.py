"""What the tests of all records share: a machine with random numbers in it whose rows are held to their definitions.

Tests loop over the registry, so a new record is tested without being named anywhere; one without cases fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.objects import box_count, join_target
from nnplay.errors import InputError
from nnplay.kernels import abi
from nnplay.network.network import Network
from nnplay.records import init_schemes
from nnplay.records.layer import Case, Layer, LayerRecord
from nnplay.records.loss import Loss
from nnplay.records.optimizer import Optimizer
from nnplay.records.registry import layer_records, loss_records, optimizer_records
from nnplay.records.worked import Named
from nnplay.tape import assembler
from nnplay.tape.machines import interpreter, shares
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.machine import Clock, MachineMaker, Table
from nnplay.tape.objective import only
from nnplay.tape.tape import Row, Tape
from nnplay.training.live_settings import IN_MEMORY, switched_rows
from nnplay.training.settings import DECLARED, TrainingSettings

Array = NDArray[Any]
#: Sizes of the last axis: one, odd, and around the vectors of 8 and 16 numbers.
WIDTHS = (1, 7, 8, 15, 16, 17, 33)
#: Batches that a case is tried with: rows, and the size of a share. Whole, a single row, and cut into parts.
BATCHES = ((3, shares.SHARE), (1, shares.SHARE), (5, 16))
#: All rows of the update that settings can switch on, as further fields of a `TapeSpec`.
SWITCHED_ROWS = switched_rows(
    TrainingSettings().changed(
        **{name: 0.5 for name in DECLARED if DECLARED[name].in_memory and DECLARED[name].field.kind == "number"}
    )
)
#: Largest error in proportion to the largest number that goes in or comes out.
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


@dataclass(frozen=True)
class Trial:
    """One configuration that a record is tried in.

    Attributes:
        layers: the network.
        shape: of one input.
        n: rows of the batch.
        share: multiply-adds that make a share; a small one cuts rows into parts.
        tokens: inputs are whole numbers below it, if it is not 0.
    """

    layers: tuple[Layer, ...]
    shape: tuple[int, ...]
    n: int
    share: int = shares.SHARE
    tokens: int = 0


def layer_named(kind: str, *args: Any, **values: Any) -> Layer:
    """A layer by its record's name."""
    layer: Layer = layer_records()[kind](*args, **values)
    return layer


def network_of(record: LayerRecord, case: Case) -> tuple[tuple[Layer, ...], tuple[int, ...]]:
    """A network around one layer, behind a trained one, so that its backward rows are there; and its input."""
    shapes = case.shapes
    first: Any = shapes[0]
    front = layer_named("linear", first[-1], name="front")
    if record.joins:
        return (front, record(*(_branch(first, shape) for shape in shapes), **case.values)), first
    tested = record(**case.values)
    return ((tested,) if case.tokens else (front, tested)), first


def _branch(first: tuple[int, ...], shape: tuple[int, ...]) -> list[Layer]:
    """A branch that makes `shape` of an input of the shape `first`."""
    if len(shape) == 1 < len(first):
        return [layer_named("global_avg_pool"), layer_named("linear", shape[-1])]
    if shape[:-1] == first[:-1]:
        return [layer_named("linear", shape[-1])]
    return [layer_named("flatten"), layer_named("linear", int(np.prod(shape))), layer_named("reshape", shape)]


def trials(
    record: LayerRecord,
    case: Case,
    widths: Sequence[int] = range(len(WIDTHS)),
    batches: Sequence[tuple[int, int]] = BATCHES,
) -> Iterator[Trial]:
    """The case itself, as one row and as several, whole and cut into parts; and other widths that the layer accepts.

    Args:
        record, case: the layer, and what it is made with.
        widths: places in `WIDTHS` of those that are tried.
        batches: rows, and multiply-adds that make a share.
    """
    layers, shape = network_of(record, case)
    for n, share in batches:
        yield Trial(layers, shape, n, share=share, tokens=case.tokens)
    for k in widths:
        width = WIDTHS[k]
        if case.tokens or record.joins or width == shape[-1]:
            continue
        wider = (*shape[:-1], width)
        layers, _ = network_of(record, Case(case.values, wider))
        if accepts(layers, wider):
            yield Trial(layers, wider, 2 + k % 3, share=(shares.SHARE, 64)[k % 2])


def shared_widths(cases: int, number: int) -> list[int]:
    """Places in `WIDTHS` for one case of `cases`: all of them together try each width, as many as there are share."""
    return [k for k in range(len(WIDTHS)) if (number + k) % min(cases, len(WIDTHS)) == 0]


def accepts(layers: tuple[Layer, ...], shape: tuple[int, ...]) -> bool:
    """Whether a network can have that input."""
    try:
        Network(layers).plan(shape)
    except InputError:
        return False
    return True


@contextmanager
def shares_of(size: int) -> Iterator[None]:
    """Rows of more multiply-adds than `size` are cut into parts."""
    usual = shares.SHARE
    shares.SHARE = size  # type: ignore[misc]
    try:
        yield
    finally:
        shares.SHARE = usual  # type: ignore[misc]


def tape_of(
    trial: Trial, loss: Loss, optimizer: Optimizer, target: tuple[int, ...] = (), weight: str = "", **more: Any
) -> Tape:
    """The tape of one network; `weight` names the array of the rows' weights, if they have some."""
    plan = Network(trial.layers).plan(trial.shape)
    target = target or target_shape(loss, plan.output_shape)
    spec = assembler.TapeSpec(trial.n, trial.n, {"target": target}, numbers=IN_MEMORY, **more)
    with shares_of(trial.share):
        return assembler.build({"": plan}, [only(loss, optimizer, weight)], spec)


class Bench:
    """A tape of one batch, with random numbers everywhere in memory: also in the gaps, so that reads of them show.

    Args:
        trial: network and batch.
        dtype: "float32" or "float64".
        loss, optimizer: by default mse and sgd.
        seed: of data, weights and everything else in memory.
        weighted: each row has a weight in the loss.
        target: shape of one row's, where the loss leaves it open.
        threads, machine: what runs the rows, and in how many threads.
        more: further fields of the `TapeSpec`.
    """

    def __init__(
        self,
        trial: Trial,
        dtype: str,
        *,
        loss: Loss | None = None,
        optimizer: Optimizer | None = None,
        seed: int = 0,
        threads: int = 1,
        machine: MachineMaker = CpuMachine,
        weighted: bool = False,
        target: tuple[int, ...] = (),
        **more: Any,
    ) -> None:
        self.n, self.dtype, self.random = trial.n, dtype, np.random.default_rng(seed)
        self.loss = loss or loss_records()["mse"]()
        self.optimizer = optimizer or optimizer_records()["sgd"](lr=0.1)
        self.tape = tape_of(trial, self.loss, self.optimizer, target, "weight" if weighted else "", **more)
        self.plan = self.tape.networks[""]
        target = self.tape.arrays["target"]
        self.machine: Any = machine(self.tape, dtype=dtype, threads=threads)
        self.x, self.y = self._inputs(trial), self._targets(target)
        arrays = {"input": self.x, "target": self.y}
        arrays |= {"weight": self.random.uniform(size=trial.n)} if weighted else {}
        self.machine.load(arrays, batch=trial.n, shuffle=False)
        self.machine.clock = Clock(seed=7)
        self.table: Table = self.machine.full_table
        self.eval_table: Table = self.machine.table(self.tape.evaluation, self.n)
        self.fill()

    # -- numbers ---------------------------------------------------------------------------------------------------

    def _inputs(self, trial: Trial) -> Array:
        shape = (trial.n, *trial.shape)
        if trial.tokens:
            return self.random.integers(0, trial.tokens, shape).astype(float)
        return self.random.normal(size=shape)

    def _targets(self, target: tuple[int, ...]) -> Array:
        shape, kind = (self.n, *target), self.loss.target
        if kind == "values":
            return self.random.normal(size=shape)
        if kind == "boxes":
            return random_objects(
                self.random, self.n, self.loss.values.get("class_count", self.plan.output_shape[-1] - 4), target
            )
        if kind == "distribution":
            return self.random.dirichlet(np.ones(shape[-1]), shape[:-1])
        if kind == "counts":
            return self.random.poisson(2.0, shape).astype(float)
        classes = 2 if kind in ("binary", "groups") else max(2, self.plan.output_shape[-1])
        if kind == "sequence":
            labels = self.random.integers(1, classes, shape).astype(float)
            return labels * (np.arange(shape[1]) < self.random.integers(0, shape[1] + 1, (self.n, 1)))
        return self.random.integers(0, classes, shape).astype(float)

    def fill(self) -> None:
        """Random numbers in all memory; weights of the usual size, optimizer state not negative, settings as set."""
        machine, tape = self.machine, self.tape
        machine.memory[:] = self.random.normal(size=machine.memory.size)
        first, last = tape.layout.bounds["optimizer_state"]
        machine.memory[first:last] = np.abs(machine.memory[first:last])
        for stream, (name, slot) in enumerate(tape.parameters.items()):
            drawn = init_schemes.first_values(*tape.planned[name], 3, stream)
            machine.view(slot)[...] = drawn + 0.1 * self.random.normal(size=slot.at(1))
        for name, start in tape.buffers.items():
            machine.view(tape.layout.find(name))[...] = start
        for planned in self.plan.layers:
            if planned.layer.record.fit is not None:
                given = self.random.normal(size=(20, self.plan.values[planned.inputs[0]][-1]))
                for name, values in planned.layer.record.fit(planned.layer.values, given).items():
                    machine.view(tape.layout.find(f"{planned.path}.{name}"))[...] = values
        for name in ("eval.input", "eval.target"):
            source = self.x if name == "eval.input" else self.y
            machine.view(tape.named[name])[...] = source
        self.write_settings()

    def write_settings(self) -> None:
        """The field values of optimizer, loss and layers, and middling penalties and limits."""
        machine, tape = self.machine, self.tape
        machine.view(tape.named["optimizer"])[...] = self.optimizer.numbers
        for name, value in (("l1", 0.01), ("l2", 0.1), ("clip_norm", 0.5), ("clip_value", 0.2)):
            machine.view(tape.named[name])[...] = value
        live = {f"loss.{name}": value for name, value in self.loss.values.items()}
        for planned in self.plan.layers:
            live |= {f"{planned.path}.{name}": value for name, value in planned.layer.values.items()}
        for slot, numbers in tape.stages[0].constants.values():
            machine.view(slot)[...] = numbers
        for slot in tape.layout.slots["settings"]:
            if slot.name in live:
                machine.view(slot)[...] = float(live[slot.name])

    # -- running ---------------------------------------------------------------------------------------------------

    def run(self, last: int, first: int = 0) -> None:
        """Runs training rows `first` … `last - 1`."""
        self.machine.run_table(self.table, last, first)

    def count(self, *phases: str) -> int:
        """How many training rows belong to these phases."""
        return sum(row.phase in phases for row in self.tape.train)

    # -- claims ----------------------------------------------------------------------------------------------------

    def hold_to_definitions(self, chosen: Any = None, step: int = 4) -> int:
        """Runs all rows one after the other and holds the chosen ones to their definitions; returns how many."""
        self.machine.clock = self.machine.clock._replace(step=step)
        held = 0
        for table, first in ((self.table, 0), (self.eval_table, len(self.tape.stages[0].eval_sources))):
            for number in range(first, len(table.rows)):
                if chosen is None or chosen(table.rows[number]):
                    self.hold(table, number)
                    held += 1
                else:
                    self.machine.run_table(table, number + 1, number)
        return held

    def hold(self, table: Table, number: int) -> None:
        """One row: kernel = definition, nothing else written, gradients added where asked, elements as worked out."""
        row, line, machine = table.rows[number], table.cells[number], self.machine
        expected = interpreter.results_of(machine, table, number, exact=True)
        reads = [machine.view(slot, self.n).astype(np.float64) for slot in row.reads]
        before = machine.memory.copy()
        for adds in self._adding(row):
            machine.memory[:] = before
            if not adds:
                self._spoil(row)
            with self._flags(line, row, adds):
                machine.run_table(table, number + 1, number)
            self._compare(row, expected, before, adds, max((finite_size(read) for read in reads), default=0.0))
        machine.memory[:] = before
        machine.run_table(table, number + 1, number)
        if self.dtype == "float64":  # elements are worked out in Python's numbers: once for both types
            self._work_out(row, reads, expected[0], line)

    def _spoil(self, row: Row) -> None:
        """NaN, as a step that came to nothing leaves it, where the row writes what it does not read."""
        spans = [
            [(slot.offset, slot.offset + slot.size(self.n)) for slot in slots] for slots in (row.reads, row.writes)
        ]
        for slot, (first, end) in zip(row.writes, spans[1], strict=True):
            if slot.region in ("activations", "deltas", "gradients", "scratch") and not any(
                a < end and first < b for a, b in spans[0]
            ):
                self.machine.memory[first:end] = np.nan

    def _adding(self, row: Row) -> list[bool]:
        adding = row.phase == "backward" and row.path != ""
        return [False, True] if adding else [False]

    @contextmanager
    def _flags(self, line: Array, row: Row, adds: bool) -> Iterator[None]:
        places = [
            abi.ROW_OPERANDS + (len(row.reads) + k) * abi.OPERAND_WIDTH + abi.OPERAND_ADDS
            for k, slot in enumerate(row.writes)
            if slot.region in ("deltas", "gradients") and row.phase == "backward"
        ]
        usual = line[places].copy()
        line[places] = int(adds)
        yield
        line[places] = usual

    def _compare(self, row: Row, expected: tuple[Array, ...], before: Array, adds: bool, size: float) -> None:
        machine, rest = self.machine, np.ones(self.machine.memory.size, np.bool_)
        for slot, wanted in zip(row.writes, expected, strict=True):
            span = slice(slot.offset, slot.offset + slot.size(self.n))
            rest[span] = False
            kept = adds and slot.region in ("deltas", "gradients")
            base = before[span].astype(np.float64) if kept else 0.0
            where = f"{row.operation.name}, {slot.name}"
            close(machine.memory[span], np.asarray(wanted).ravel() + base, self.dtype, where, size)
        touched = np.flatnonzero(rest & ~same_bits(machine.memory, before))
        assert touched.size == 0, f"{row.operation.name} wrote outside its operands, at {touched[:5]} of {slot.offset}"

    def _work_out(self, row: Row, reads: list[Array], expected: Array, line: Array) -> None:
        operation = row.operation
        if not operation.reads:
            return
        shape = row.writes[0].at(self.n)
        named = [Named(name, array) for name, array in zip(operation.reads, reads, strict=True)]
        given: dict[str, Any] = dict(zip(operation.integers, row.integers, strict=True))
        if operation.uses_clock:
            given["clock"] = self.machine.clock_values
        for place in self.random.integers(0, np.asarray(expected).size, 3 if np.asarray(expected).size > 1 else 1):
            index = tuple(int(k) for k in np.unravel_index(place, shape))
            term = operation.element(index, *named, **given)
            wanted = float(np.asarray(expected).reshape(shape)[index])
            assert term.value == wanted or abs(term.value - wanted) <= 1e-9 * max(1.0, abs(wanted)), (
                f"{operation.name}{list(index)}: worked out {term.value}, defined {wanted}: {term.symbols}"
            )
            assert term.symbols
            assert term.numbers


def target_shape(loss: Loss, output: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of one row's target for such an output."""
    if loss.target in ("values", "binary", "distribution", "counts"):
        width = next((k for k in range(1, output[-1] + 1) if loss.record.outputs(k) == output[-1]), output[-1])
        return (*output[:-1], width if loss.target == "values" else output[-1])
    if loss.target == "boxes":
        return (3 + 8, 8) if loss.values.get("mask") else (3, 5)
    return (max(1, output[0] // 3),) if loss.target == "sequence" else output[:-1]


def random_objects(random: np.random.Generator, n: int, classes: int, target: tuple[int, ...]) -> Array:
    """Up to as many boxes as a target (boxes, 5) has room for, or with a map (boxes + size, size)."""
    count = box_count(target)
    low, side = random.uniform(0, 0.6, (n, count, 2)), random.uniform(0.2, 0.4, (n, count, 2))
    there = np.arange(count) < random.integers(0, count + 1, (n, 1))
    labels = random.integers(1, classes + 1, (n, count, 1))
    boxes = np.concatenate([labels, low, low + side], axis=-1) * there[..., None]
    maps = random.integers(0, count + 1, (n, target[1], target[1])) if target[1] != 5 else None
    return join_target(boxes, maps).astype(np.float32).astype(float)


def close(found: Array, wanted: Array, dtype: str, where: str, size: float = 0.0) -> None:
    """Equal but for rounding, in proportion to the largest number, or to `size`; NaN only where NaN is wanted."""
    found = found.astype(np.float64)
    assert np.array_equal(np.isnan(found), np.isnan(wanted)), f"{where}: NaN in other places than defined"
    finite = np.isfinite(wanted)
    assert np.array_equal(found[~finite], wanted[~finite], equal_nan=True), f"{where}: infinite in other places"
    scale = max(1.0, size, finite_size(wanted))
    error = finite_size(found[finite] - wanted[finite])
    assert error <= TOLERANCE[dtype] * scale, f"{where}: off by {error:.3g} where numbers are up to {scale:.3g}"


def finite_size(array: Array) -> float:
    """The largest finite number of an array, without its sign."""
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def same_bits(a: Array, b: Array) -> NDArray[np.bool_]:
    """Where two arrays of one type hold the same bits."""
    whole = np.int32 if a.dtype == np.float32 else np.int64
    return np.asarray(a.view(whole) == b.view(whole))


def gradient_errors(bench: Bench, elements: int = 12) -> Iterator[tuple[str, float]]:
    """For each trained tensor, the largest error of its gradient beside central differences of the loss.

    The error is relative to the larger of the two; where both are tiny, to 1e-4 of the tensor's largest gradient or
    1e-5 of the largest of all (in front of a normalisation, gradients of biases are 0 but for rounding).
    Wide differences of fourth order are accurate to 1e-12; where they straddle a kink, narrow ones decide.
    """
    machine, losses = bench.machine, bench.count("data", "forward", "loss")
    bench.run(bench.count("data", "forward", "loss", "backward"))
    loss = machine.view(bench.tape.named["loss"])
    found = {name: machine.view(slot).copy() for name, slot in gradient_slots(bench.tape).items()}

    def at(values: Array, place: int, shift: float) -> float:
        kept = values[place]
        values[place] = kept + shift
        bench.run(losses)
        values[place] = kept
        return float(loss[0])

    def slope(values: Array, place: int, h: float) -> float:
        return (at(values, place, h) - at(values, place, -h)) / (2 * h)

    largest = max(float(np.abs(gradient).max()) for gradient in found.values())
    for name, gradient in found.items():
        values = machine.view(bench.tape.parameters[name]).reshape(-1)
        floor = max(1e-4 * float(np.abs(gradient).max()), 1e-5 * largest, 1e-9)
        worst = 0.0
        for place in bench.random.permutation(values.size)[:elements]:
            computed = float(gradient.reshape(-1)[place])
            wide = (4 * slope(values, place, 1e-4) - slope(values, place, 2e-4)) / 3
            error = abs(wide - computed) / max(abs(wide), abs(computed), floor)
            if error > 1e-6:
                narrow = slope(values, place, 1e-6)
                error = min(error, abs(narrow - computed) / max(abs(narrow), abs(computed), floor))
            worst = max(worst, error)
        yield name, worst


def gradient_slots(tape: Tape) -> dict[str, Any]:
    """The gradient's slot of every trained parameter."""
    return {slot.name[1:]: slot for slot in tape.layout.slots["gradients"]}


def cases_of(record: Any) -> tuple[Any, ...]:
    """The cases of a record, which must have some."""
    assert record.cases, f"the record '{record.name}' has no cases, so nothing would test it"
    return tuple(record.cases)


def layers_with_rows() -> list[LayerRecord]:
    """Every layer that has rows of its own."""
    return [record for record in layer_records().values() if not record.contains]
