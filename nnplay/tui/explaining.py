"""How the screen asks why: what is selected, the question to the training thread, and the answer as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from textual.app import App
from textual.content import Content
from textual.widget import Widget

from nnplay.errors import NnplayError
from nnplay.explain.explanation import Explanation, Subject
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


def explanation_text(explained: Explanation) -> Content:
    """The sentences, under the name of what they explain."""
    title = [(f"{explained.title}\n", "bold $accent")] if explained.title else []
    return Content.assemble(*title, "\n".join(explained.sentences), "\n")
