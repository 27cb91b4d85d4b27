"""What a thread is asked to do, in the order in which it came; any thread may ask."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from nnplay.errors import NnplayError

Owner = TypeVar("Owner")
Answer = TypeVar("Answer")


class NoAnswerError(NnplayError):
    """The training thread is busy with something long."""


@dataclass(frozen=True, slots=True)
class Order(Generic[Owner]):
    """One thing to do.

    Attributes:
        command: called with the owner of the mailbox, in its thread.
        anywhere: it need not wait until the owner has come to where it is on its way.
        drop: called in place of the command where the owner has ended.
    """

    command: Callable[[Owner], None]
    anywhere: bool = False
    drop: Callable[[], object] = lambda: None


class Mailbox(Generic[Owner]):
    """Orders that wait, and the last wish: what will be, however long the thread is busy before it gets there."""

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Order[Owner]] = queue.SimpleQueue()
        self._closed = False
        self._wish: tuple[int, bool] | None = None
        self._numbers = itertools.count()

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return self._orders.empty()

    @property
    def wish(self) -> bool | None:
        """What was wished for last, or None where every wish has been granted."""
        wish = self._wish
        return None if wish is None else wish[1]

    def put(self, order: Order[Owner]) -> None:
        """Puts an order behind those that wait; where the owner has ended, it is dropped."""
        self._orders.put(order)
        if self._closed:
            self._drop_all()

    def close(self) -> None:
        """The owner has ended: what waits, and what is still to come, is dropped."""
        self._closed = True
        self._drop_all()

    def _drop_all(self) -> None:
        while (order := self.wait_for_order(0)) is not None:
            order.drop()

    def wait_for_order(self, seconds: float | None = None) -> Order[Owner] | None:
        """Takes the next order out; waits for one, at most so many seconds, and gives None after them."""
        try:
            return self._orders.get(timeout=seconds)
        except queue.Empty:
            return None

    def record_wish(self, wanted: bool, command: Callable[[Owner], None]) -> Callable[[Owner], None]:
        """Records a wish; returns `command`, which grants it: until then `wish` is `wanted`, or a later one."""
        wish = self._wish = (next(self._numbers), wanted)

        def grant(owner: Owner) -> None:
            try:
                command(owner)
            finally:
                if self._wish is wish:
                    self._wish = None

        return grant


class Question(Generic[Answer]):
    """Something that the owner of a mailbox is asked.

    Args:
        send: puts an order into the mailbox.
        question: called with the owner, in its thread; what it raises belongs to the one who waits.
    """

    def __init__(self, send: Callable[[Order[Owner]], Any], question: Callable[[Owner], Answer]) -> None:
        self._future = future = Future[Answer]()

        def answer(owner: Owner) -> None:
            if not future.set_running_or_notify_cancel():
                return  # nobody waits for it any more
            try:
                future.set_result(question(owner))
            except BaseException as error:
                future.set_exception(error)

        send(Order(answer, drop=future.cancel))

    def wait(self, seconds: float | None = None) -> Answer:
        """The answer; once it has begun it is waited for, however long it takes.

        Args:
            seconds: that are waited until then; None for as long as it takes.

        Raises:
            NoAnswerError: it did not come in time, and never will; or the owner has ended.
            BaseException: what the question raised.
        """
        try:
            return self._future.result(seconds)
        except CancelledError:
            raise NoAnswerError("the training thread has ended", where="worker") from None
        except TimeoutError:
            if not self._future.cancel():
                return self._future.result()
            raise NoAnswerError("the training thread did not respond in time", where="worker") from None
