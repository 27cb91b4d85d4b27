"""The training thread itself: what a command gets. Only commands, which run in that thread, may call anything here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nnplay.errors import InputError, NnplayError
from nnplay.run.controls import RunControls
from nnplay.run.final_score import describe_test
from nnplay.run.mailbox import Mailbox, Order
from nnplay.run.publisher import FINER_EVERY, NUMBERS_EVERY, PICTURES_EVERY, Publisher, Speed
from nnplay.timeline.branch_curves import parse_curve_name
from nnplay.timeline.branches import RUN_BEFORE, Branch, BranchLog, describe_dropped, describe_left, describe_original
from nnplay.timeline.change_log import SetValues
from nnplay.timeline.timeline import Timeline
from nnplay.training.driver import Driver
from nnplay.training.trainer import Trainer


class TrainingThread:
    """Owns a run: trains it, takes it through time, and does between two steps what the mailbox asks for.

    Attributes:
        timeline: the run and its past.
        running: whether it is training.
        resumes: whether training goes on once another run has been made.
        leaving: whether the thread is to end; any thread may set it.
        changes_made: changes that were asked for, and have been made or refused; counted by those who ask.
    """

    def __init__(self, controls: RunControls, mailbox: Mailbox[TrainingThread], publisher: Publisher) -> None:
        self.controls, self._mailbox, self._publisher = controls, mailbox, publisher
        self.timeline: Timeline | None = None
        self.running = self.resumes = self.leaving = False
        self._travels = self.changes_made = 0
        self._until: int | None = None
        self._aim: int | None = None
        self._ended = False
        self._generation = 0
        self._error = self._refusal = ""
        self._speed = Speed()
        self._finished_at: int | None = None

    # -- what there is ---------------------------------------------------------------------------------------------

    @property
    def trainer(self) -> Trainer | None:
        """The run as it stands; another one after its network or its data were changed, or in the past before that."""
        timeline = self.timeline
        return None if timeline is None else timeline.trainer

    def require_run(self) -> tuple[Trainer, Timeline]:
        """The trainer and its timeline.

        Raises:
            NnplayError: there is no run, as its network cannot be, and why not.
        """
        if self.trainer is None or self.timeline is None:
            raise NnplayError(self._refusal or "there is no network to train", hint="change the layers")
        return self.trainer, self.timeline

    def say(self, message: str) -> None:
        """Shows a message with the next snapshot."""
        self._publisher.say(message)

    # -- training and moving ---------------------------------------------------------------------------------------

    def train(self, steps: int | None = None, epochs: int | None = None) -> None:
        """Trains until paused, or for so many steps, or to the end of so many epochs.

        From the past, what was changed after that step stays on a branch with the later steps.
        """
        trainer, timeline = self.require_run()
        if (compiling := trainer.machine.awaited) is not None:
            compiling.retry()
        self.say(self._leave_for_training(timeline))
        self._error = ""
        self._until = None
        if steps is not None:
            self._until = trainer.step + steps
        if epochs is not None:
            self._until = trainer.step + trainer.steps_to(trainer.epoch + epochs)
        self.controls.stops.begin(trainer)
        if steps is None and epochs is None:
            self._publisher.append_message(self.controls.stops.passed)
        self._speed.begin()
        self.running = True

    def _leave_for_training(self, timeline: Timeline) -> str:
        """Training goes on from here: keeps the later steps where it would not come to the same ones; what to say."""
        later = timeline.later_changes
        if not later:
            return describe_dropped(timeline.drop_later_steps())
        change, trainer = later[0], timeline.trainer
        if not isinstance(change.apply, SetValues):
            return describe_left(timeline.leave_later_steps(f"undone: {change.words}", RUN_BEFORE))
        words = change.apply.first_words
        return describe_left(
            timeline.leave_later_steps(describe_original(words, trainer.optimizer, trainer.settings), words)
        )

    def halt(self) -> None:
        """Stops training and travelling in time."""
        self.running, self._until, self._aim = False, None, None

    def go_to(self, step: int) -> None:
        """Goes to a step of the past, or back to the latest."""
        self.halt()
        _, timeline = self.require_run()
        self._error = ""
        self.note_departure(step)
        self._aim = min(max(step, timeline.first), timeline.latest)

    def step_back(self) -> None:
        """Goes one step back, from the step that is aimed at if the run is on its way."""
        trainer, _ = self.require_run()
        self.go_to((trainer.step if self._aim is None else self._aim) - 1)

    def step_forward(self, *, epoch: bool) -> None:
        """Takes one step (or all to the end of the epoch): within the known past, or by training on from its end."""
        trainer, timeline = self.require_run()
        ahead = trainer.steps_to(trainer.epoch + 1) if epoch else 1
        if not self.running and trainer.step < timeline.latest:
            self.go_to(trainer.step + ahead)
        else:
            self.train(ahead)

    def reach(self, step: int) -> None:
        """Goes to a known step, or trains on to one that has not been reached yet."""
        trainer, timeline = self.require_run()
        if step <= timeline.latest:
            self.go_to(step)
        else:
            self.go_to_newest()
            self.train(step - trainer.step)
            self._publisher.append_message(f"training to step {step:,}")
            self._publisher.append_message(self.controls.stops.passed)

    def go_to_newest(self) -> None:
        """Goes to the newest step, and is there."""
        _, timeline = self.require_run()
        self.go_to(timeline.latest)
        self._travel(to_end=True)

    def note_departure(self, step: int) -> None:
        """Notes that the run is about to go to a step of the known past, perhaps from its newest one."""
        trainer, timeline = self.require_run()
        if step < trainer.step == timeline.latest:
            self.controls.before_leaving(self)

    def note_travel(self, before: Trainer) -> None:
        """Notes that the run was taken to another step; `before` stood there until then."""
        self._travels += 1
        if self.trainer is not before:
            self._generation += 1
            self._publisher.outdate_pictures()

    # -- changing the run ------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """Goes back to the initial weights, paused."""
        trainer, timeline = self.require_run()
        self.halt()
        self._error = ""
        if not timeline.latest and not timeline.changes:
            self.say("these are the initial weights already")
            return
        self.say("")
        trainer.rewind()
        trainer.seconds = 0.0
        self._begin(trainer)

    def make_change(self, words: str, apply: Callable[[Trainer], None]) -> None:
        """Changes something of the run and notes it in the change log; steps after this one stay as a branch."""
        _, timeline = self.require_run()
        if timeline.trainer.step < timeline.latest:
            name = apply.first_words if isinstance(apply, SetValues) else words
            self.say(f"{words}; {describe_left(timeline.leave_later_steps(name))}")
        timeline.make_change(words, apply)
        self._error = ""

    def replace_run(self, make: Callable[[], Trainer], continues: str = "") -> None:
        """Replaces the run by the one that `make` gives.

        Args:
            continues: for the change log, where that one goes on with the same run: its past stays within reach.
        """
        was_running, self._error = self.running, ""
        self.resumes = was_running
        self.running = False
        try:
            self.install(make(), continues)
            self.running = was_running
        except NnplayError as error:
            self._refusal = error.message
            raise
        finally:
            self.resumes = False

    def install(self, trainer: Trainer, continues: str = "") -> None:
        """Puts a trainer in the place of the run; arguments as in `replace_run`."""
        timeline = self.timeline
        if timeline is not None and continues and timeline.latest and timeline.trainer.step == trainer.step:
            if trainer.step < timeline.latest:
                self._publisher.append_message(describe_left(timeline.leave_later_steps(continues)))
            timeline.replace_trainer(continues, trainer)
        else:
            self._begin(trainer)
        self._note_other_run(trainer)

    def reinstate(self, timeline: Timeline) -> None:
        """A run that was left for another one goes on in its place, where its trainer stands, with its whole past."""
        timeline.resume(0 if self.timeline is None else self.timeline.serial + 1)
        self.timeline, self._error = timeline, ""
        self._note_other_run(timeline.trainer)

    def note_arrival(self) -> None:
        """The run that the screen awaits is there, or will not come."""
        self._publisher.note_arrival()
        self._publisher.outdate_pictures()

    def _note_other_run(self, trainer: Trainer) -> None:
        self._aim = None
        self.controls.stops.begin(trainer)
        self._generation += 1
        self._finished_at = None
        self._speed = Speed()
        self._publisher.outdate_pictures()

    def switch_to(self, name: str) -> Branch[BranchLog]:
        """Another branch of the run is trained, shown and saved from now on; returns the one before it.

        Args:
            name: of its curve.

        Raises:
            InputError: it is not there any more, or what leads to it.
        """
        self.halt()
        trainer, timeline = self.require_run()
        branch = next((one for one in timeline.branches if one.curve_name == name), None)
        if branch is None:
            raise InputError(f"'{parse_curve_name(name)[1]}' is no longer there", where="branch")
        left = timeline.switch_to(branch)
        self.note_travel(trainer)
        self._publisher.outdate_pictures()
        self._aim, self._error = timeline.latest, ""
        self.say(f"the run continues as {branch.description}; {left.description} is kept as a branch")
        return left

    def rejoin(self, branch: Branch[BranchLog], words: str, forked_at: int, version: int) -> None:
        """Takes back that the later steps were left as a branch; see `Timeline.rejoin`."""
        self.halt()
        trainer, timeline = self.require_run()
        timeline.rejoin(branch, words, forked_at, version)
        self.note_travel(trainer)
        self._publisher.outdate_pictures()

    def _begin(self, trainer: Trainer) -> None:
        serial = -1 if self.timeline is None else self.timeline.serial
        self.timeline = Timeline(trainer, self.controls.budget)
        self.timeline.serial = serial + 1

    # -- the thread ------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Does what there is to do until `end`."""
        try:
            while not self._ended:
                try:
                    self._perform_orders()
                    if self._aim is not None:
                        self._travel()
                    elif self.running and not self._ended:
                        self._train_on()
                except Exception as error:
                    self._give_up(error)
        finally:
            self._mailbox.close()

    def _give_up(self, error: Exception) -> None:
        """Stops where something failed: also a fault of the program is said, and the run is still there."""
        if not isinstance(error, NnplayError):
            error = NnplayError(f"internal error: {type(error).__name__}: {error}")
        self.running, self._aim, self._error = False, None, error.message

    def end(self) -> None:
        """Ends the thread once this command is done."""
        self.running, self._ended = False, True

    def _perform_orders(self) -> None:
        """Does what has been asked; waits for something to do when the training is paused."""
        if not self.running and self._aim is None:
            self._publish(force=True)
            self._perform(self._mailbox.wait_for_order(FINER_EVERY if self._publisher.unfinished else None))
        while not self._mailbox.empty and not self._ended:
            self._perform(self._mailbox.wait_for_order())

    def _perform(self, order: Order[TrainingThread] | None) -> None:
        """Does one thing that was asked for: where the run is going, or where it stands if that leads nowhere."""
        if order is None:
            return
        failed = ""
        if not order.anywhere and self._aim is not None:
            try:
                self._travel(to_end=True)
            except Exception as error:
                self._give_up(error)
                failed = self._error
            except BaseException:  # it ends the thread
                order.drop()
                raise
        if order.anywhere or self._aim is None:
            order.command(self)
            self._error = self._error or failed
        else:
            order.drop()  # the way there was broken off, as the thread is to end

    def _travel(self, to_end: bool = False) -> None:
        """Goes on to the step that is aimed at; the next command breaks it off, unless it must come to its end."""
        trainer, timeline = self.require_run()
        wanted = min(max(self._aim or 0, timeline.first), timeline.latest)
        began = time.perf_counter()

        def break_off(done: int, to_do: int) -> bool:
            timeline.trainer.machine.stop = False
            if time.perf_counter() - began > NUMBERS_EVERY:
                self._publisher.show_message(f"going to step {wanted:,}: {100 * done // max(1, to_do)} %")
            return self.leaving or not (to_end or self._mailbox.empty)

        timeline.go_to(wanted, break_off)
        self.note_travel(trainer)
        if timeline.trainer.step == wanted:
            self._aim = None
            if self._publisher.message.startswith("going to step"):
                self.say("")

    def _train_on(self) -> None:
        """Trains for one turn."""
        trainer, timeline = self.require_run()
        trainer.machine.stop = False
        if not self._mailbox.empty:  # asked after the look: cleared before it, so that none is overheard
            return
        if (compiling := trainer.machine.awaited) is not None:
            self._publish(force=True)
            compiling.wait(lambda: trainer.machine.stop)
            self._speed.begin()
            return
        limit, stops = self.controls.speed_limit.at(trainer.step), self.controls.stops
        driver = Driver(trainer, self._until, advance=timeline.advance, stops=stops, limit=limit)
        if not driver.turn():
            self.running, self._until = False, None
            self._finished_at = trainer.step if driver.reason else None
            if driver.reason:
                self.say(driver.reason)
            if driver.reason and stops.keep_best:
                self._keep_best(timeline)
        self._speed.count(driver.taken)
        self._publish(force=driver.rest > PICTURES_EVERY, resting=driver.rest > 0)
        if driver.rest > 0 and self._mailbox.empty:
            self._perform(self._mailbox.wait_for_order(driver.rest))  # a command ends the sleep of the speed limit

    def _keep_best(self, timeline: Timeline) -> None:
        """The weights of the best epoch come back, and it is said which one that was, and what it scores."""
        self._publisher.append_message(timeline.keep_best())
        self._publisher.append_message(describe_test(timeline.trainer))
        self._publisher.outdate_pictures()

    def _publish(self, force: bool = False, resting: bool = False) -> None:
        """Publishes the present step; while training only as often as the screen can use it."""
        trainer = self.trainer
        waits = trainer is not None and trainer.machine.awaited is not None
        status: dict[str, Any] = {"running": self.running and not waits, "resting": resting, "error": self._error}
        if trainer is None:
            self._publisher.show(replace(self._publisher.snapshot, **status))
            return
        status |= {"generation": self._generation, "travels": self._travels, "changes": self.changes_made}
        status["stands"] = (trainer, trainer.optimizer, trainer.settings)
        status["finished"] = not self.running and trainer.step == self._finished_at
        status["steps_per_second"] = self._speed.rate
        self._publisher.publish(trainer, self.timeline, self.controls.look, status, force)
