"""The training thread: commands in, the latest snapshot out. It knows no Textual, and never holds Python's lock for long."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from nnplay import views
from nnplay.errors import NnplayError
from nnplay.health import findings
from nnplay.snapshot import Snapshot
from nnplay.stopping import Stops
from nnplay.timeline import BUDGET, Timeline
from nnplay.trainer import Trainer

Command = Callable[["Worker"], None]
Answer = TypeVar("Answer")
#: Seconds between snapshots of the numbers, and of the pictures (which cost forward passes).
NUMBERS_EVERY: Final = 0.1
PICTURES_EVERY: Final = 0.25
#: Share of the thread's time that pictures may take.
PICTURES_SHARE: Final = 0.1
_SMALL_NETWORK: Final = 4_096


@dataclass(frozen=True, slots=True)
class Look:
    """Which pictures the screen shows now, and their size in pixels; what is not shown is not computed.

    Attributes:
        surface: (rows, columns), or None.
        neurons: side of a neuron's picture, or 0.
        output: whether the task's own view is shown.
        held_out: whether validation and test examples are drawn.
    """

    surface: tuple[int, int] | None = (40, 40)
    neurons: int = 8
    output: bool = True
    held_out: bool = False


class Worker:
    """Owns a trainer and runs it in a thread of its own.

    Every public method may be called from any thread and returns at once; what it causes shows in a later `snapshot`.

    Args:
        trainer: the run; replaced by `install`.
        budget: bytes that the stored past may take.
    """

    def __init__(self, trainer: Trainer | None = None, *, budget: int = BUDGET) -> None:
        self.snapshot = Snapshot()
        self.look = Look()
        self.stops = Stops()
        self.budget = budget
        self.trainer: Trainer | None = None
        self.timeline: Timeline | None = None
        self.steps_per_second_limit = 0.0
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._until: int | None = None
        self._running = False
        self._ended = False
        self._generation = 0
        self._message = ""
        self._error = ""
        self._pictured = (0.0, 0.0)
        self._rate = (0.0, 0, 0.0)
        if trainer is not None:
            self._install(trainer)
        self.thread = threading.Thread(target=self._work, name="nnplay-training", daemon=True)
        self.thread.start()

    # -- commands: any thread --------------------------------------------------------------------------------------

    def send(self, command: Command) -> None:
        """Runs `command(worker)` in the training thread, between two steps."""
        self._commands.put(command)
        trainer = self.trainer
        if trainer is not None:
            trainer.machine.stop[0] = 1

    def run(self, steps: int | None = None, epochs: int | None = None) -> None:
        """Trains until paused, or for so many steps, or to the end of so many epochs."""
        self.send(lambda worker: worker._run(steps, epochs))

    def pause(self) -> None:
        """Stops at the end of the present step."""
        self.send(lambda worker: worker._pause())

    def rewind(self) -> None:
        """Back to the initial weights."""
        self.send(lambda worker: worker._rewind())

    def go(self, step: int) -> None:
        """To any step of the past, or back to the latest."""
        self.send(lambda worker: worker._go(step))

    def back(self) -> None:
        """One step back."""
        self.send(lambda worker: worker._go(worker._here() - 1))

    def install(self, make: Callable[[], Trainer]) -> None:
        """Replaces the run by a new one; `make` runs in the training thread, its errors show in the snapshot."""
        self.send(lambda worker: worker._replace(make))

    def change(self, words: str, apply: Callable[[Trainer], None]) -> None:
        """Changes something of the running training, and writes it into the journal."""
        self.send(lambda worker: worker._change(words, apply))

    def say(self, message: str) -> None:
        """Shows a message with the next snapshot."""
        self._message = message

    def tell(self, message: str) -> None:
        """Shows a message now; for the training thread while it is busy with something long."""
        self._message = message
        self.snapshot = replace(self.snapshot, message=message)

    def ask(self, question: Callable[[Worker], Answer], seconds: float = 10.0) -> Answer:
        """The answer that the training thread gives between two steps.

        Raises:
            NnplayError: it did not answer in time.
        """
        answered = threading.Event()
        answers: list[Answer] = []

        def answer(worker: Worker) -> None:
            answers.append(question(worker))
            answered.set()

        self.send(answer)
        if not answered.wait(seconds):
            raise NnplayError("the training thread did not answer in time", where="worker")
        return answers[0]

    def reach(self, step: int) -> None:
        """For commands: goes to a known step, or trains on to one that has not been reached yet."""
        trainer, timeline = self._both()
        if step <= timeline.latest:
            self._go(step)
        else:
            self._go(timeline.latest)
            self._run(step - trainer.step, None)

    def stop(self, seconds: float = 5.0) -> None:
        """Ends the thread at the next step boundary and waits for it."""
        self.send(lambda worker: worker._end())
        self.thread.join(seconds)

    @property
    def alive(self) -> bool:
        """Whether the thread still works."""
        return self.thread.is_alive()

    # -- the thread ------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._ended:
            try:
                self._take_commands()
                if self._running and not self._ended:
                    self._train()
            except NnplayError as error:
                self._running, self._error = False, error.message
                self._publish(force=True)
            except Exception as error:  # a fault of the program: the screen must say so, and the run is still there
                self._running, self._error = False, f"internal fault: {type(error).__name__}: {error}"
                self._publish(force=True)

    def _take_commands(self) -> None:
        """Runs what has been asked; waits for something to do when the training is paused."""
        if not self._running:
            self._publish(force=True)
            self._do(self._commands.get())
        while not self._commands.empty() and not self._ended:
            self._do(self._commands.get())

    def _do(self, command: Command) -> None:
        if self.trainer is not None:
            self.trainer.machine.stop[0] = 0
        command(self)

    def _train(self) -> None:
        trainer, timeline = self._both()
        limit = self.steps_per_second_limit
        wanted = max(1, int(limit * NUMBERS_EVERY)) if limit else 1 << 30
        if self._until is not None:
            wanted = min(wanted, self._until - trainer.step)
        if self.stops.watch_epochs:
            wanted = min(wanted, trainer.batches - trainer.batch)
        began = time.perf_counter()
        taken = trainer.advance(max(1, wanted)) if wanted > 0 else 0
        timeline.note()
        self._measure(taken)
        reason = self.stops.reason(trainer)
        if reason or (self._until is not None and trainer.step >= self._until):
            self._running, self._until = False, None
            self._message = reason or self._message
        self._publish()
        if limit and self._running and self._commands.empty():
            self._wait(taken / limit - (time.perf_counter() - began))

    def _wait(self, seconds: float) -> None:
        """Sleeps for the speed control; a command ends the sleep."""
        if seconds > 0:
            try:
                self._do(self._commands.get(timeout=seconds))
            except queue.Empty:
                return

    def _measure(self, taken: int) -> None:
        since, steps, rate = self._rate
        now = time.perf_counter()
        steps += taken
        if now - since > 0.5:
            rate, since, steps = steps / (now - since), now, 0
        self._rate = (since, steps, rate)

    # -- what commands do ------------------------------------------------------------------------------------------

    def _both(self) -> tuple[Trainer, Timeline]:
        if self.trainer is None or self.timeline is None:
            raise NnplayError("there is no network to train", hint="mend the layers that are marked red")
        return self.trainer, self.timeline

    def _here(self) -> int:
        return self._both()[0].step

    def _run(self, steps: int | None, epochs: int | None) -> None:
        trainer, timeline = self._both()
        lost = timeline.cut()
        self._message = f"the {lost:,} steps after this one were let go" if lost else ""
        self._error = ""
        self._until = None
        if steps is not None:
            self._until = trainer.step + steps
        if epochs is not None:
            self._until = trainer.step + trainer.steps_to(trainer.epoch + epochs)
        self.stops.begin(trainer)
        self._rate = (time.perf_counter(), 0, self._rate[2])
        self._running = True

    def _pause(self) -> None:
        self._running, self._until = False, None

    def _rewind(self) -> None:
        trainer, _ = self._both()
        self._running, self._until, self._error, self._message = False, None, "", ""
        trainer.rewind()
        self.timeline = Timeline(trainer, self.budget)

    def _go(self, step: int) -> None:
        self._pause()
        _, timeline = self._both()
        self._error = ""
        timeline.go(step, lambda done, wanted: not self._commands.empty())

    def _replace(self, make: Callable[[], Trainer]) -> None:
        was_running, self._error = self._running, ""
        self._running = False
        self._install(make())
        self._running = was_running

    def _install(self, trainer: Trainer) -> None:
        self.trainer, self.timeline = trainer, Timeline(trainer, self.budget)
        self._generation += 1
        self._pictured = (0.0, 0.0)

    def _change(self, words: str, apply: Callable[[Trainer], None]) -> None:
        _, timeline = self._both()
        if timeline.trainer.step < timeline.latest:
            timeline.cut()
        timeline.change(words, apply)
        self._error = ""

    def _end(self) -> None:
        self._running, self._ended = False, True

    # -- snapshots -------------------------------------------------------------------------------------------------

    def _publish(self, force: bool = False) -> None:
        """Publishes the present moment; while training only as often as the screen can use it."""
        now = time.perf_counter()
        made, cost = self._pictured
        pictures_due = force or now - made >= max(PICTURES_EVERY, cost / PICTURES_SHARE)
        if not pictures_due and now - self._published_at() < NUMBERS_EVERY:
            return
        trainer = self.trainer
        if trainer is None:
            self.snapshot = replace(self.snapshot, running=False, message=self._message, error=self._error)
            return
        shown = self._numbers(trainer)
        if pictures_due:
            shown = replace(shown, **self._pictures(trainer))
            done = time.perf_counter()
            self._pictured = (done, done - now)
        self._last_published = now
        self.snapshot = shown

    _last_published = 0.0

    def _published_at(self) -> float:
        return self._last_published

    def _numbers(self, trainer: Trainer) -> Snapshot:
        history, timeline = trainer.history, self.timeline
        buckets = {name: history[name].at(trainer.step) for name in history.names()}
        last = {name: float(bucket.last) for name, bucket in buckets.items() if bucket is not None}
        metrics = {name: value for name, value in last.items() if name.endswith(("accuracy", "r2"))}
        return replace(
            self.snapshot,
            running=self._running,
            epoch=trainer.epoch,
            batch=trainer.batch,
            batches=trainer.batches,
            step=trainer.step,
            first=timeline.first if timeline else 0,
            latest=timeline.latest if timeline else trainer.step,
            steps_per_second=self._rate[2] if self._running else self.snapshot.steps_per_second,
            seconds=trainer.seconds,
            train_loss=last.get("train_loss", last.get("loss", float("nan"))),
            validation_loss=last.get("validation_loss", float("nan")),
            metrics=metrics,
            learning_rate=trainer.lr,
            gradient_norm=last.get("gradient_norm", float("nan")),
            message=self._message,
            error=self._error,
            generation=self._generation,
        )

    def _pictures(self, trainer: Trainer) -> dict[str, Any]:
        look, plane = self.look, views.plane_inputs(trainer)
        small = trainer.plan.parameter_count <= _SMALL_NETWORK
        found: dict[str, Any] = {
            "curves": {name: trainer.history[name].copy() for name in trainer.history.names()},
            "weights": {name: value.copy() for name, value in trainer.parameters().items()} if small else {},
            "health": findings(trainer),
            "surface": None,
            "neurons": {},
            "output": None,
        }
        if look.surface and plane == 2:
            found["surface"] = views.surface(trainer, *look.surface, held_out=look.held_out)
        elif look.output:
            found["output"] = views.output(trainer)
        if look.neurons and plane == 2:
            found["neurons"] = views.neuron_pictures(trainer, look.neurons)
        return found
