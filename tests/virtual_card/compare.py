"""Presets trained on the card that is not there, beside a processor: `python -m tests.virtual_card.compare [PRESET …]`.

All of them without a name, by one module of all their rows. After an epoch of the processor's, a full batch, then the
smaller one that ends the next, with an evaluation: the same layers and batches, of fewer rows of data. Each preset has
a process of its own, with `--minutes` (20) and `--gigabytes` (8), for all of `--schedules` (block,grid,samples; the one
that it would have without). `--batch N` takes N rows for a batch, `--steps 1` ends before the epoch does, and `--tf32`
multiplies in TF32.

A ReLU or a maximum of numbers that are equal but for rounding may choose otherwise, and gradients then differ by more:
with another `--seed` they do not.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.config import RunConfig
from nnplay.data.dataset import Dataset
from nnplay.data.split import Split
from nnplay.kernels.compile.jit import KERNELS
from nnplay.kernels.cuda import driver
from nnplay.presets.catalogue import load_preset, preset_records
from nnplay.tape.machines import card_run, cuda_machine
from nnplay.tape.machines.card_run import SCHEDULES
from nnplay.tape.machines.cuda_machine import CudaMachine
from nnplay.tape.machines.cuda_table import kernels_of
from nnplay.tape.machines.machine import MachineMaker
from nnplay.training.trainer import Trainer
from tests.virtual_card.driver import VirtualCard

#: What gradients may differ by, of the largest one; Adam may divide those that are rounding alone by themselves, so
#: that parameters differ by more. In TF32, whose numbers have 13 bits less, a thousand times as much.
MOST: Final = 1e-5
MOST_TF32: Final = 1e-2
#: Rows of data behind a full batch, of which the next one consists, and those of an evaluation.
_TAIL, _EVALUATED = 5, 20
#: The file in which processes find the names of all kernels.
_ROWS: Final = "rows.json"
#: What is compared after a step, by region of memory.
_REGIONS: Final = ("gradients", "optimizer_state", "buffers", "parameters")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a step came to.

    Attributes:
        differences: by region, the largest difference from a processor's numbers, of the largest number there.
        slot: whose gradients differ most, of the largest one in the slot.
        loss: the difference of the losses, of the loss; of the evaluated ones where an epoch has ended.
        exact: how far the card's gradients, and the processor's, are from those in 64 bits.
        allowed: how much anything but a parameter may differ.
    """

    differences: dict[str, float]
    slot: str
    loss: float
    exact: tuple[float, float]
    allowed: float

    @property
    def right(self) -> bool:
        """Nothing but parameters differs by more than is allowed.

        Where the card's gradients are no further from 64 bits than the processor's, they may, and moments with them.
        """
        judged = self.differences | {"loss": self.loss}
        beyond = {name for name, value in judged.items() if not value <= self.allowed} - {"parameters"}
        if "gradients" in beyond and self.exact[0] <= max(self.allowed, self.exact[1]):
            beyond -= {"gradients", "optimizer_state"}
        return not beyond

    def __str__(self) -> str:
        parts = [f"{name} {difference:.1e}" for name, difference in self.differences.items()]
        exact = "from 64 bits {:.1e}, the processor {:.1e}".format(*self.exact)
        return ", ".join([*([] if self.right else ["WRONG"]), *parts, f"loss {self.loss:.1e}", exact, self.slot])


def few_rows(config: RunConfig, batch: int = 0, seed: int = 0) -> tuple[RunConfig, Split]:
    """A run whose epoch is a full batch and a smaller one; 0 leaves its own size and seed."""
    changes: dict[str, Any] = {"training": {"batch_size": batch}} if batch else {}
    config = config.changed({**changes, "seed": seed or config.seed})
    split = config.load()
    size = config.trainer(split=split).block_rows
    test = split.validation or split.train
    return config, replace(
        split, train=_first(split.train, size + _TAIL), validation=_first(test, _EVALUATED), test=None
    )


def _first(data: Dataset, count: int) -> Dataset:
    rows = np.arange(min(count, len(data)))
    part = data.part(rows, x=data.x[rows], y=data.y[rows])
    part.kinds, part.kind_names = None if data.kinds is None else data.kinds[rows], data.kind_names
    return part


def rows_of(presets: Sequence[str], tf32: bool) -> dict[str, list[str]]:
    """The names of the kernels that any of these presets calls on a card, by the type of its numbers."""
    found: dict[str, set[str]] = {}
    for preset in presets:
        machine = load_preset(preset).config.trainer().machine
        kernels = kernels_of(machine.tape, tf32 and machine.dtype.name == "float32")
        found.setdefault(machine.dtype.name, set()).update(kernel.name for kernel in kernels)
    return {dtype: sorted(names) for dtype, names in found.items()}


def walk_all(names: Sequence[str]) -> None:
    """Has runs that are made from now on walked by a module of these kernels, whichever of them they call."""
    for name in names:
        importlib.import_module(name.partition(":")[0])
    kernels = [KERNELS[name] for name in names]
    for asking in (cuda_machine, card_run):  # what is compiled before a run, and what the run then has
        asking.kernels_of = lambda tape, tf32=False: kernels  # type: ignore[attr-defined]


def put_in(folder: Path, seed: int = 1) -> VirtualCard:
    """The card that this process has from now on."""
    card: Any = VirtualCard(folder, seed=seed)
    driver.card.cache_clear()
    driver._library = lambda: card
    return card


def on_card(schedule: str = "", *, tf32: bool = False) -> MachineMaker:
    """What makes machines of that schedule; "" lets size decide."""

    def make(*given: Any, **more: Any) -> CudaMachine:
        made = CudaMachine(*given, **more, tf32=tf32)
        made.schedule = schedule
        return made

    return make


def compare(
    config: RunConfig, split: Split, schedule: str = "", tf32: bool = False, steps: int = 2
) -> list[Comparison]:
    """Steps on the card that is there, each from the same state as the processor's.

    Raises:
        RuntimeError: the card has not trained.
    """
    in_64_bits = config.changed({"training": {"real": "float64"}})
    alone, exact = config.trainer(split=split), in_64_bits.trainer(split=split)
    run = config.trainer(split=split, machine=on_card(schedule, tf32=tf32))
    alone.run(epochs=1)  # where biases are 0, some sums are, and the processor's fewer products leave a rest of them
    found = []
    for number in range(steps):
        for one in (run, exact):
            one.machine.state()[:] = alone.machine.state()
            one.machine.clock = alone.machine.clock
        for one in (alone, run, exact):
            if number == 1 or len(one.machine.tape.stages) > 1:
                _hold_still(one)
            one.run(steps=1)
        if run.machine.why_not:
            raise RuntimeError(run.machine.why_not)
        found.append(_compared(run, alone, exact, MOST_TF32 if tf32 else MOST))
    return found


def _hold_still(trainer: Any) -> None:
    """Steps of length 0 from now on: what is evaluated behind them, or another player's turn, has the same weights."""
    usual = trainer.stage_rates
    trainer.stage_rates = lambda count=1: 0 * usual(count)


def _compared(run: Trainer, alone: Trainer, exact: Trainer, allowed: float) -> Comparison:
    most = {}
    for region in _REGIONS:
        if run.machine.tape.layout.slots[region]:
            most[region] = _difference(_numbers(run, region), _numbers(alone, region))
    slots = [slot for slot in run.machine.tape.layout.slots["gradients"] if slot.size(1)]
    apart = {slot.name: _difference(run.machine.view(slot), alone.machine.view(slot)) for slot in slots}
    worst = max(apart, key=lambda name: apart[name])
    from_exact = [_difference(_numbers(one, "gradients"), _numbers(exact, "gradients")) for one in (run, alone)]
    words = f"most in {worst} {apart[worst]:.1e}"
    return Comparison(most, words, _losses(run, alone), (from_exact[0], from_exact[1]), allowed)


def _numbers(trainer: Trainer, region: str) -> NDArray[Any]:
    """All numbers of a region, without the gaps."""
    return np.concatenate(
        [trainer.machine.view(slot).reshape(-1) for slot in trainer.machine.tape.layout.slots[region]]
    )


def _losses(run: Trainer, alone: Trainer) -> float:
    found, wanted = run.machine.finished_epochs[:, 1:], alone.machine.finished_epochs[:, 1:]
    if len(wanted):
        return _difference(found, wanted)
    return _difference(run.machine.trace[:1, :, 0], alone.machine.trace[:1, :, 0])


def _difference(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """The largest one, of the largest number; NaN is only like NaN."""
    if found.shape != wanted.shape or not np.array_equal(np.isnan(found), np.isnan(wanted)):
        return np.inf
    largest = float(np.nanmax(np.abs(wanted), initial=0.0))
    apart = float(np.nanmax(np.abs(found - wanted), initial=0.0))
    return apart / largest if largest else apart


def _one(preset: str, asked: argparse.Namespace) -> bool:
    """Prints a line for each step; whether all of them were right."""
    resource.setrlimit(resource.RLIMIT_AS, (asked.gigabytes << 30, asked.gigabytes << 30))
    config, split = few_rows(load_preset(preset).config, asked.batch, asked.seed)
    walk_all(json.loads((asked.folder / _ROWS).read_text())[config.completed(split).training_settings().dtype])
    right = True
    for schedule in asked.schedules.split(","):
        card = put_in(asked.folder)
        try:
            compared = compare(config, split, schedule, asked.tf32, asked.steps)
        except RuntimeError as error:
            print(f"{preset} {schedule}: WRONG, {error}", flush=True)
            right = False
            continue
        for number, found in enumerate(compared, 1):
            right &= found.right
            print(f"{preset} {schedule}, step {number}: {found}", flush=True)
        print(f"{preset} {schedule}: {card.instructions / 1e6:,.0f} million instructions", flush=True)
    return right


def parser_of_words() -> argparse.ArgumentParser:
    """What reads the words of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.virtual_card.compare", description=__doc__.split("\n")[0])
    parser.add_argument("presets", nargs="*")
    parser.add_argument("--schedules", default="")
    for name, usual in (("minutes", 20), ("gigabytes", 8), ("batch", 0), ("seed", 0), ("steps", 2)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--tf32", action="store_true")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser


def words_of(preset: str, asked: argparse.Namespace, folder: str) -> list[str]:
    """The words by which a process of its own is asked for a preset, with all that was asked for."""
    options = {name: value for name, value in vars(asked).items() if name not in ("presets", "tf32", "folder")}
    words = [f"--{name}={value}" for name, value in options.items()]
    return [preset, *words, *(["--tf32"] if asked.tf32 else []), f"--folder={folder}"]


def main(given: Sequence[str]) -> None:
    """Ends with 1 where a preset failed."""
    parser = parser_of_words()
    asked = parser.parse_args(given)
    if set(asked.schedules.split(",")) - {"", *SCHEDULES}:
        parser.error(f"schedules are {', '.join(SCHEDULES)}")
    if asked.folder:
        sys.exit(not _one(asked.presets[0], asked))
    presets = asked.presets or list(preset_records())
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / _ROWS).write_text(json.dumps(rows_of(presets, asked.tf32)))
        for preset in presets:
            try:
                line = [sys.executable, "-m", "tests.virtual_card.compare", *words_of(preset, asked, folder)]
                failed += [preset] * (subprocess.run(line, timeout=60 * asked.minutes).returncode != 0)
            except subprocess.TimeoutExpired:
                print(f"{preset}: WRONG, not done in {asked.minutes} minutes", flush=True)
                failed.append(preset)
    sys.exit(f"wrong: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
