"""The training thread: commands in, the latest snapshot out. It knows no Textual and seldom holds Python's lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from nnplay.errors import InputError, NnplayError
from nnplay.run.mailbox import Inbox, Order, answer_of
from nnplay.run.publisher import NUMBERS_EVERY, PICTURES_EVERY, Publisher, Speed
from nnplay.run.render import Look
from nnplay.run.snapshot import Snapshot
from nnplay.run.speed_limit import FULL
from nnplay.timeline.branches import Line
from nnplay.timeline.checkpoint_store import RunPart, remade_part
from nnplay.timeline.timeline import BUDGET, Timeline, let_go
from nnplay.training import side_curves
from nnplay.training.driver import Driver
from nnplay.training.stopping import Stops
from nnplay.training.trainer import Trainer

Command = Callable[["Worker"], None]
Answer = TypeVar("Answer")


class Worker:
    """Owns a trainer and runs it in a thread of its own.

    Every public method may be called from any thread and returns at once; what it causes shows in a later `snapshot`.

    Args:
        trainer: the run; replaced by `install`.
        budget: bytes that the stored past may take.

    Attributes:
        look, stops, tempo: pictures that are wanted, conditions that end the training, and its speed.
        timeline: the run and its past; only commands touch it.
        part_of: the part of a run that a trainer belongs to once some things are changed; set by those who save it.
        leaving: called in the training thread before the run leaves its newest step for the past; set by those too.
    """

    def __init__(self, trainer: Trainer | None = None, *, budget: int = BUDGET) -> None:
        self.look = Look()
        self.stops = Stops()
        self.budget = budget
        self.timeline: Timeline | None = None
        self.part_of: Callable[[Trainer, Mapping[str, Any]], RunPart] = remade_part
        self.leaving: Command = lambda worker: None
        self._travels = 0
        self.tempo = FULL
        self._inbox: Inbox[Worker] = Inbox()
        self._until: int | None = None
        self._aim: int | None = None
        self._leaving = False
        self._running = False
        self._resumes = False
        self._ended = False
        self._generation = 0
        self._error = ""
        self._publisher = Publisher()
        self._speed = Speed()
        if trainer is not None:
            self._install(trainer)
        self.thread = threading.Thread(target=self._work, name="nnplay-training", daemon=True)
        self.thread.start()

    # -- commands: any thread --------------------------------------------------------------------------------------

    def send(self, command: Command, *, anywhere: bool = False) -> None:
        """Runs `command(worker)` in the training thread, between two steps.

        Args:
            anywhere: it need not wait until the worker has come to the step of the past to which it is on its way.
        """
        self._inbox.put(Order(command, anywhere))
        trainer = self.trainer
        if trainer is not None:
            trainer.machine.stop = True

    def run(self, steps: int | None = None, epochs: int | None = None) -> None:
        """Trains until paused, or for so many steps, or to the end of so many epochs."""
        self.send(self._inbox.wishing(True, lambda worker: worker._run(steps, epochs)))

    def pause(self) -> None:
        """Stops at the end of the present step."""
        self.send(self._inbox.wishing(False, lambda worker: worker.halt()), anywhere=True)

    @property
    def will_run(self) -> bool:
        """Whether it trains once it has done what it was asked for: it may be long busy with something else."""
        wish = self._inbox.wish
        return self._running or self._resumes if wish is None else wish

    def rewind(self) -> None:
        """Back to the initial weights."""
        self.send(lambda worker: worker.restart(), anywhere=True)

    def go(self, step: int) -> None:
        """To any step of the past, or back to the latest."""
        self.send(lambda worker: worker._go(step), anywhere=True)

    def back(self) -> None:
        """One step back."""
        self.send(lambda worker: worker._go(worker._here() - 1), anywhere=True)

    def install(self, make: Callable[[], Trainer]) -> None:
        """Replaces the run by a new one; `make` runs in the training thread, its errors show in the snapshot."""
        self.send(lambda worker: worker.exchange(make))

    def change(self, words: str, apply: Callable[[Trainer], None]) -> None:
        """Changes something of the running training, and writes it into the journal."""
        self.send(lambda worker: worker.amend(words, apply))

    def say(self, message: str) -> None:
        """Shows a message with the next snapshot."""
        self._publisher.message = message

    def tell(self, message: str) -> None:
        """Shows a message now, from any thread: the training thread may be busy with something long."""
        self._publisher.tell(message)

    def add(self, words: str) -> None:
        """Puts words, if there are any, behind the message that the next snapshot shows."""
        self._publisher.add(words)

    def ask(self, question: Callable[[Worker], Answer], seconds: float = 120.0) -> Answer:
        """The answer that the training thread gives between two steps.

        Raises:
            NoAnswerError: it did not answer in time.
            Exception: what the question raised.
        """
        return answer_of(self.send, question, seconds)

    def forward(self, *, epoch: bool = False) -> None:
        """One step (or to the end of the epoch): within the known past, or by training on from its end."""
        self.send(lambda worker: worker._forward(epoch))

    def reach(self, step: int) -> None:
        """For commands: goes to a known step, or trains on to one that has not been reached yet."""
        trainer, timeline = self.both()
        if step <= timeline.latest:
            self._go(step)
        else:
            self._go(timeline.latest)
            self._travel(to_end=True)
            self._run(step - trainer.step, None)

    def take(self, name: str) -> Line:
        """For commands: another line of the run is trained, shown and saved from now on; returns the one before it.

        Args:
            name: of its curve.

        Raises:
            InputError: it is not there any more, or what leads to it.
        """
        self.halt()
        trainer, timeline = self.both()
        line = next((line for line in timeline.lines if line.name == name), None)
        if line is None:
            raise InputError(f"'{side_curves.told(name)[1]}' is not there any more", where="line")
        left = timeline.take(line)
        self.travelled(trainer)
        self._publisher.outdate()
        self._aim, self._error = timeline.latest, ""
        self._publisher.message = f"the run goes on as {line.told}; beside it lies {left.told}"
        return left

    def halt(self) -> None:
        """For commands: stops training and travelling in time."""
        self._running, self._until, self._aim = False, None, None

    def restart(self) -> None:
        """For commands: back to the initial weights, paused."""
        trainer, _ = self.both()
        self.halt()
        self._error, self._publisher.message = "", ""
        trainer.rewind()
        self._begin(trainer)

    def exchange(self, make: Callable[[], Trainer], continues: str = "") -> None:
        """For commands: replaces the run by the one that `make` gives.

        Args:
            continues: for the journal, where that one goes on with the same run: its past stays within reach.
        """
        was_running, self._error = self._running, ""
        self._resumes = was_running
        self._running = False
        try:
            self._install(make(), continues)
            self._running = was_running
        finally:
            self._resumes = False

    def amend(self, words: str, apply: Callable[[Trainer], None]) -> None:
        """For commands: changes something of the run and notes it in the journal; steps after this one are let go."""
        _, timeline = self.both()
        if timeline.trainer.step < timeline.latest:
            self._publisher.message = let_go(timeline.cut())
        timeline.change(words, apply)
        self._error = ""

    def stop(self, seconds: float = 5.0) -> None:
        """Ends the thread at the next step boundary and waits for it."""
        self._leaving = True
        self.send(lambda worker: worker._end(), anywhere=True)
        self.thread.join(seconds)

    @property
    def snapshot(self) -> Snapshot:
        """The latest one."""
        return self._publisher.snapshot

    @property
    def trainer(self) -> Trainer | None:
        """The run as it stands; another one after its network or its data were changed, or in the past before that."""
        timeline = self.timeline
        return None if timeline is None else timeline.trainer

    @property
    def alive(self) -> bool:
        """Whether the thread still works."""
        return self.thread.is_alive()

    @property
    def spent(self) -> int:
        """Another number after each hundredth of a second that the thread has computed, also within a long step."""
        try:
            status = Path(f"/proc/self/task/{self.thread.native_id}/stat").read_text()
        except OSError:  # another system, or the thread has ended
            return int(100 * time.process_time())
        fields = status.rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def draw_again(self) -> None:
        """Makes the pictures anew at the next step boundary: the screen looks at something else."""
        self._publisher.outdate()
        self.send(lambda worker: None, anywhere=True)  # a paused worker publishes anew after a command only

    # -- the thread ------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._ended:
            try:
                self._take_commands()
                if self._aim is not None:
                    self._travel()
                elif self._running and not self._ended:
                    self._train()
            except NnplayError as error:
                self._running, self._aim, self._error = False, None, error.message
            except Exception as error:  # a fault of the program: the screen must say so, and the run is still there
                self._running, self._aim, self._error = False, None, f"internal fault: {type(error).__name__}: {error}"

    def _take_commands(self) -> None:
        """Runs what has been asked; waits for something to do when the training is paused."""
        if not self._running and self._aim is None:
            self._publish(force=True)
            self._do(self._inbox.take())
        while not self._inbox.empty and not self._ended:
            self._do(self._inbox.take())

    def _do(self, order: Order[Worker] | None) -> None:
        if order is None:
            return
        if not order.anywhere and self._aim is not None:
            self._travel(to_end=True)
        if order.anywhere or self._aim is None:
            order.command(self)

    def _travel(self, to_end: bool = False) -> None:
        """Goes on to the step that is aimed at; the next command breaks it off, unless it must come to its end."""
        trainer, timeline = self.both()
        wanted = min(max(self._aim or 0, timeline.first), timeline.latest)
        began = time.perf_counter()

        def break_off(done: int, to_do: int) -> bool:
            timeline.trainer.machine.stop = False
            if time.perf_counter() - began > NUMBERS_EVERY:
                self.tell(f"going to step {wanted:,}: {100 * done // max(1, to_do)} %")
            return self._leaving or not (to_end or self._inbox.empty)

        timeline.go(wanted, break_off)
        self.travelled(trainer)
        if timeline.trainer.step == wanted:
            self._aim = None
            if self._publisher.message.startswith("going to step"):
                self._publisher.message = ""

    def leaves_for(self, step: int) -> None:
        """For the training thread: the run is about to go to a step of the known past, perhaps from its newest one."""
        trainer, timeline = self.both()
        if step < trainer.step == timeline.latest:
            self.leaving(self)

    def travelled(self, before: Trainer) -> None:
        """For the training thread: the run was taken to another moment; `before` stood there until then."""
        self._travels += 1
        if self.trainer is not before:
            self._generation += 1
            self._publisher.outdate()

    def _train(self) -> None:
        trainer, timeline = self.both()
        trainer.machine.stop = False
        if not self._inbox.empty:  # asked after the look: cleared before it, so that none is overheard
            return
        limit = self.tempo.at(trainer.step)
        driver = Driver(trainer, self._until, advance=timeline.advance, stops=self.stops, limit=limit)
        if not driver.turn():
            self._running, self._until = False, None
            self._publisher.message = driver.reason or self._publisher.message
        self._speed.count(driver.taken)
        self._publish(force=driver.rest > PICTURES_EVERY)
        if driver.rest > 0 and self._inbox.empty:
            self._do(self._inbox.take(driver.rest))  # the speed control sleeps; a command ends the sleep

    # -- what commands do ------------------------------------------------------------------------------------------

    def both(self) -> tuple[Trainer, Timeline]:
        """For commands: the trainer and its timeline.

        Raises:
            NnplayError: there is no run, as its network cannot be.
        """
        if self.trainer is None or self.timeline is None:
            raise NnplayError("there is no network to train", hint="mend the layers that are marked red")
        return self.trainer, self.timeline

    def _here(self) -> int:
        return self.both()[0].step if self._aim is None else self._aim

    def _run(self, steps: int | None, epochs: int | None) -> None:
        trainer, timeline = self.both()
        lost = timeline.cut()
        self._publisher.message = let_go(lost)
        self._error = ""
        self._until = None
        if steps is not None:
            self._until = trainer.step + steps
        if epochs is not None:
            self._until = trainer.step + trainer.steps_to(trainer.epoch + epochs)
        self.stops.begin(trainer)
        if steps is None and epochs is None:
            self._publisher.add(self.stops.passed)
        self._speed.begin()
        self._running = True

    def _go(self, step: int) -> None:
        self.halt()
        _, timeline = self.both()
        self._error = ""
        self.leaves_for(step)
        self._aim = min(max(step, timeline.first), timeline.latest)

    def _forward(self, epoch: bool) -> None:
        trainer, timeline = self.both()
        ahead = trainer.steps_to(trainer.epoch + 1) if epoch else 1
        if not self._running and trainer.step < timeline.latest:
            self._go(trainer.step + ahead)
        else:
            self._run(ahead, None)

    def _install(self, trainer: Trainer, continues: str = "") -> None:
        timeline = self.timeline
        if timeline is not None and continues and 0 < timeline.trainer.step == trainer.step:
            self._publisher.add(let_go(timeline.latest - trainer.step))
            timeline.switch(continues, trainer)
        else:
            self._begin(trainer)
        self._aim = None
        self.stops.begin(trainer)
        self._generation += 1
        self._publisher.outdate()

    def _begin(self, trainer: Trainer) -> None:
        serial = -1 if self.timeline is None else self.timeline.serial
        self.timeline = Timeline(trainer, self.budget)
        self.timeline.serial = serial + 1

    def _end(self) -> None:
        self._running, self._ended = False, True

    def _publish(self, force: bool = False) -> None:
        """Publishes the present moment; while training only as often as the screen can use it."""
        trainer = self.trainer
        said: dict[str, Any] = {"running": self._running, "error": self._error}
        if trainer is None:
            self._publisher.show(replace(self.snapshot, **said))
            return
        said |= {"generation": self._generation, "travels": self._travels}
        if self._running:
            said["steps_per_second"] = self._speed.rate
        self._publisher.publish(trainer, self.timeline, self.look, said, force)
