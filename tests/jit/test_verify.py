"""The safety belt: a tape with anything out of place is refused before it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.network.notation import parse_layers
from nnplay.records.registry import loss_records, optimizer_records
from nnplay.tape.machines import host_machine
from nnplay.tape.memory_layout import Layout
from nnplay.tape.tape import Row, encode, lengths
from nnplay.tape.verify import TapeError, verify
from tests.records import SWITCHED_ROWS, Bench, Trial

pytestmark = pytest.mark.usefixtures("kernels")
Table = NDArray[np.int64]


@pytest.fixture(scope="module")
def bench(kernels: None) -> Bench:
    """A nested network with parameters of equal size, so that neighbours look alike."""
    layers = parse_layers("linear 4 name=front, sum[identity | linear 4, tanh, linear 4], dropout 0.2, linear 4")
    adam = optimizer_records()["adam"]()
    loss = loss_records()["cross_entropy"]()
    return Bench(Trial(layers, (4,), 4), "float32", loss=loss, optimizer=adam, **SWITCHED_ROWS)


def check(bench: Bench, table: Table, rows: list[Row] | None = None) -> None:
    """Verifies a table as the machine does before the first step."""
    verify(table, rows or bench.tape.train, bench.tape.layout, bench.n, bench.tape.size)


def encode_rows(bench: Bench, rows: list[Row]) -> Table:
    """Rows as the integers that the loop walks."""
    return encode(rows, bench.machine.addresses, bench.n, bench.tape.width)


def test_the_tape_itself_is_accepted(bench: Bench) -> None:
    """What the compiler writes passes, for training and for evaluation."""
    check(bench, bench.table.cells)
    check(bench, bench.eval_table.cells, bench.tape.evaluation)


def test_verified_rows_are_copied(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are verified once; a table is its owner's alone; other rows, another batch, other kernels are done anew."""
    verified: list[int] = []

    def verify_and_note(table: Table, rows: list[Row], layout: Layout, n: int, size: int) -> None:
        verify(table, rows, layout, n, size)
        verified.append(n)

    monkeypatch.setattr(host_machine, "verify", verify_and_note)
    machine, rows = bench.machine, bench.tape.train[:-1]
    monkeypatch.setattr(machine, "_verified", [])
    one, other = machine.table(rows, 3), machine.table(list(rows), 3)
    assert verified == [3]
    one.cells[...] = 0
    assert np.array_equal(other.cells, encode(rows, machine.addresses, 3, bench.tape.width))
    assert np.array_equal(other.cells, machine.table(rows, 3).cells)
    machine.table(rows, 2)
    machine.table(rows[:-1], 3)
    assert verified == [3, 2, 3]
    monkeypatch.setattr(machine, "addresses", {name: address + 1 for name, address in machine.addresses.items()})
    assert (machine.table(rows, 3).cells[:, abi.ROW_ADDRESS] == other.cells[:, abi.ROW_ADDRESS] + 1).all()


def move_integer(place: int, amount: int) -> Callable[[Table, int], None]:
    """Adds to one integer of an operand."""

    def move(line: Table, begin: int) -> None:
        line[begin + place] += amount

    return move


def swap_dimensions(line: Table, begin: int) -> None:
    """The first two dimensions change places; where they are equal, they become another shape of the same size."""
    first = begin + abi.OPERAND_SHAPE
    a, b = int(line[first]), int(line[first + 1])
    line[first : first + 2] = (b, a) if a != b else (a * b, 1)
    if a == b == 1:
        line[first] = 2


FAULTS = {
    "one number further": move_integer(abi.OPERAND_OFFSET, 1),
    "one number back": move_integer(abi.OPERAND_OFFSET, -1),
    "one slot further": move_integer(abi.OPERAND_OFFSET, 16),
    "one slot back": move_integer(abi.OPERAND_OFFSET, -16),
    "behind memory": move_integer(abi.OPERAND_OFFSET, 1 << 40),
    "in front of memory": move_integer(abi.OPERAND_OFFSET, -(1 << 40)),
    "one number longer": move_integer(abi.OPERAND_SIZE, 1),
    "one number shorter": move_integer(abi.OPERAND_SIZE, -1),
    "far too long": move_integer(abi.OPERAND_SIZE, 1 << 40),
    "of negative size": move_integer(abi.OPERAND_SIZE, -(1 << 40)),
    "one row longer in shape": move_integer(abi.OPERAND_SHAPE, 1),
    "of another last axis": move_integer(abi.OPERAND_LAST, 1),
    "of another shape": swap_dimensions,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_any_operand_out_of_place_is_refused(bench: Bench, fault: Callable[[Table, int], None]) -> None:
    """Each operand of each row, shifted, stretched or reshaped, is refused, also onto a neighbour of the same size."""
    for rows, table in ((bench.tape.train, bench.table.cells), (bench.tape.evaluation, bench.eval_table.cells)):
        for number, row in enumerate(rows):
            for k in range(len(row.operands)):
                broken = table.copy()
                fault(broken[number], abi.ROW_OPERANDS + k * abi.OPERAND_WIDTH)
                with pytest.raises(TapeError):
                    check(bench, broken, rows)


def test_a_gradient_is_begun_once_and_then_added_to(bench: Bench) -> None:
    """A backward row that adds before anything began, or overwrites what another row began, is refused."""
    for number, row in enumerate(bench.tape.train):
        if row.phase != "backward":
            continue
        for k in range(len(row.writes)):
            broken = bench.table.cells.copy()
            place = abi.ROW_OPERANDS + (len(row.reads) + k) * abi.OPERAND_WIDTH + abi.OPERAND_ADDS
            broken[number, place] = 1 - broken[number, place]
            with pytest.raises(TapeError, match=r"begun|overwrites"):
                check(bench, broken)


@pytest.mark.parametrize(("place", "value"), [(abi.ROW_ADDRESS, 0), (abi.ROW_PARTS, 0), (abi.ROW_PARTS, -1)])
def test_a_row_without_kernel_or_parts_is_refused(bench: Bench, place: int, value: int) -> None:
    """An address of 0 would end the process; no parts would leave the output as it was."""
    broken = bench.table.cells.copy()
    broken[3, place] = value
    with pytest.raises(TapeError, match="no kernel or no parts"):
        check(bench, broken)


def test_a_row_of_too_many_parts_is_refused(bench: Bench) -> None:
    """Threads note in a few bits which parts were begun; a part without a bit would never be run."""
    broken = bench.table.cells.copy()
    broken[3, abi.ROW_PARTS] = abi.MAX_PARTS
    check(bench, broken)
    broken[3, abi.ROW_PARTS] += 1
    with pytest.raises(TapeError, match="more than 16 parts"):
        check(bench, broken)


def test_a_value_read_before_it_is_written_is_refused(bench: Bench) -> None:
    """Any row left out that begins a value which a later row reads is noticed."""
    rows = bench.tape.train
    needed = {id(slot) for row in rows for slot in row.reads}
    for number, row in enumerate(rows):
        kept = [other for k, other in enumerate(rows) if k != number]
        fresh = [slot for slot in row.writes if slot.region in ("batch", "activations", "deltas")]
        if row.phase == "update" or any(row.adds) or not any(id(slot) in needed for slot in fresh):
            continue
        with pytest.raises(TapeError, match=r"before any row wrote it|no row has begun"):
            check(bench, encode_rows(bench, kept), kept)


def test_rows_write_only_what_their_phase_may(bench: Bench) -> None:
    """A forward row that writes parameters, or an update row that writes activations, is refused."""
    update = bench.tape.train[-1]
    for row in (replace(update, phase="forward"), replace(bench.tape.train[1], phase="update")):
        rows = [*bench.tape.train, row]
        with pytest.raises(TapeError, match="may not write"):
            check(bench, encode_rows(bench, rows), rows)


def test_outputs_of_a_row_may_not_overlap(bench: Bench) -> None:
    """A row with the same place for two outputs is refused."""
    number = next(k for k, row in enumerate(bench.tape.train) if row.operation.name == "dropout")
    row = bench.tape.train[number]
    rows = list(bench.tape.train)
    rows[number] = replace(row, writes=(row.writes[0], row.writes[0]))
    with pytest.raises(TapeError, match="outputs overlap"):
        check(bench, encode_rows(bench, rows), rows)


def test_a_slot_of_another_layout_is_refused(bench: Bench) -> None:
    """An operand that this layout does not know is refused even where its numbers look right."""
    row = bench.tape.train[1]
    stranger = replace(row.reads[0])
    rows = [bench.tape.train[0], replace(row, reads=(stranger, *row.reads[1:]))]
    with pytest.raises(TapeError, match="not a slot of this layout"):
        check(bench, encode_rows(bench, rows), rows)


def test_a_volume_is_a_strip_of_its_slices_to_a_kernel() -> None:
    """Of five axes the second and the third are one, as they lie in memory; up to four stay as they are."""
    assert lengths((7, 2, 3, 4, 5)) == (7, 6, 4, 5)
    assert lengths((2, 2, 3, 4, 5)) == (2, 6, 4, 5)
    assert lengths((7, 3, 4, 5)) == (7, 3, 4, 5)
    assert lengths((7,)) == (7, 1, 1, 1)
