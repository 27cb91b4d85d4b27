"""The handle of the training thread: commands in, the latest snapshot out. It knows no Textual."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from nnplay.run.controls import RunControls
from nnplay.run.mailbox import Mailbox, Order, Question
from nnplay.run.publisher import Publisher
from nnplay.run.snapshot import Snapshot
from nnplay.run.training_thread import TrainingThread
from nnplay.timeline.timeline import BUDGET, Timeline
from nnplay.training.trainer import Trainer

Command = Callable[[TrainingThread], None]
Answer = TypeVar("Answer")


class Worker:
    """Asks a training thread for what is wanted, from any thread.

    Every method returns at once; what it causes shows in a later `snapshot`. What changes the run itself is a method of
    `TrainingThread`, which only a command gets.

    Args:
        trainer: the run; replaced by `install`.
        budget: bytes that checkpoints may take.

    Attributes:
        controls: what the thread minds in what it does next.
    """

    def __init__(self, trainer: Trainer | None = None, *, budget: int = BUDGET) -> None:
        self.controls = RunControls(budget=budget)
        self._mailbox: Mailbox[TrainingThread] = Mailbox()
        self._publisher = Publisher()
        self._run = TrainingThread(self.controls, self._mailbox, self._publisher)
        if trainer is not None:
            self._run.install(trainer)
        self.thread = threading.Thread(target=self._run.work, name="nnplay-training", daemon=True)
        self.thread.start()

    # -- asking for something --------------------------------------------------------------------------------------

    def send(self, command: Command, *, anywhere: bool = False) -> None:
        """Runs a command in the training thread, between two steps.

        Args:
            anywhere: it need not wait until the run has come to the step of the past to which it is on its way.
        """
        self._put(Order(command, anywhere))

    def _put(self, order: Order[TrainingThread]) -> None:
        self._mailbox.put(order)
        trainer = self.trainer
        if trainer is not None:
            trainer.machine.stop = True

    def ask(self, question: Callable[[TrainingThread], Answer], seconds: float = 120.0) -> Answer:
        """The answer that the training thread gives between two steps.

        Raises:
            NoAnswerError: it did not answer in time, or has ended.
            Exception: what the question raised.
        """
        if threading.current_thread() is self.thread:
            return question(self._run)
        return self.put_question(question).wait(seconds)

    def put_question(self, question: Callable[[TrainingThread], Answer]) -> Question[Answer]:
        """Asks the training thread something, between two steps, whose answer is waited for later."""
        return Question(self._put, question)

    def run(self, steps: int | None = None, epochs: int | None = None) -> None:
        """Trains until paused, or for so many steps, or to the end of so many epochs."""
        self.send(self._mailbox.record_wish(True, lambda run: run.train(steps, epochs)))

    def pause(self) -> None:
        """Stops at the end of the present step."""
        self.send(self._mailbox.record_wish(False, lambda run: run.halt()), anywhere=True)

    def rewind(self) -> None:
        """Goes back to the initial weights."""
        self.send(lambda run: run.restart(), anywhere=True)

    def go_to(self, step: int) -> None:
        """Goes to any step of the past, or back to the latest."""
        self.send(lambda run: run.go_to(step), anywhere=True)

    def step_back(self) -> None:
        """Goes one step back."""
        self.send(lambda run: run.step_back(), anywhere=True)

    def step_forward(self, *, epoch: bool = False) -> None:
        """Takes one step (or all to the end of the epoch): within the known past, or by training on from its end."""
        self.send(lambda run: run.step_forward(epoch=epoch))

    def install(self, make: Callable[[], Trainer]) -> None:
        """Replaces the run by a new one; `make` runs in the training thread, its errors show in the snapshot."""
        self.send(lambda run: run.replace_run(make))

    def make_change(self, words: str, apply: Callable[[Trainer], None]) -> None:
        """Changes something of the running training, and writes it into the change log."""
        self.send(lambda run: run.make_change(words, apply))

    def draw_again(self) -> None:
        """Makes the pictures anew at the next step boundary: the screen looks at something else."""
        self._publisher.outdate_pictures()
        self.send(lambda run: None, anywhere=True)  # a paused thread publishes anew after a command only

    def stop(self, seconds: float = 5.0) -> None:
        """Ends the thread at the next step boundary and waits for it."""
        self._run.leaving = True
        self.send(lambda run: run.end(), anywhere=True)
        self.thread.join(seconds)

    # -- messages --------------------------------------------------------------------------------------------------

    def say(self, message: str) -> None:
        """Shows a message with the next snapshot."""
        self._publisher.say(message)

    def show_message(self, message: str) -> None:
        """Shows a message now: the training thread may be busy with something long."""
        self._publisher.show_message(message)

    def await_run(self) -> None:
        """Shows nothing of the present run until `TrainingThread.note_arrival`: another one is on its way."""
        self._publisher.await_run()

    def append_message(self, words: str) -> None:
        """Puts words, if there are any, behind the message that the next snapshot shows."""
        self._publisher.append_message(words)

    # -- looking at the run ----------------------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """The latest one."""
        return self._publisher.snapshot

    @property
    def timeline(self) -> Timeline | None:
        """The run and its past; to look at: only commands may change it."""
        return self._run.timeline

    @property
    def trainer(self) -> Trainer | None:
        """The run as it stands, to look at; another one after its network or data were changed."""
        return self._run.trainer

    @property
    def will_run(self) -> bool:
        """Whether training will be running after all queued commands are done: some may take long."""
        wish = self._mailbox.wish
        return self._run.running or self._run.resumes if wish is None else wish

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
