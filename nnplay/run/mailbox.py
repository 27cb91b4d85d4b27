"""What a thread is asked to do, in the order in which it came; any thread may ask."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable
from concurrent.futures import Future
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
    """

    command: Callable[[Owner], None]
    anywhere: bool = False


class Mailbox(Generic[Owner]):
    """Orders that wait, and the last wish: what will be, however long the thread is busy before it gets there."""

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Order[Owner]] = queue.SimpleQueue()
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
        """Puts an order behind those that wait."""
        self._orders.put(order)

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


def ask_owner(
    send: Callable[[Callable[[Owner], None]], Any], question: Callable[[Owner], Answer], seconds: float
) -> Answer:
    """Asks the owner of a mailbox something, and waits: for as long as it takes once the answer has begun.

    Args:
        send: puts a command into the mailbox.

    Raises:
        NoAnswerError: it did not answer in time.
        Exception: what the question raised.
    """
    future: Future[Answer] = Future()

    def answer(owner: Owner) -> None:
        if not future.set_running_or_notify_cancel():
            return  # nobody waits for it any more
        try:
            future.set_result(question(owner))
        except Exception as error:  # it belongs to the one who asked
            future.set_exception(error)

    send(answer)
    try:
        return future.result(seconds)
    except TimeoutError:
        if not future.cancel():
            return future.result()
        raise NoAnswerError("the training thread did not respond in time", where="worker") from None
