"""The inspector: stepping is running, the past comes back, worked elements are right, what-if stays apart."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.errors import DivergedError, InputError
from nnplay.inspector.inspector import Inspector, trace
from nnplay.network.network import Network
from nnplay.records.layer import LayerRecord
from nnplay.records.loss import LossRecord
from nnplay.records.optimizer import OptimizerRecord
from nnplay.records.registry import loss_records, optimizer_records
from nnplay.tape.override import Override
from nnplay.tape.tensor_names import slot_named
from nnplay.timeline.timeline import Timeline
from nnplay.training.players.players import Players
from nnplay.training.settings import TrainingSettings
from nnplay.training.trainer import Trainer
from tests.records import SWITCHED_ROWS, Bench, Trial, cases_of, layer_named, layers_with_rows, network_of

ADAM = optimizer_records()["adam"]


def make_trainer(layers: str = "linear 6, tanh, linear 2", **more: Any) -> Trainer:
    """A small trainer on 210 training rows: 7 batches an epoch, the last one smaller."""
    split = load_dataset("moons", samples=300, seed=0).split(seed=0)
    return Trainer(Network(layers, seed=2), split, optimizer=ADAM(lr=0.01), threads=1, seed=5, **more)


def bits(trainer: Trainer) -> bytes:
    """Everything that decides how the run goes on."""
    state = trainer.state()
    return state.memory.tobytes() + np.array(state.clock).tobytes() + np.float64(state.loss_sum).tobytes()


# -- stepping is running -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "more"),
    [
        ("linear 6, tanh, linear 2", {}),
        ("linear 6, relu, dropout 0.3, linear 2", {"l2": 0.01, "clip_norm": 0.5, "clip_value": 0.1}),
    ],
)
def test_stepping_all_rows_of_100_steps_is_running_them(layers: str, more: dict[str, Any]) -> None:
    """Rows run one by one through 100 steps, each looked at on the way, give the same bits and curves as a run."""
    run, stepped = make_trainer(layers, **more), make_trainer(layers, **more)
    run.run(steps=100)
    inspector = Inspector(stepped)
    for _ in range(100):
        for number in range(len(inspector.rows)):
            assert inspector.at == number
            if stepped.step in (3, 6, 50):
                inspector.values(number)
            inspector.next()
    assert inspector.at == 0
    assert bits(stepped) == bits(run)
    for name in run.history.names():
        assert stepped.history[name].last.tobytes() == run.history[name].last.tobytes()


def test_fifty_random_places_and_forward_again() -> None:
    """Back to 50 random places (step, row) of a run, on to the end from some, each gives the bits that were there."""
    trainer = make_trainer()
    timeline = Timeline(trainer)
    inspector = Inspector(trainer, timeline)
    seen: dict[tuple[int, int], bytes] = {}
    ends: dict[int, bytes] = {}
    for step in range(60):
        ends[step] = bits(trainer)
        for number in range(len(inspector.rows)):
            seen[step, number] = inspector.values(number)[inspector.rows[number].operation.writes[0]].tobytes()
        inspector.finish()
    ends[60] = bits(trainer)
    rng = np.random.default_rng(0)
    for step, number in zip(rng.integers(0, 60, 50).tolist(), rng.integers(0, len(inspector.rows), 50), strict=True):
        was = trainer.step
        timeline.go_to(step)
        assert inspector.moved == (step != was)
        inspector.begin()
        inspector.to(int(number))
        assert bits(trainer) == ends[step]
        written = inspector.values(inspector.at)[inspector.rows[inspector.at].operation.writes[0]]
        assert written.tobytes() == seen[step, int(number)]
        inspector.finish()
        assert bits(trainer) == ends[step + 1]
    assert timeline.latest == 60
    timeline.go_to(60)
    assert bits(trainer) == ends[60]


def test_looking_changes_nothing() -> None:
    """Every row of a step can be looked at, in any order, and the trainer stands where it stood, bit for bit."""
    trainer = make_trainer("linear 6, relu, dropout 0.5, linear 2")
    trainer.run(steps=9)
    before, curves = bits(trainer), trainer.history["loss"].last.tobytes()
    inspector = Inspector(trainer)
    for number in reversed(range(len(inspector.rows))):
        inspector.before_and_after(number)
        assert bits(trainer) == before
    inspector.leave()
    assert trainer.history["loss"].last.tobytes() == curves
    other = make_trainer("linear 6, relu, dropout 0.5, linear 2")
    other.run(steps=10)
    trainer.run(steps=1)
    assert bits(trainer) == bits(other)


def test_steps_of_the_past_are_walked_without_losing_the_later_ones() -> None:
    """Finishing a step that is already known keeps what came after it, also its curve."""
    trainer = make_trainer()
    timeline = Timeline(trainer)
    for _ in range(40):
        trainer.advance(1)
        timeline.note_progress()
    curve = trainer.history["loss"].last.tobytes()
    timeline.go_to(10)
    inspector = Inspector(trainer, timeline)
    for _ in range(5):
        inspector.finish()
    assert (trainer.step, timeline.latest) == (15, 40)
    assert trainer.history["loss"].last.tobytes() == curve


def test_moves_within_a_step() -> None:
    """Next, previous, to and the end of a phase lead where they say."""
    inspector = Inspector(make_trainer())
    assert inspector.next() == 1
    assert inspector.previous() == 0
    assert inspector.previous() == 0
    phases = [row.phase for row in inspector.rows]
    for phase in ("forward", "loss", "backward", "update"):
        assert inspector.phase_end() == phases.index(phase)
    assert inspector.phase_end() == 0
    assert inspector.trainer.step == 1


def test_trace_yields_the_rows_and_takes_the_step() -> None:
    """`trace` shows each row with its operands after it has run, and leaves the trainer one step further."""
    trainer, run = make_trainer(), make_trainer()
    found = [(view.name, values) for view, values in trace(trainer)]
    run.run(steps=1)
    assert bits(trainer) == bits(run)
    assert [name for name, _ in found] == [row.operation.name for row in trainer.machine.tape.train]
    assert np.array_equal(found[1][1]["y"], found[2][1]["x"])


# -- worked-out elements -----------------------------------------------------------------------------------------------


def standing_at(bench: Bench) -> Inspector:
    """An inspector of a bench's machine."""
    lr = float(bench.optimizer.values["lr"])
    trainer: Any = SimpleNamespace(
        machine=bench.machine,
        lr=lr,
        optimizer=bench.optimizer,
        stage_rates=lambda: np.array([[lr]]),
        settings=TrainingSettings(),
        players=Players(),
    )
    return Inspector(trainer)


def empty_gaps(bench: Bench) -> None:
    """Zeros between the tensors, as in a run: rows over all of them at once go through the gaps, again at each look."""
    machine = bench.machine
    kept = [(slot, machine.view(slot).copy()) for slot in bench.tape.layout.slots["parameters"]]
    for region in ("parameters", "gradients", "optimizer_state"):
        first, last = bench.tape.layout.bounds[region]
        machine.memory[first:last] = 0
    for slot, values in kept:
        machine.view(slot)[...] = values


def hold_elements(inspector: Inspector, chosen: Any, elements: int = 2) -> int:
    """Random elements of every chosen row equal the kernel's numbers within rounding; returns how many rows."""
    random, held = np.random.default_rng(1), 0
    for number, row in enumerate(inspector.rows):
        if not chosen(row):
            continue
        for parameter in inspector.spans_parameters(number) or [""]:
            result = inspector.values(number, parameter)[row.operation.writes[0]]
            scale = max(1.0, float(np.abs(result).max(initial=0.0)))
            for place in random.integers(0, result.size, elements):
                index = tuple(int(k) for k in np.unravel_index(place, result.shape))
                term = inspector.element(number, index, parameter)
                error = abs(term.value - float(result[index]))
                assert error <= 2e-5 * scale, f"{row.operation.name}{list(index)}: {term.value}, {result[index]}"
                assert term.symbols
        held += 1
    return held


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("record", layers_with_rows(), ids=lambda record: record.name)
@pytest.mark.parametrize("most", [2, pytest.param(None, marks=pytest.mark.slow)], ids=["two cases", "all cases"])
def test_elements_of_layers_are_the_kernels_numbers(record: LayerRecord, most: int | None) -> None:
    """Forward and backward rows of every layer, worked out by hand's formula, give what the kernel gave."""
    for case in cases_of(record)[:most]:
        layers, shape = network_of(record, case)
        bench = Bench(Trial(layers, shape, 3, tokens=case.tokens), "float32")
        assert hold_elements(standing_at(bench), lambda row: row.path) > 0


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("record", loss_records().values(), ids=lambda record: record.name)
def test_elements_of_losses_are_the_kernels_numbers(record: LossRecord) -> None:
    """The number of every loss and the gradient it sends back, worked out, give what the kernel gave."""
    for case in cases_of(record):
        front = [layer_named("linear", case.shape[-1])]
        network = (*front, layer_named(record.ends)) if record.ends else tuple(front)
        bench = Bench(Trial(network, case.shape, 5), "float32", loss=record(**case.values))
        chosen = lambda row: row.phase == "loss" or (row.phase == "backward" and not row.path)  # noqa: E731
        assert hold_elements(standing_at(bench), chosen) >= 2


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize(
    "record", [item for item in optimizer_records().values() if item.whole is None], ids=lambda record: record.name
)
def test_elements_of_updates_are_the_kernels_numbers(record: OptimizerRecord) -> None:
    """The update of single weights by every optimizer, worked out, is what the kernel wrote into that parameter."""
    for values in cases_of(record):
        layers = (layer_named("linear", 5), layer_named("linear", 3))
        trial = Trial(layers, (4,), 6)
        bench = Bench(trial, "float32", optimizer=record(**values), **SWITCHED_ROWS)
        empty_gaps(bench)
        inspector = standing_at(bench)
        assert hold_elements(inspector, lambda row: row.phase == "update") >= 5
        if record.by_tensor((4, 5)) is None:  # a single row for all of them
            assert inspector.spans_parameters(len(inspector.rows) - 1) == ["0.weight", "1.weight", "0.bias", "1.bias"]


# -- what if -----------------------------------------------------------------------------------------------------------


def test_an_edited_input_leads_to_other_gradients_and_is_in_the_change_log() -> None:
    """An overridden input changes what follows in this step only, and its outcome comes back in a replay."""
    trainer = make_trainer()
    timeline = Timeline(trainer)
    plain = make_trainer()
    plain.run(steps=1)
    inspector = Inspector(trainer, timeline)
    usual = inspector.values(1)["y"]
    inspector.override(Override("input", (0, 1), 3.0, "input[0,1] = 3"))
    edited = inspector.values(1)["y"]
    assert not np.array_equal(edited[0], usual[0])
    assert np.array_equal(edited[1:], usual[1:])
    inspector.finish()
    assert inspector.overrides == ()
    assert bits(trainer) != bits(plain)
    assert trainer.batch == plain.batch == 1
    after = bits(trainer)
    inspector.finish()
    last = bits(trainer)
    timeline.go_to(1)
    assert bits(trainer) == after
    timeline.go_to(2)
    assert bits(trainer) == last
    assert [change.words for change in timeline.changes] == ["step 1 with input[0,1] = 3"]


def test_a_silent_unit_neither_speaks_nor_is_told_its_error() -> None:
    """A silenced unit's output and gradient are 0 in every row, and its weights get no gradient."""
    inspector = Inspector(make_trainer())
    unit = (Ellipsis, 2)
    inspector.override(
        Override("1.output", unit, 0.0, "unit 2 silent", lasts=True),
        Override("d1.output", unit, 0.0, "unit 2 silent", lasts=True),
    )
    number = next(k for k, row in enumerate(inspector.rows) if row.writes[0].name == "d0.weight")
    gradient = inspector.values(number)["dweight"]
    assert not gradient[:, 2].any()
    assert gradient[:, [0, 1, 3, 4, 5]].all()
    inspector.finish()
    assert len(inspector.overrides) == 2


def test_frozen_weights_stay_while_others_move() -> None:
    """A parameter that is kept as it was does not move in the steps that are taken; the others do."""
    trainer = make_trainer()
    before = {name: value.copy() for name, value in trainer.parameters().items()}
    inspector = Inspector(trainer)
    inspector.override(Override("0.weight", (Ellipsis,), None, "layer 0 frozen", lasts=True))
    for _ in range(3):
        inspector.finish()
    after = trainer.parameters()
    assert np.array_equal(after["0.weight"], before["0.weight"])
    assert not np.array_equal(after["2.weight"], before["2.weight"])


def test_a_step_that_an_edit_breaks_is_refused() -> None:
    """An edit that leads to NaN is not taken over: the run stays where it was."""
    trainer = make_trainer()
    before = bits(trainer)
    inspector = Inspector(trainer, Timeline(trainer))
    inspector.override(Override("input", (0, 0), float("nan"), "input[0,0] = nan"))
    with pytest.raises(DivergedError, match="undo an edit"):
        inspector.finish()
    assert bits(trainer) == before


# -- names -------------------------------------------------------------------------------------------------------------


def test_rows_and_tensors_that_do_not_exist_are_refused() -> None:
    """Row numbers, indices and names outside the step are refused in words."""
    inspector = Inspector(make_trainer())
    with pytest.raises(InputError, match="row 99 does not exist"):
        inspector.view(99)
    with pytest.raises(InputError, match="not in an output of shape"):
        inspector.element(1, (0, 99))
    with pytest.raises(InputError, match="names 2 tensors"):
        slot_named(inspector.machine, "weight")
    assert slot_named(inspector.machine, "2.w").name == "2.weight"
    assert slot_named(inspector.machine, "d0.bias").region == "gradients"


def test_every_row_has_its_explanation() -> None:
    """Formula, words, definition and PyTorch name stand beside every row; evaluation is told where it differs."""
    inspector = Inspector(make_trainer("linear 6, relu, dropout 0.5, linear 2"))
    for view in inspector.views():
        assert view.formula
        assert view.words
        assert "lambda" in view.code or "def " in view.code
    dropout = next(view for view in inspector.views() if view.layer == "dropout" and view.phase == "forward")
    assert dropout.evaluation
