"""What a training thread is asked to do is done, or dropped where it has ended: nobody waits for it in vain."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from nnplay.errors import InputError
from nnplay.run.mailbox import NoAnswerError
from nnplay.run.worker import Worker
from nnplay.timeline.timeline import Timeline
from tests.small_worker import PATIENCE, settle, trainer_of, until


def test_what_is_asked_on_a_way_that_leads_nowhere_is_done_all_the_same(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step cannot be made again: a change that waited for it is made, a question answered, and no wish is left."""

    def refuse(*_: Any) -> None:
        raise InputError("the data is not the data of that time", where="my.csv")

    worker.run(steps=20)
    settle(worker)
    go_on = threading.Event()
    monkeypatch.setattr(Timeline, "go_to", refuse)
    worker.send(lambda run: go_on.wait(PATIENCE))
    worker.go_to(5)
    worker.make_change("lr 0.5", lambda trainer: trainer.set(lr=0.5))
    go_on.set()
    assert worker.ask(lambda run: trainer_of(run).optimizer.values["lr"], PATIENCE) == 0.5
    assert settle(worker).error == "my.csv: the data is not the data of that time"
    worker.go_to(5)
    worker.run(steps=3)
    assert settle(worker).step == 23
    assert not worker.will_run


def test_a_thread_that_ends_leaves_nobody_waiting(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends on the way to a step: who asked something there, and who asks later, is refused at once."""
    worker.run(steps=20)
    settle(worker)
    go_on, refused = threading.Event(), list[str]()

    def ask() -> None:
        try:
            worker.ask(lambda run: None, PATIENCE)
        except NoAnswerError as error:
            refused.append(error.message)

    monkeypatch.setattr(Timeline, "go_to", lambda *_: None)  # a long way: it does not arrive
    worker.send(lambda run: go_on.wait(PATIENCE))
    worker.go_to(5)
    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: worker._mailbox._orders.qsize() == 2, "the question waits behind the way")
    ending = threading.Thread(target=worker.stop)
    ending.start()
    until(lambda: worker._mailbox._orders.qsize() == 3, "the end waits behind it")
    go_on.set()
    for thread in (asking, ending):
        thread.join(PATIENCE)
    ask()
    assert refused == ["worker: the training thread has ended"] * 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_breaks_down_leaves_nobody_waiting(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what is no error of a command's, between two orders or on the way to a step: who waits is refused."""
    worker.run(steps=20)
    settle(worker)
    go_on = threading.Event()
    monkeypatch.setattr(Timeline, "go_to", lambda *_: sys.exit())
    worker.send(lambda run: go_on.wait(PATIENCE))
    worker.go_to(5)
    questions = [worker.put_question(lambda run: None) for _ in range(2)]
    go_on.set()
    for question in questions:
        with pytest.raises(NoAnswerError, match="has ended"):
            question.wait(PATIENCE)
    worker.thread.join(PATIENCE)
    assert not worker.alive


def test_what_ends_a_program_goes_to_who_asked(worker: Worker) -> None:
    """A question that raises it does not end the training thread."""
    with pytest.raises(SystemExit):
        worker.ask(lambda run: sys.exit(), PATIENCE)
    assert worker.ask(lambda run: 7, PATIENCE) == 7
