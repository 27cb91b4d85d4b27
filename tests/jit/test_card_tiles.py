"""Products in tiles of registers, on a processor: each row against its definition, its bits against single sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nnplay.kernels.compile import library
from nnplay.operations import tiled_forms
from nnplay.records.cuda_rows import SumsRow
from nnplay.records.layer import LayerRecord
from nnplay.records.registry import layer_records
from nnplay.tape.every_kernel import every_card_kernel
from nnplay.tape.machines.cuda_lines import cards_of
from tests.jit.test_card_forms import CardBench, CardRows, check
from tests.records import cases_of, same_bits, trials

#: Layers with rows that have such a form.
LAYERS = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose2d", "conv_transpose3d", "rnn", "lstm", "gru")
MODULES = tuple(
    f"nnplay.kernels.cuda.{name}:" for name in ("linear", "convolution", "volumes", "tiled_linear", "tiled_convolution")
)


@pytest.fixture(scope="module")
def tile_kernels() -> None:
    """What products of these layers call, in one go."""
    found = every_card_kernel()
    wanted = [kernel for kernel in found if kernel.name.startswith(MODULES) and ":tensor_" not in kernel.name]
    library.compile_missing(wanted, "float32")


class TiledRows(CardRows):
    """Rows in tiles of registers, where they have such a form; sums that are not cut have the bits of single ones."""

    used = 0

    def _run_on_threads(self, row: Any, line: Any, n: int) -> None:
        cards, before = cards_of(row, n, self.tf32), self.memory.copy()
        super()._run_on_threads(row, line, n)
        if cards is row.operation.cuda:
            return
        self.used += 1
        if not any(isinstance(card, SumsRow) for card in cards):
            found = self.memory.copy()
            self.memory[:] = before
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(tiled_forms, "_LARGE", 1 << 60)
                super()._run_on_threads(row, line, n)
            assert same_bits(found, self.memory).all(), f"{row.operation.name}: other bits than those of single sums"


@pytest.mark.slow
@pytest.mark.usefixtures("tile_kernels")
@pytest.mark.parametrize("record", [layer_records()[name] for name in LAYERS], ids=lambda record: record.name)
def test_every_row_in_tiles(record: LayerRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Products of any size, though only large ones are worth it: edges of tiles, shares, strides and dilation."""
    monkeypatch.setattr(tiled_forms, "_LARGE", 1)
    monkeypatch.setattr(tiled_forms, "_WORTH_A_MEETING", 1)
    monkeypatch.setattr(tiled_forms.register_tile, "TILE", replace(tiled_forms.register_tile.TILE, terms=4))
    for numbers in (1, 1 << 60):  # none is cut, all are
        monkeypatch.setattr(tiled_forms, "_NUMBERS", numbers)
        used = 0
        for case in cases_of(record):
            for trial in trials(record, case, range(2, 7, 2)):
                bench = CardBench(trial, "float32", seed=trial.n, machine=TiledRows)
                tested = bench.plan.layers[-1].path
                check(bench, record, lambda row, path=tested: row.path == path)
                used += bench.machine.used
        assert used
