"""The one file that touches what Textual does not promise to keep: raw writes to the terminal, and where errors go."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import select
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

from rich.style import Style
from textual import events, message_pump, screen
from textual._callback import invoke
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._context import active_app, active_message_pump
from textual.app import App
from textual.css.query import NoMatches
from textual.geometry import Region
from textual.widgets import OptionList
from textual.worker import WorkerFailed

from nnplay.text import JOINERS
from nnplay.tui.terminal.frame_gate import PATIENCE
from nnplay.tui.terminal.picture_answers import QUESTIONS, AnswerFilter, Answers, FilteringDecoder

_ASK_FOR_CURSOR = "\x1b7\x1b[9;9H\x1b[6n\x1b8"
"""Save the cursor, park it, ask where it is, restore it. Parked, because an answer in row 1 reads as shift+F3."""


_ANSWER = re.compile(rb"\x1b\[\d+;\d+R")


def can_ask(app: App[Any]) -> bool:
    """Whether a real terminal is behind the app (not the headless driver of tests)."""
    return app._driver is not None and not app._driver.is_headless and not app._driver.is_inline


def ask_for_cursor(app: App[Any]) -> None:
    """Send the cursor-position query; the answer comes as `events.CursorPosition`, after all that was sent before."""
    driver: Any = app._driver
    if driver is not None:
        driver.unanswered = getattr(driver, "unanswered", 0) + 1
        driver.write(_ASK_FOR_CURSOR)
        driver.flush()


ANSWERS = AnswerFilter()
"""What the terminal says of its pictures, taken out of what is read from it; there is one terminal for a process."""


def is_direct() -> bool:
    """Whether nothing stands between the program and the terminal that would answer, but not draw, in its place."""
    return not os.environ.get("TMUX") and not os.environ.get("TERM", "").startswith(("screen", "tmux"))


def ask_about_pictures(app: App[Any], take: Callable[[Answers], object]) -> None:
    """Ask the terminal which pictures it has; `take` gets the answers in the app's loop."""
    ANSWERS.expect(lambda answers: call_in_loop(app, lambda: take(answers)))
    write(app, QUESTIONS)


def lay_out(screen: screen.Screen[Any]) -> None:
    """Give the widgets of a screen their sizes now; what they show goes to the terminal later."""
    with screen.app.batch_update():
        screen._refresh_layout()


def write(app: App[Any], text: str) -> None:
    """Send something to the terminal that is no cell."""
    driver: Any = app._driver
    if driver is not None:
        driver.write(text)
        driver.flush()


def cell_size() -> tuple[int, int] | None:
    """Pixels of a cell, across and down, as the system knows them; None where it does not."""
    try:
        import fcntl
        import termios

        packed = fcntl.ioctl(sys.__stderr__.fileno(), termios.TIOCGWINSZ, bytes(8))  # type: ignore[union-attr]
    except (ImportError, OSError, AttributeError, ValueError):
        return None
    rows, columns, across, down = struct.unpack("HHHH", packed)
    return (across // columns, down // rows) if rows and columns and across >= columns and down >= rows else None


def before_leaving(app: App[Any], last: Callable[[], str]) -> None:
    """Send what `last` gives whenever the app leaves the terminal, at the end and to the shell."""
    driver: Any = app._driver
    if driver is None:
        return
    stop = driver.stop_application_mode

    def stop_after() -> None:
        driver.write(last())
        stop()

    driver.stop_application_mode = stop_after


def restore_at_end(app: App[Any], modes: list[Any] | None) -> None:
    """Leave the terminal with this line discipline at the end, and to the shell meanwhile; not as it was found.

    Textual itself does it while frames are still on their way: keys pressed then are echoed in the middle of them. The
    terminal's last answer is waited for as well: the shell would take it for something that was typed.
    """
    driver: Any = app._driver
    if modes is None or getattr(driver, "attrs_before", None) is None:
        return
    import termios  # there are no modes where there is none

    stop, close, process = driver.stop_application_mode, driver.close, driver.process_message

    def count_answer(message: Any) -> None:  # in the thread that reads keys
        if isinstance(message, events.CursorPosition):
            driver.unanswered = 0
        process(message)

    def stop_only() -> None:
        driver.attrs_before = None
        stop()

    def close_and_restore() -> None:
        close()  # all has been written
        with contextlib.suppress(termios.error, OSError):  # the terminal is gone
            if getattr(driver, "unanswered", 0) == 1:  # one that left two unanswered does not answer at all
                await_answer(driver.fileno)
                driver.unanswered = 0
            termios.tcsetattr(driver.fileno, termios.TCSANOW, modes)

    driver.stop_application_mode, driver.close, driver.process_message = stop_only, close_and_restore, count_answer


def await_answer(file: int, seconds: float = PATIENCE) -> None:
    """Read from a terminal until it has answered where the cursor is, or has not for so many seconds."""
    end, text = time.monotonic() + seconds, b""
    while not _ANSWER.search(text):
        left = end - time.monotonic()
        if left <= 0 or not select.select([file], [], [], left)[0]:
            return
        read = os.read(file, 1024)
        if not read:
            return
        text += read


def screen_rows(app: App[Any]) -> list[tuple[tuple[str, Any], ...]]:
    """All cells of the screen on top, as rows of texts with their styles."""
    strips = app.screen._compositor.render_strips()
    return [tuple((part.text, part.style or Style()) for part in strip if not part.control) for strip in strips]


def call_in_loop(app: App[Any], callback: Callable[[], object]) -> None:
    """Run `callback` in the app's event loop as soon as it is free, from any thread or signal handler."""
    if app._loop is not None and not app._loop.is_closed():
        app._loop.call_soon_threadsafe(callback)


_move_page = OptionList._move_page


def _move_page_if_drawn(options: OptionList, direction: Any) -> None:
    """A list ignores page keys while it has no room or is not drawn yet; Textual 8.2 ends the app with a KeyError."""
    if (options.highlighted or 0) in options._index_to_line:
        _move_page(options, direction)


OptionList._move_page = _move_page_if_drawn  # type: ignore[method-assign, assignment]

_click = OptionList._on_click


async def _click_if_there(options: OptionList, event: events.Click) -> None:
    """A click on an option that the list has lost since it was drawn is on none; Textual 8.2 raises an IndexError."""
    if (event.style.meta.get("option") or 0) < options.option_count:
        await _click(options, event)


OptionList._on_click = _click_if_there  # type: ignore[method-assign, assignment]


def _can_be_typed(key: events.Key) -> bool:
    """Whether a key writes something. Python calls joiners unprintable, but words and emoji are typed with them."""
    return key.character is not None and (key.character.isprintable() or key.character in JOINERS)


events.Key.is_printable = property(_can_be_typed)  # type: ignore[method-assign, assignment]


def _read_keys(driver: Any) -> None:
    """In the thread that reads keys: what ends it is a fault like any other; a terminal that is gone is a hang-up."""
    try:
        driver.run_input_thread()
    except OSError:
        os.kill(os.getpid(), signal.SIGHUP)
    except Exception as error:
        driver._app.call_later(driver._app.give_up, error)  # without keys there is nothing to go on with


if os.name == "posix":
    from textual.drivers import linux_driver

    linux_driver.LinuxDriver._run_input_thread = _read_keys  # type: ignore[method-assign, assignment]
    # Bytes that are no UTF-8 (a paste in another encoding, an old report of the mouse) end Textual's app: here no more.
    linux_driver.getincrementaldecoder = lambda name: functools.partial(  # type: ignore[attr-defined]
        FilteringDecoder, ANSWERS
    )


class FaultReporting(App[int]):
    """An app that tells its unexpected errors and goes on, whatever key, dialog, timer or worker they come from.

    Before its first frame, and where it cannot go on, they end in `fault_report`'s text instead of a traceback over the
    screen.

    Attributes:
        fault: that text, to be printed once the terminal is restored; empty if all went well.
        goes_on: whether errors are told and lived through; set once the screen is complete.
    """

    fault = ""
    goes_on = False

    def tell_fault(self, error: Exception) -> bool:
        """Say on the screen what went wrong; returns whether that could be done."""
        return False

    def fault_report(self, error: BaseException | None) -> str:
        """What the user reads after the terminal has been restored; subclasses save what they can here."""
        return f"nnplay met an error it did not expect: {error!r}"

    def give_up(self, error: Exception) -> None:
        """End with the report of an error that cannot be lived with."""
        self.goes_on = False
        self._handle_exception(error)

    def note_written(self, cells: list[Region]) -> None:
        """Cells have been sent to the terminal."""

    def _display(self, screen: Any, renderable: Any) -> None:
        super()._display(screen, renderable)
        if isinstance(renderable, ChopsUpdate):
            self.note_written([Region(x1, y, x2 - x1, 1) for y, x1, x2 in renderable.spans])
        elif isinstance(renderable, LayoutUpdate):
            self.note_written([renderable.region])

    async def on_event(self, event: events.Event) -> None:
        """What a key or the mouse raises on its way ends neither the app nor the keys behind it."""
        try:
            await super().on_event(event)
        except Exception as error:
            if not self.goes_on:
                raise
            self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        """All errors of an app come here, from handlers, timers, workers, layout and drawing.

        What a screen misses while it is taken down, widget by widget, is no fault; messages still reach it then.
        """
        node = active_message_pump.get(None)
        if isinstance(error, NoMatches) and (self._exit or getattr(node, "_pruning", False)):
            return
        cause = error.error if isinstance(error, WorkerFailed) and isinstance(error.error, Exception) else error
        if self.goes_on and not self._exit and self.tell_fault(cause):
            return
        self.goes_on = False
        if sys.exception() is None:
            self._exception = self._exception or cause
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        if not self.fault:  # what follows from the first error would only hide it
            self.fault = self.fault_report(self._exception or sys.exception())
        self._close_messages_no_wait()


def tell_or_raise(app: App[Any] | None, error: Exception) -> None:
    """Tell an error that was caught where it came up; before the first frame, and outside the app, it is raised."""
    if not isinstance(app, FaultReporting) or not app.goes_on:
        raise error
    app._handle_exception(error)


async def _call_guarded(callback: Callable[..., Any], *values: object) -> Any:
    """Calls one handler of a message: what it raises is told, and neither the other handlers nor the widget end by it.

    Textual would stop the widget's messages for good, and with them the keys that pass through it.
    """
    try:
        return await invoke(callback, *values)
    except Exception as error:
        tell_or_raise(active_app.get(None), error)


message_pump.invoke = screen.invoke = _call_guarded  # type: ignore[attr-defined]
