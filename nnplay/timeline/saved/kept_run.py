"""Other runs of a session as plain values for its record, and as arrays for its state file: each where it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.text import clean
from nnplay.training.curves.history import PREFIX as CURVES
from nnplay.training.curves.history import History
from nnplay.training.learning_rate import Plateau
from nnplay.training.state.saved_checkpoint import MOST_STEPS, SavedCheckpoint

Array = NDArray[Any]
#: What names of their arrays begin with; no tensor of a network's own has such a name.
PREFIX: Final = "-runs."
#: Runs that a session keeps besides the present one with its branches, and bytes that they may take.
MOST_RUNS: Final = 64
MOST_BYTES: Final = 16 << 20
_LONGEST: Final = 128
_STATE: Final = "state."
_KEYS: Final = (
    "number",
    "name",
    "words",
    "parent",
    "step",
    "epoch",
    "batch",
    "seconds",
    "batches",
    "sum",
    "plateau",
    "run",
)


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run where it ended.

    Attributes:
        number, name, words: those of its label.
        parent: number of the run that it came from; 0 for none.
        config: everything that was chosen, with the settings at its end.
        end: its newest step.
        history: its curves.
        seconds: of training.
        batches: steps of an epoch.
    """

    number: int
    name: str
    words: str
    parent: int
    config: RunConfig
    end: SavedCheckpoint
    history: History
    seconds: float
    batches: int

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in a file."""
        return self.end.nbytes + sum(array.nbytes for array in self.history.to_arrays().values())


def fit_runs(runs: Sequence[KeptRun]) -> tuple[KeptRun, ...]:
    """As many of the newest runs as a session keeps."""
    kept: list[KeptRun] = []
    left = MOST_BYTES
    for run in reversed(runs):
        left -= run.nbytes
        names = ["", *(run.end.tensors or {}), *run.history.to_arrays()]  # a run may have neither parameters nor curves
        if left < 0 or len(kept) == MOST_RUNS or max(map(len, names)) + len(f"{PREFIX}999999.{_STATE}") > _LONGEST:
            break
        kept.insert(0, run)
    return tuple(kept)


def runs_to_tables(runs: Sequence[KeptRun]) -> list[dict[str, Any]]:
    """The part of the record that is about other runs."""
    return [_to_table(run) for run in runs]


def _to_table(run: KeptRun) -> dict[str, Any]:
    step, epoch, batch = run.end.clock
    found: dict[str, Any] = {"number": run.number, "name": run.name, "words": run.words, "parent": run.parent}
    found |= {"step": step, "epoch": epoch, "batch": batch, "seconds": run.seconds, "batches": run.batches}
    return found | {"sum": run.end.loss_sum, "plateau": [*run.end.plateau], "run": run.config.anywhere().to_dict()}


def runs_to_tensors(runs: Sequence[KeptRun]) -> dict[str, Array]:
    """Their tensors and curves."""
    found: dict[str, Array] = {}
    for run in runs:
        prefix = f"{PREFIX}{run.number}."
        found |= {f"{prefix}{_STATE}{name}": array for name, array in (run.end.tensors or {}).items()}
        found |= {prefix + name: array for name, array in run.history.to_arrays().items()}
    return found


def read_runs(found: Any, arrays: Mapping[str, Array], folder: Path) -> tuple[KeptRun, ...]:
    """Reads the runs that `runs_to_tables` wrote.

    Args:
        found: what the record has.
        arrays: of the state file.
        folder: paths of data files are relative to it.

    Raises:
        InputError: they are none.
    """
    if not isinstance(found, list) or len(found) > MOST_RUNS or not all(isinstance(one, Mapping) for one in found):
        raise InputError(f"is not a list of up to {MOST_RUNS} runs", where="runs")
    runs = tuple(_read_run(table, arrays, folder) for table in found)
    if len({run.number for run in runs}) < len(runs):
        raise InputError("two runs have one number", where="runs")
    return runs


def _read_run(table: Mapping[str, Any], arrays: Mapping[str, Array], folder: Path) -> KeptRun:
    if missing := set(_KEYS) ^ set(table):
        raise InputError(f"'{clean(min(missing), 40)}' is missing or unknown", where="runs")
    number = _count(table, "number", 10**6)
    prefix = f"{PREFIX}{number}."
    own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    config = RunConfig.from_dict(dict(table["run"]), folder=folder) if isinstance(table["run"], Mapping) else None
    if config is None:
        raise InputError("'run' is not a table", where="runs")
    step, epoch, batch = (_count(table, name, MOST_STEPS) for name in ("step", "epoch", "batch"))
    tensors = {name.removeprefix(_STATE): array for name, array in own.items() if name.startswith(_STATE)}
    end = SavedCheckpoint(
        tensors, "", (step, epoch, batch), _real(table["sum"], "sum"), _plateau(table["plateau"]),
        config.optimizer, config.training_settings(),
    )  # fmt: skip
    history = History.from_arrays({name: array for name, array in own.items() if name.startswith(CURVES)})
    seconds, batches = _real(table["seconds"], "seconds"), max(1, _count(table, "batches", MOST_STEPS))
    words, parent = _words(table, "words", 120), _count(table, "parent", 10**6)
    return KeptRun(number, _words(table, "name", 40), words, parent, config, end, history, seconds, batches)


def _count(table: Mapping[str, Any], name: str, most: int) -> int:
    value = table[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < most:
        raise InputError(f"'{clean(str(value), 40)}' is not a count", where=f"runs, {name}")
    return value


def _real(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"'{clean(str(value), 40)}' is not a number", where=f"runs, {name}")
    return float(value)


def _words(table: Mapping[str, Any], name: str, most: int) -> str:
    value = table[name]
    if not isinstance(value, str) or len(value) > most:
        raise InputError(f"'{clean(str(value), 40)}' is not a short text", where=f"runs, {name}")
    return clean(value, most)


def _plateau(value: Any) -> Plateau:
    match value:
        case [float() | int() as best, int() as waited, float() | int() as factor]:
            return Plateau(float(best), waited, float(factor))
    raise InputError("is not the state of a schedule", where="runs, plateau")
