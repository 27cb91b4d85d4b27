"""The tape as a whole: the compiled loop beside the interpreter, the same bits every way, gradients that add up."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.network.network import Network
from nnplay.network.notation import parse_layers
from nnplay.records.registry import loss_records, optimizer_records
from nnplay.tape.machines import interpreter
from nnplay.tape.machines.machine import Fault
from tests.records import SWITCHED_ROWS, Bench, Trial, gradient_errors, same_bits

pytestmark = pytest.mark.usefixtures("kernels")
#: Values that several rows read, gradients that add up, random numbers, every kind of parameter.
NESTED = (
    "linear 7 name=front, sum[identity | linear 7, tanh, linear 7 | linear 7 bias=no], dropout 0.2, "
    "concat[ | linear 3, relu | sequential[linear 2, silu]], linear 3"
)


def bench(
    dtype: str = "float32", *, n: int = 6, share: int = 64, threads: int = 1, seed: int = 1, text: str = NESTED
) -> Bench:
    """A nested classifier with momentum, penalties and clipping, whose rows are cut into parts."""
    made = Bench(
        Trial(parse_layers(text), (5,), n, share=share),
        dtype,
        loss=loss_records()["cross_entropy"](label_smoothing=0.1),
        optimizer=optimizer_records()["adam"](lr=0.01),
        seed=seed,
        threads=threads,
        **SWITCHED_ROWS,
    )
    made.machine.rates[:] = 0.01
    return made


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("share", [64, 10**9])
def test_every_row_of_a_nested_network_is_its_definition(dtype: str, share: int) -> None:
    """Data, forward, loss, backward, penalty, clipping and update rows of a nested network equal their definitions."""
    made = bench(dtype, share=share)
    held = made.hold_to_definitions()
    assert held == len(made.tape.train) + len(made.tape.evaluation) - 1
    assert any(row.parts > 1 for row in made.tape.train) == (share == 64)


def test_the_loop_trains_as_the_interpreter_does() -> None:
    """Ten steps of the compiled loop give the weights that the definitions give, in float64 to the last digits."""
    compiled, plain = bench("float64"), bench("float64")
    assert compiled.machine.advance(10) == 10
    for _ in range(10):
        plain.machine.view(plain.tape.named["optimizer"])[0] = 0.01
        for number in range(len(plain.table.rows)):
            interpreter.run_row(plain.machine, plain.table, number)
        plain.machine.clock = plain.machine.clock._replace(step=plain.machine.clock.step + 1)
    for name, slot in compiled.tape.parameters.items():
        assert np.allclose(compiled.machine.view(slot), plain.machine.view(plain.tape.parameters[name]), atol=1e-10), (
            name
        )


def test_a_shorter_last_batch_is_used() -> None:
    """An epoch of 10 rows in batches of 4 makes three steps, the last on two rows, as the interpreter makes them."""
    compiled, plain = bench("float64", n=4), bench("float64", n=4)
    random = np.random.default_rng(0)
    x, y = random.normal(size=(10, 5)), random.integers(0, 3, 10).astype(float)
    for made in (compiled, plain):
        made.machine.load({"input": x, "target": y}, batch=4, shuffle=False)
    compiled.machine.advance(3)
    assert compiled.machine.clock[1:] == (3, 1, 0)
    for step, n in enumerate((4, 4, 2)):
        table = plain.machine.full_table if n == 4 else plain.machine.tail_table
        plain.machine.clock = plain.machine.clock._replace(step=step, batch=step)
        plain.machine.view(plain.tape.named["optimizer"])[0] = 0.01
        for number in range(len(table.rows)):
            interpreter.run_row(plain.machine, table, number)
    for name, slot in compiled.tape.parameters.items():
        assert np.allclose(compiled.machine.view(slot), plain.machine.view(plain.tape.parameters[name]), atol=1e-10), (
            name
        )


def test_stepped_is_run() -> None:
    """Thirty steps one by one give the same bits as thirty steps in one call."""
    run, stepped = bench(), bench()
    run.machine.advance(30)
    for _ in range(30):
        stepped.machine.advance(1)
    assert same_bits(run.machine.state(), stepped.machine.state()).all()


def test_rows_one_by_one_are_the_loop() -> None:
    """Calling each row of a step by itself gives the same bits as the loop."""
    run, single = bench(), bench()
    run.machine.advance(1)
    single.machine.view(single.tape.named["optimizer"])[0] = 0.01
    for number in range(len(single.tape.train)):
        single.run(number + 1, number)
    assert same_bits(run.machine.state(), single.machine.state()).all()


def test_run_twice_gives_the_same_bits() -> None:
    """Two runs from the same start agree in every bit of weights, optimizer state and trace."""
    first, second = bench(), bench()
    for made in (first, second):
        made.machine.advance(50)
    assert same_bits(first.machine.state(), second.machine.state()).all()
    assert same_bits(first.machine.trace[:50], second.machine.trace[:50]).all()


def test_another_seed_gives_other_numbers() -> None:
    """The clock's seed reaches dropout: another one trains otherwise."""
    first, second = bench(), bench()
    second.machine.clock = second.machine.clock._replace(seed=8)
    for made in (first, second):
        made.machine.advance(5)
    assert not same_bits(first.machine.state(), second.machine.state()).all()


def test_gradients_of_branches_add_up() -> None:
    """Where several branches read one value, all gradients agree with central differences."""
    made = Bench(Trial(parse_layers(NESTED), (5,), 4), "float64", loss=loss_records()["cross_entropy"](), seed=3)
    assert sum(any(row.adds) for row in made.tape.train) >= 4
    errors = dict(gradient_errors(made))
    assert len(errors) == len(made.tape.parameters)
    assert max(errors.values()) <= 1e-5, errors


def test_nothing_trained_in_front_means_no_backward_rows() -> None:
    """Layers in front of the first trained or unfrozen parameter have no backward rows, and no gradient slots."""
    layers = parse_layers("tanh name=first, linear 4 frozen, relu name=second, linear 2 name=last")
    made = Bench(Trial(layers, (5,), 3), "float32")
    backward = [row.path for row in made.tape.train if row.phase == "backward"]
    assert set(backward) == {"", "last"}
    assert [slot.name for slot in made.tape.layout.slots["deltas"]] == ["dlast.output"]


def test_evaluation_is_the_mean_over_all_rows() -> None:
    """Loss and accuracy of a part are means over its rows, whatever its size and the evaluation batch."""
    made = bench("float64", n=4)
    random = np.random.default_rng(0)
    for rows in (1, 3, 4, 5, 11):
        x, y = random.normal(size=(rows, 5)), random.integers(0, 3, rows).astype(float)
        loss, score = made.machine.evaluate(made.machine.load_eval({"input": x, "target": y}))
        z = made.machine.forward(x, ["eval.4.output"])["eval.4.output"]
        logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        wanted = 0.9 * logs[np.arange(rows), y.astype(int)] + 0.1 * logs.mean(axis=1)
        assert loss == pytest.approx(-wanted.mean(), rel=1e-9)
        assert score == pytest.approx((z.argmax(axis=1) == y).mean())


def test_a_loss_that_is_no_number_stops_before_the_update() -> None:
    """NaN in a batch stops the loop in that step; weights and optimizer state keep their bits."""
    made = bench()
    made.machine.advance(5)
    before = made.machine.state().copy()
    made.machine.view(made.tape.named["input"])[...] = 0
    x = made.x.copy()
    x[2, 1] = np.nan
    made.machine.load({"input": x, "target": made.y}, batch=made.n, shuffle=False)
    assert made.machine.advance(5) == 0
    assert made.machine.take_fault() == Fault(stage=0, in_update=False, step=5, kept=5)
    assert made.machine.take_fault() is None
    assert same_bits(made.machine.state(), before).all()


def test_an_update_that_overflows_puts_the_last_good_weights_back() -> None:
    """A learning rate that throws the weights away stops the loop, and the state is a good one again."""
    made = bench()
    made.machine.rates[:3] = 0.01
    made.machine.rates[3:] = np.float32(3e38)
    taken = made.machine.advance(50)
    assert taken < 50
    assert made.machine.take_fault() is not None
    assert np.isfinite(made.machine.state()).all()


def test_memory_has_a_place_for_everything_once() -> None:
    """Slots of one layout do not overlap, begin at cache lines, and lie inside memory."""
    made = bench()
    layout = made.tape.layout
    slots = sorted((slot for region in layout.slots.values() for slot in region), key=lambda slot: slot.offset)
    ends = [slot.offset + slot.size(layout.capacity(slot.region)) for slot in slots]
    assert all(end <= after.offset for end, after in zip(ends, slots[1:], strict=False))
    assert all(slot.offset % 16 == 0 for slot in slots)
    assert max(ends) <= made.tape.size
    assert made.machine.memory.ctypes.data % 64 == 0


def test_plans_are_the_same_for_the_same_network() -> None:
    """Planning has no hidden state: two plans of one text have the same shapes, paths and counts."""
    first, second = (Network(NESTED).plan((5,)) for _ in range(2))
    assert first.values == second.values
    assert [planned.path for planned in first.layers] == [planned.path for planned in second.layers]
    assert (
        first.parameter_count == second.parameter_count == 5 * 7 + 7 + 3 * 49 + 14 + 7 * 3 + 3 + 7 * 2 + 2 + 12 * 3 + 3
    )
