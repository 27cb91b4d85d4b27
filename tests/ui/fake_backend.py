"""A back end without an engine: it answers at once, and records what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nnplay.config import RunConfig
from nnplay.config.exchange import exchanged
from nnplay.data.catalogue import load_dataset
from nnplay.data.columns.columns import Column
from nnplay.data.dataset import Dataset
from nnplay.data.profile.profile import Profile
from nnplay.errors import InputError
from nnplay.run.snapshot import Snapshot
from nnplay.run.speed_limit import SpeedLimit
from tests.ui.fake_run import fresh_run
from tests.ui.fake_settings import FakeCatalogue, FakeLedger, FakeLine, FakeRecent, fake_config


class FakeBackend:
    """Answers at once; `asked` lists the calls."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.snapshot = snapshot or fresh_run()
        self.settings = fake_config()
        self.catalogue = FakeCatalogue()
        self.asked: list[tuple[Any, ...]] = []
        self.looked: dict[str, Any] = {}
        self.saved: list[FakeRecent] = []
        self.past: list[RunConfig] = []
        self.future: list[RunConfig] = []
        self.unsaved_steps = False
        self.path = ""
        self.older = 0
        self.read_only = ""
        self.table: tuple[Column, ...] = ()
        self.data: Dataset | None = None
        self.view: Mapping[str, Any] = {}
        self.compiling = ""
        self.worker = self.runs = None

    @property
    def will_run(self) -> bool:
        return self.snapshot.running

    def run(self) -> None:
        self._do("run", running=True)

    def pause(self) -> None:
        if self.snapshot.running:
            self._do("pause", running=False)

    def batch(self) -> None:
        self._do("batch", running=False, step=self.snapshot.step + 1)

    def back(self) -> None:
        self._do("back", running=False, step=max(0, self.snapshot.step - 1))

    def epoch(self) -> None:
        self._do("epoch")

    def rewind(self) -> None:
        self._do("rewind", step=0, epoch=0, batch=0, curves={})

    def reseed(self) -> str:
        self._do("reseed")
        self.settings = replace(self.settings, seed=self.settings.seed + 1)
        return "new weights"

    def goto(self, unit: str, number: int) -> None:
        self._do("goto", unit, number)

    def run_for(self, *, steps: int | None = None, epochs: int | None = None) -> None:
        self._do("run_for", steps, epochs)

    def look(self, **seen: Any) -> None:
        self.looked = seen

    def set_weight(self, name: str, index: tuple[int, ...], value: float) -> str:
        self._do("set_weight", name, index, value)
        return f"{name} = {value:g}"

    def task(self) -> str:
        return "spiral: the network learns to distinguish orange and blue from x1 and x2"

    def summary(self) -> str:
        return "700 training rows in batches of 32"

    def notes(self) -> tuple[str, ...]:
        return ()

    def askable_shape(self) -> tuple[int, int]:
        return (0, 0)

    def ask_image(self, ink: Any) -> tuple[tuple[str, float], ...]:
        return ()

    def columns(self) -> tuple[Column, ...]:
        return self.table

    def row_shape(self) -> tuple[int, ...]:
        return (2,)

    def profile(self) -> Profile:
        made = self.data or load_dataset("spiral", samples=300)
        data = self.settings.data.load() if self.settings.data.file else made
        return Profile(data, data.split())

    def recent(self) -> list[FakeRecent]:
        return self.saved

    def recovered(self) -> list[FakeRecent]:
        return [item for item in self.saved if item.recovered]

    def open_copy(self, path: str) -> str:
        self.asked.append(("open_copy", path))
        return f"opened a copy of {path}"

    def discard(self, path: str) -> str:
        self.asked.append(("discard", path))
        self.saved = [item for item in self.saved if item.path != path]
        return "discarded"

    def limit_speed(self, limit: SpeedLimit) -> None:
        self._do("limit_speed", limit)

    def _do(self, *what: Any, **changed: Any) -> None:
        self.asked.append(what)
        self.snapshot = replace(self.snapshot, **changed)

    def changed(self, **changes: Any) -> RunConfig:
        return exchanged(self.settings, changes)

    def apply(self, settings: RunConfig, *, anew: bool = False, words: str = "") -> str:
        problem = next((line.problem for line in self.ledger(settings.layer_texts).lines if line.problem), "")
        if problem:
            raise InputError(problem)
        self.asked.append(("apply", settings))
        self.past, self.future = [*self.past, self.settings], []
        kept = (
            "weights kept" if settings.layer_texts == self.settings.layer_texts else "2 of 3 layers kept their weights"
        )
        self.settings = settings
        return kept

    def branches(self) -> list[tuple[str, str]]:
        return []

    def go_to_run(self, number: int) -> str:
        self.asked.append(("go_to_run", number))
        return f"run {number}"

    def switch_branch(self, words: str) -> str:
        self.asked.append(("switch_branch", words))
        return f"continuing as {words}"

    def catch_up(self) -> bool:
        return False

    def undo(self) -> str:
        return self._swap(self.past, self.future, "undone", "nothing to undo")

    def redo(self) -> str:
        return self._swap(self.future, self.past, "redone", "nothing to redo")

    def _swap(self, source: list[RunConfig], target: list[RunConfig], done: str, nothing: str) -> str:
        if not source:
            return nothing
        target.append(self.settings)
        self.settings = source.pop()
        return f"{done}: a change"

    def preset(self, name: str) -> RunConfig:
        if name not in self.catalogue.presets:
            raise InputError(f"unknown preset '{name}'")
        return self.changed(data={"name": name})

    def ledger(self, layers: Sequence[str], network: str = "") -> FakeLedger:
        width, lines, total = 2, [], 0
        for text in layers:
            word, *rest = text.split()
            if word not in self.catalogue.layers:
                lines.append(FakeLine(text, "", width, 0, problem=f"unknown layer '{word}'"))
            elif word == "linear":
                units = int(rest[0]) if rest and rest[0].isdigit() else 8
                count = units * width + units
                note = "frozen" if "frozen" in rest else "he-normal"
                lines.append(FakeLine(text, f"{width}→{units}", units, count, units * width, note))
                total, width = total + count, units
            else:
                lines.append(FakeLine(text, f"{width}", width, 0))
        names = ("orange", "blue") if width == 2 else ()
        return FakeLedger(tuple(lines), ("x1", "x2"), names, total, 4 * total, total)

    def save(self, path: str) -> str:
        self.asked.append(("save", path))
        return f"saved to {path or 'spiral.nnplay'}"

    def save_target(self) -> str:
        return self.path or "spiral.nnplay"

    def open(self, path: str) -> str:
        self.asked.append(("open", path))
        return f"opened {path}"

    def unsaved(self) -> bool:
        return self.unsaved_steps

    def steps_unsaved(self) -> int:
        return self.snapshot.step if self.unsaved_steps else 0

    def rescue(self) -> str:
        self.asked.append(("rescue",))
        return "the run was saved to rescued.nnplay"

    def older_recovered(self) -> int:
        return self.older

    def rescue_progress(self) -> int:
        return 0

    def stop(self, *, keep: bool = False) -> None:
        self.asked.append(("stop",))
