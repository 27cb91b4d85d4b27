"""How the screen asks why: what is selected, the question to the training thread, and the answer as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from textual.app import App
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from nnplay.errors import NnplayError
from nnplay.explain.explanation import Explanation, Subject
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.requests import Requests
from nnplay.run.worker import Worker
from nnplay.tui.terminal import textual_private

AskExplanation = Callable[[Callable[[Explanation], None]], None]
"""Asks for an explanation, which is handed to what is given, in the screen's thread."""


@runtime_checkable
class HasSubject(Protocol):
    """A widget in which something can be selected that has a reason."""

    @property
    def subject(self) -> Subject | None:
        """What is selected; None where nothing is."""


def subject_of(widget: Widget | None) -> Subject | None:
    """What is selected in the widget that has the focus."""
    return widget.subject if isinstance(widget, HasSubject) else None


def asking(app: App[Any], worker: Worker, subject: Subject) -> AskExplanation:
    """The question why, to the thread that owns the run."""

    def ask(take: Callable[[Explanation], None]) -> None:
        worker.send(lambda run: _answer(app, lambda: subject.explain(run), take))

    return ask


def _answer(app: App[Any], explain: Callable[[], Explanation], take: Callable[[Explanation], None]) -> None:
    """In the training thread: works an explanation out, or says why there is none."""
    try:
        found = explain()
    except NnplayError as problem:
        found = Explanation("", (f"This cannot be explained: {problem.message}.",))
    textual_private.call_in_loop(app, lambda: take(found))


def asking_inspector(app: App[Any], requests: Requests, explain: Callable[[Inspector], Explanation]) -> AskExplanation:
    """The question why, to the step that the inspector stands at."""

    def ask(take: Callable[[Explanation], None]) -> None:
        requests.ask(lambda inspector: _answer(app, lambda: explain(inspector), take))

    return ask


class ExplanationText(Static):
    """An explanation, as soon as it has been worked out.

    Args:
        ask: asks for it.

    Attributes:
        explained: what came.
    """

    @dataclass
    class Arrived(Message):
        """The explanation is there."""

        explained: Explanation

    def __init__(self, ask: AskExplanation) -> None:
        super().__init__(Content("working it out …"), id="explanation")
        self._ask = ask
        self.explained: Explanation | None = None

    def on_mount(self) -> None:
        """Ask for it, once this has its place: a text that comes before would stay in the room for one line."""
        self.call_after_refresh(self._ask, lambda explained: self.call_later(self._show, explained))

    def _show(self, explained: Explanation) -> None:
        """The sentences, under the name of what they explain."""
        if not self.is_attached:
            return
        title = [(f"{explained.title}\n", "bold $accent")] if explained.title else []
        self.explained = explained
        self.update(Content.assemble(*title, "\n".join(explained.sentences), "\n"))
        self.post_message(self.Arrived(explained))
